package site

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gable-listings/gable/domain/property"
)

// at returns a listing at a position.
func at(n int, latitude, longitude float64, location string) property.Property {
	return property.Property{ID: property.ID{15: byte(n)}, Details: property.Details{
		Title: fmt.Sprint("listing ", n), Location: location,
		Coordinates: property.Some(property.Coordinates{Latitude: latitude, Longitude: longitude}),
	}}
}

func coordinate(t testing.TB, text string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		t.Fatalf("invalid coordinate %q", text)
	}
	return n
}

// check fails the test unless the map can be drawn and is true.
func (p *areaMap) check(t testing.TB, listings []property.Property) {
	t.Helper()
	if p.Width != int(planWidth) || p.Height < int(planLowest) || float64(p.Height) > planTallest+1 {
		t.Fatalf("got a picture of %d by %d", p.Width, p.Height)
	}
	inside := func(what, x, y string) {
		t.Helper()
		if left, top := coordinate(t, x), coordinate(t, y); left < 0 || left > float64(p.Width) || top < 0 ||
			top > float64(p.Height) {
			t.Fatalf("%s is at %s, %s, outside %d by %d", what, x, y, p.Width, p.Height)
		}
	}
	for _, m := range p.Marks {
		inside(m.Label, m.X, m.Y)
	}
	p.checkNames(t, inside)
	p.checkBar(t, listings)
}

func (p *areaMap) checkNames(t testing.TB, inside func(what, x, y string)) {
	t.Helper()
	for i, a := range p.Names {
		half := float64(len([]rune(a.Text))) * nameWidth / 2
		x, y := coordinate(t, a.X), coordinate(t, a.Y)
		inside(a.Text, number(x-half), a.Y)
		inside(a.Text, number(x+half), a.Y)
		for _, b := range p.Names[:i] {
			room := half + float64(len([]rune(b.Text)))*nameWidth/2
			if math.Abs(x-coordinate(t, b.X)) < room-0.2 && math.Abs(y-coordinate(t, b.Y)) < nameHeight-0.2 {
				t.Fatalf("%s covers %s", a.Text, b.Text)
			}
		}
	}
}

// checkBar measures two listings by the bar, and compares the result with their distance.
func (p *areaMap) checkBar(t testing.TB, listings []property.Property) {
	t.Helper()
	from, to := coordinate(t, p.Bar.X1), coordinate(t, p.Bar.X2)
	amount, unit, _ := strings.Cut(p.Bar.Text, " ")
	length := coordinate(t, amount)
	if unit == "m" {
		length /= 1_000
	}
	digits := strings.Trim(amount, "0.")
	if to-from < 10 || to-from > planWidth/3+0.2 || unit != "m" && unit != "km" || digits != "1" && digits != "2" &&
		digits != "5" {
		t.Fatalf("the bar reaches from %s to %s and says %q", p.Bar.X1, p.Bar.X2, p.Bar.Text)
	}
	kmPerUnit := length / (to - from)
	a, b := listings[0].Coordinates.Value, listings[len(listings)-1].Coordinates.Value
	high := math.Abs(a.Latitude-b.Latitude) * kmPerDegree
	drawn := math.Abs(coordinate(t, p.Marks[0].Y)-coordinate(t, p.Marks[len(p.Marks)-1].Y)) * kmPerUnit
	if tolerance := 0.02*high + 0.3*kmPerUnit; math.Abs(high-drawn) > tolerance {
		t.Fatalf("%g km from north to south are drawn as %g km by a bar of %s", high, drawn, p.Bar.Text)
	}
}

