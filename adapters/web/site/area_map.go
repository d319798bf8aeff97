package site

import (
	"fmt"
	"math"

	"github.com/gable-listings/gable/domain/property"
)

// areaMap is a small map without tiles. It shows where listings lie relative to one another, place names, and a scale.
type areaMap struct {
	Width, Height int
	Marks         []mark
	Names         []placeMark
	Bar           scaleBar
}

// mark is a listing on the map, in the map's units.
type mark struct {
	X, Y    string
	ID      property.ID
	Label   string
	Subject bool // the listing that the page is about
}

type placeMark struct{ X, Y, Text string }

// scaleBar is a line of a round length.
type scaleBar struct{ X1, X2, Y, Middle, Text string }

const (
	planWidth   = 400.0
	planMargin  = 26.0
	planTallest = 460.0
	planLowest  = 220.0
	// planNarrowest is the least width that a map covers, in kilometres, so that neighbours look like neighbours.
	planNarrowest = 2.0
	kmPerDegree   = property.EarthRadiusKM * math.Pi / 180
)

// newAreaMap draws the listings that have a position; it returns nil if none has. Subject is the listing that the page
// is about; the zero ID means none.
func newAreaMap(listings []property.Property, subject property.ID) *areaMap {
	var at []property.Coordinates
	var shown []*property.Property
	for i := range listings {
		if c, ok := listings[i].Coordinates.Get(); ok {
			at, shown = append(at, c), append(shown, &listings[i])
		}
	}
	if len(at) == 0 {
		return nil
	}
	v := fit(at)
	p := &areaMap{Width: int(planWidth), Height: int(v.height), Bar: v.bar()}
	for i, listing := range shown {
		x, y := v.project(at[i])
		p.Marks = append(p.Marks, mark{
			number(x), number(y), listing.ID, price(listing) + ", " + listing.Title, listing.ID == subject,
		})
	}
	p.Names = v.names(shown, at)
	return p
}

// view converts degrees to units of the map.
type view struct {
	middle property.Coordinates
	shrink float64 // length of a degree of longitude relative to one of latitude
	scale  float64 // units per kilometre
	height float64
}

// fit returns the view that contains all positions.
func fit(at []property.Coordinates) view {
	lowest, highest := at[0], at[0]
	for _, c := range at {
		lowest.Latitude, highest.Latitude = min(lowest.Latitude, c.Latitude), max(highest.Latitude, c.Latitude)
		lowest.Longitude, highest.Longitude = min(lowest.Longitude, c.Longitude), max(highest.Longitude, c.Longitude)
	}
	v := view{middle: property.Coordinates{
		Latitude: (lowest.Latitude + highest.Latitude) / 2, Longitude: (lowest.Longitude + highest.Longitude) / 2,
	}}
	v.shrink = math.Max(0.01, math.Cos(v.middle.Latitude*math.Pi/180))
	wide := max(planNarrowest, (highest.Longitude-lowest.Longitude)*v.shrink*kmPerDegree)
	high := max(planNarrowest/2, (highest.Latitude-lowest.Latitude)*kmPerDegree)
	v.scale = min((planWidth-2*planMargin)/wide, (planTallest-2*planMargin)/high)
	v.height = max(planLowest, math.Ceil(high*v.scale+2*planMargin))
	return v
}

func (v view) project(c property.Coordinates) (x, y float64) {
	x = planWidth/2 + (c.Longitude-v.middle.Longitude)*v.shrink*kmPerDegree*v.scale
	y = v.height/2 - (c.Latitude-v.middle.Latitude)*kmPerDegree*v.scale
	return x, y
}

// bar returns the scale: the longest line of 1, 2 or 5 times a power of ten within a third of the width.
func (v view) bar() scaleBar {
	longest := planWidth / 3 / v.scale
	length := math.Pow(10, math.Floor(math.Log10(longest)))
	for _, times := range []float64{5, 2} {
		if length*times <= longest {
			length *= times
			break
		}
	}
	text := fmt.Sprintf("%g km", length)
	if length < 1 {
		text = fmt.Sprintf("%g m", math.Round(length*1_000))
	}
	from, to := planWidth-12-length*v.scale, planWidth-12
	return scaleBar{number(from), number(to), number(v.height - 10), number((from + to) / 2), text}
}

// nameHeight and nameWidth are the approximate size of a letter.
const nameHeight, nameWidth = 13.0, 6.3

// names places the name of each location above its listings. It omits a name that would cover another one.
func (v view) names(shown []*property.Property, at []property.Coordinates) []placeMark {
	type place struct{ x, y, n float64 } // sum of x, highest y, number of listings
	places, order := map[string]*place{}, []string{}
	for i, listing := range shown {
		name := placeName(listing.Location)
		if places[name] == nil {
			places[name] = &place{}
			order = append(order, name)
		}
		x, y := v.project(at[i])
		p := places[name]
		if p.n == 0 || y < p.y {
			p.y = y
		}
		p.x, p.n = p.x+x, p.n+1
	}
	var names []placeMark
	type box struct{ x, y, half float64 }
	var taken []box
	for _, name := range order {
		p := places[name]
		half := float64(len([]rune(name))) * nameWidth / 2
		b := box{min(max(p.x/p.n, half+2), planWidth-half-2), max(p.y-9, nameHeight), half}
		free := 2*half < planWidth
		for _, t := range taken {
			free = free && (math.Abs(t.x-b.x) > t.half+b.half || math.Abs(t.y-b.y) > nameHeight)
		}
		if free {
			taken = append(taken, b)
			names = append(names, placeMark{number(b.x), number(b.y), name})
		}
	}
	return names
}

func number(n float64) string { return fmt.Sprintf("%.1f", n) }
