// Package listinggen generates listings for load tests: plausible homes, rooms, land and shops around real places,
// more of them where more people live. The same seed generates the same listings.
//
// The listings are invented. The package stores nothing, and uses neither the clock nor the network.
package listinggen

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"strconv"

	"github.com/gable-listings/gable/domain/property"
)

// Generator generates listings one by one. It is used by one goroutine at a time.
type Generator struct {
	seed   uint64
	count  int
	random *rand.Rand
	extras *rand.Rand // for lots and years, so that a seed's other values stay the same as before these fields existed
	places []place
	people []int64 // how many people live in the places up to and including this one
}

// New returns a generator. Its listings depend on the seed alone. The error says that the embedded gazetteer is
// damaged.
func New(seed uint64) (*Generator, error) {
	places, err := readPlaces()
	if err != nil {
		return nil, fmt.Errorf("gazetteer: %w", err)
	}
	g := &Generator{
		seed: seed, random: rand.New(rand.NewPCG(seed, 0x6761626c65)), extras: rand.New(rand.NewPCG(seed, 0x6c6f74)),
		places: places,
	}
	total := int64(0)
	for _, p := range places {
		total += p.population
		g.people = append(g.people, total)
	}
	return g, nil
}

// Next generates the next listing, which meets every rule of a listing. Its reference is gen-<seed>-<n>, n counting
// from 1.
func (g *Generator) Next() property.Details {
	g.count++
	at := &g.places[g.placeIndex()]
	shape := shapes.pick(g.random)
	d := property.Details{
		Reference: "gen-" + strconv.FormatUint(g.seed, 10) + "-" + strconv.Itoa(g.count),
		Location:  at.address,
		Currency:  at.market.currency,
		Kind:      shape.kind,
		Offer:     property.OfferSale,
		Status:    statuses.pick(g.random),
	}
	if g.random.IntN(100) < shape.rented {
		d.Offer = property.OfferRent
	}
	area := g.rooms(&d, shape)
	g.grounds(&d, shape)
	d.Price = g.price(at, shape, d.Offer, area)
	d.Coordinates = property.Some(g.near(at))
	g.write(&d, shape, at)
	return d
}

func (g *Generator) placeIndex() int {
	inhabitant := g.random.Int64N(g.people[len(g.people)-1])
	return sort.Search(len(g.people), func(i int) bool { return g.people[i] > inhabitant })
}

// rooms sets the bedrooms, bathrooms and area that go together, and returns the area in whole square metres.
func (g *Generator) rooms(d *property.Details, s *shape) int {
	area := s.area
	if s.bedrooms > 0 {
		bedrooms := 1 + g.random.IntN(s.bedrooms)
		area += s.areaPerBedroom * bedrooms
		d.Bedrooms = property.Some(bedrooms)
		d.Bathrooms = property.Some(property.Decimal(100 + 50*g.random.IntN(bedrooms+1)))
	}
	area = int(float64(area) * g.spread(0.25))
	d.AreaM2 = property.Some(property.Decimal(100 * area))
	return area
}

// grounds sets the lot and the year in which the building was built.
func (g *Generator) grounds(d *property.Details, s *shape) {
	if s.kind == property.KindLand {
		d.LotM2 = d.AreaM2
		return
	}
	d.YearBuilt = property.Some(1895 + max(g.extras.IntN(130), g.extras.IntN(130))) // most are young
	if s.lot > 0 {
		d.LotM2 = property.Some(property.Decimal(100 * (s.lot/2 + g.extras.IntN(s.lot))))
	}
}

// spread is a random factor around 1, bounded on both sides.
func (g *Generator) spread(deviation float64) float64 {
	return math.Exp(deviation * max(-2, min(2, g.random.NormFloat64())))
}

// price is the price, or the rent of a month, rounded to three digits as asking prices are.
func (g *Generator) price(at *place, s *shape, offer property.Offer, area int) property.Decimal {
	const monthlyRent = 0.0045
	price := float64(area) * at.pricePerM2 * s.value * g.spread(0.3)
	if offer == property.OfferRent {
		price *= monthlyRent
	}
	unit := math.Pow(10, math.Floor(math.Log10(max(price, 100)))-2)
	return property.Decimal(math.Round(price/unit) * unit * 100)
}

// near is a random spot within some kilometres of the place, with five digits, which is a metre.
func (g *Generator) near(at *place) property.Coordinates {
	const degrees, digits = 0.03, 1e5
	off := func() float64 { return degrees * max(-2, min(2, g.random.NormFloat64())) }
	return property.Coordinates{
		Latitude:  math.Round((at.latitude+off())*digits) / digits,
		Longitude: math.Round(max(-180, min(180, at.longitude+off()))*digits) / digits,
	}
}