func TestAPlanShowsListingsWhereTheyAre(t *testing.T) {
	listings := []property.Property{
		at(1, 47.60, -122.33, "Seattle, WA"), at(2, 47.62, -122.20, "Bellevue, WA"), at(3, 47.38, -122.23, "Kent, WA 98042"),
		{Details: property.Details{Title: "nowhere"}}, at(4, 47.61, -122.32, "Seattle, WA"),
	}
	p := newAreaMap(listings, listings[2].ID)
	p.check(t, listings)
	if len(p.Marks) != 4 || !p.Marks[2].Subject || p.Marks[0].Subject || p.Marks[1].ID != listings[1].ID {
		t.Errorf("got the marks %+v", p.Marks)
	}
	if x1, x2 := coordinate(t, p.Marks[0].X), coordinate(t, p.Marks[1].X); x1 >= x2 {
		t.Errorf("Seattle, at %g, is not west of Bellevue, at %g", x1, x2)
	}
	if y1, y3 := coordinate(t, p.Marks[0].Y), coordinate(t, p.Marks[2].Y); y1 >= y3 {
		t.Errorf("Seattle, at %g, is not north of Kent, at %g", y1, y3)
	}
	var names []string
	for _, n := range p.Names {
		names = append(names, n.Text)
	}
	if got := strings.Join(names, " "); got != "Seattle Bellevue Kent" {
		t.Errorf("got the names %s", got)
	}
}

func TestListingsWithoutAPositionHaveNoMap(t *testing.T) {
	if p := newAreaMap([]property.Property{{}, {}}, property.ID{}); p != nil {
		t.Errorf("got %+v, want nil", p)
	}
	if p := newAreaMap(nil, property.ID{}); p != nil {
		t.Errorf("got %+v, want nil", p)
	}
}

func TestPlansOfUnusualPlacesCanBeDrawn(t *testing.T) {
	for name, listings := range map[string][]property.Property{
		"one listing": {at(1, 47.6, -122.3, "Seattle, WA")},
		"one position": {at(1, 22.28, 114.15, "Hong Kong"), at(2, 22.28, 114.15, "Hong Kong"),
			at(3, 22.28, 114.15, "")},
		"both sides":          {at(1, -17, 179.99, "Fiji"), at(2, -17, -179.99, "Fiji")},
		"the whole world":     {at(1, 90, -180, "North"), at(2, -90, 180, "South"), at(3, 0, 0, "Middle")},
		"a pole":              {at(1, 90, 0, "Pole"), at(2, 90, 180, "Pole")},
		"both poles":          {at(1, -90, 0, "A"), at(2, 90, 0, "B")},
		"one meridian":        {at(1, 1, 10, "A"), at(2, 2, 10, "B")},
		"one parallel":        {at(1, 10, 1, "A"), at(2, 10, 2, "B")},
		"a step apart":        {at(1, 47.6, -122.3, "A"), at(2, 47.6+1e-12, -122.3-1e-12, "B")},
		"a name of one place": {at(1, 0, 0, strings.Repeat("Llanfairpwll", 12))},
		"a name of angles":    {at(1, 0, 0, "<script>alert(1)</script>")},
	} {
		t.Run(name, func(t *testing.T) {
			newAreaMap(listings, listings[0].ID).check(t, listings)
		})
	}
}

func TestPlansOfRealListingsAreSound(t *testing.T) {
	listings := sampleListings(t, "king-county")
	for from := 0; from+browsePageSize < len(listings); from += 97 {
		some := listings[from : from+browsePageSize]
		newAreaMap(some, property.ID{}).check(t, some)
	}
}

func TestAnyPlanIsSound(t *testing.T) {
	places := []string{"Seattle, WA", "Kent, WA 98042", "Maple Valley, WA", "西營盤, 香港", "X", "98042", ""}
	rapid.Check(t, func(r *rapid.T) {
		spread := rapid.SampledFrom([]float64{0, 1e-9, 1e-3, 0.5, 20, 90}).Draw(r, "spread")
		latitude, longitude := rapid.Float64Range(-90, 90).Draw(r, "latitude"), rapid.Float64Range(-180, 180).
			Draw(r, "longitude")
		listings := make([]property.Property, rapid.IntRange(1, 12).Draw(r, "listings"))
		for i := range listings {
			offset := func(what string) float64 { return rapid.Float64Range(-spread, spread).Draw(r, what) }
			listings[i] = at(i, min(90, max(-90, latitude+offset("north"))), min(180, max(-180, longitude+offset("east"))),
				rapid.SampledFrom(places).Draw(r, "place"))
		}
		newAreaMap(listings, property.ID{}).check(t, listings)
	})
}
