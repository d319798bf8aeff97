package listinggen

import (
	"math/rand/v2"
	"strconv"

	"github.com/gable-listings/gable/domain/property"
)

// shape is what listings of one kind have in common.
type shape struct {
	kind           property.Kind
	noun           string
	rented         int     // how many in a hundred are to let
	bedrooms       int     // the most; 0 for a kind without bedrooms
	area           int     // square metres, without bedrooms
	areaPerBedroom int     // square metres
	lot            int     // square metres; 0 for a kind without a lot
	value          float64 // of a square metre, relative to the place's average
	adjectives     []string
	sentences      []string
}

// weighted is a set of choices, some more likely than others.
type weighted[T any] struct {
	choices []T
	weights []int
}

func (w weighted[T]) pick(random *rand.Rand) T {
	total := 0
	for _, weight := range w.weights {
		total += weight
	}
	n := random.IntN(total)
	for i, weight := range w.weights {
		if n -= weight; n < 0 {
			return w.choices[i]
		}
	}
	panic("unreachable: n is less than the sum of the weights")
}

var statuses = weighted[property.Status]{
	choices: []property.Status{
		property.StatusActive, property.StatusPending, property.StatusSold, property.StatusWithdrawn,
	},
	weights: []int{78, 9, 9, 4},
}

var homeAdjectives = []string{"Bright", "Quiet", "Spacious", "Well-kept", "Renovated", "Charming", "Sunny", "Modern"}

var homeSentences = []string{
	"The kitchen was fitted two years ago.", "Large windows look south and west.", "There is a cellar for storage.",
	"Schools and shops are within walking distance.", "A bus stop is around the corner.", "The floors are solid oak.",
	"Heating and wiring are up to date.", "The street is quiet and lined with trees.", "Pets are welcome.",
	"A parking space belongs to it.",
}

var shapes = weighted[*shape]{
	choices: []*shape{
		{
			kind: property.KindHouse, noun: "house", rented: 12, bedrooms: 6, area: 55, areaPerBedroom: 32, lot: 700, value: 1,
			adjectives: homeAdjectives, sentences: append([]string{"The garden has fruit trees."}, homeSentences...),
		},
		{
			kind: property.KindApartment, noun: "apartment", rented: 45, bedrooms: 4, area: 28, areaPerBedroom: 24, value: 1.1,
			adjectives: homeAdjectives, sentences: append([]string{"There is a balcony and a lift."}, homeSentences...),
		},
		{
			kind: property.KindTownhouse, noun: "townhouse", rented: 20, bedrooms: 5, area: 45, areaPerBedroom: 26, lot: 160,
			value:      1.05,
			adjectives: homeAdjectives, sentences: append([]string{"The roof terrace is yours alone."}, homeSentences...),
		},
		{
			kind: property.KindRoom, noun: "room", rented: 100, area: 17, value: 1.5,
			adjectives: []string{"Bright", "Quiet", "Furnished", "Sunny"},
			sentences: []string{
				"Kitchen and bathroom are shared.", "Electricity and internet are included.", "The room is furnished.",
				"The desk stands at the window.", "Free from next month.",
			},
		},
		{
			kind: property.KindLand, noun: "building plot", area: 900, value: 0.12,
			adjectives: []string{"Level", "Sunny", "Open", "Sheltered"},
			sentences: []string{
				"Water and electricity are at the boundary.", "Planning permission has been granted.",
				"The plot faces south.", "A made road leads to it.",
			},
		},
		{
			kind: property.KindCommercial, noun: "business premises", rented: 60, area: 160, value: 0.9,
			adjectives: []string{"Central", "Versatile", "Well-situated", "Modern"},
			sentences: []string{
				"Suits a shop or an office.", "Deliveries come through the yard.", "The shop window is six metres wide.",
				"There are four parking spaces.",
			},
		},
		{
			kind: property.KindOther, noun: "garage", rented: 55, area: 17, value: 0.35,
			adjectives: []string{"Dry", "Secure", "Handy"},
			sentences:  []string{"The door opens electrically.", "There is a socket and light.", "Access is at any hour."},
		},
	},
	weights: []int{36, 34, 12, 7, 4, 5, 2},
}

// write sets the title and description of the listing.
func (g *Generator) write(d *property.Details, s *shape, at *place) {
	adjective := s.adjectives[g.random.IntN(len(s.adjectives))]
	bedrooms := ""
	if n, ok := d.Bedrooms.Get(); ok {
		bedrooms = strconv.Itoa(n) + "-bedroom "
	}
	d.Title = adjective + " " + bedrooms + s.noun + " in " + at.name
	first := g.random.IntN(len(s.sentences))
	second := (first + 1 + g.random.IntN(len(s.sentences)-1)) % len(s.sentences)
	d.Description = s.sentences[first] + " " + s.sentences[second] + " " + d.AreaM2.Value.Short() + " m²"
	if d.Offer == property.OfferRent {
		d.Description += ", rent per month."
		return
	}
	d.Description += "."
}
