package property_test

import (
	"math"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/porttest"
)

// wantCertain checks that a certain decision about text agrees with folding both sides.
func wantCertain(t interface{ Fatalf(string, ...any) }, text, part string) {
	match, folded := property.ContainsText(text, part), property.ContainsFold(text, part)
	if match == property.Yes && !folded || match == property.No && folded {
		t.Fatalf("ContainsText(%q, %q) is %v; folded it is %t", text, part, match, folded)
	}
}

func TestCertainAnswersAboutTextAgreeWithFolding(t *testing.T) {
	odd := rapid.RuneFrom([]rune("aAkKsSiIéÉßſKİıΣσς香🏡 %Ⱡⱡ|’\u0301"))
	words := rapid.StringOf(rapid.OneOf(odd, rapid.Rune()))
	rapid.Check(t, func(t *rapid.T) { wantCertain(t, words.Draw(t, "text"), words.Draw(t, "part")) })
}

func TestEveryCharacterIsCertainOnlyWhereFoldingIs(t *testing.T) {
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if unicode.Is(unicode.Cn, r) && (property.CaseOf(r) != property.Uncertain ||
			property.ContainsText(string(r), "a") != property.Maybe) {
			t.Errorf("%U is not assigned, and certain", r)
		}
		if r > unicode.MaxASCII && property.CaseOf(r) == property.Cased &&
			property.ContainsText(string(r), "a") != property.Maybe &&
			property.Fold(string(r)) == string(unicode.ToLower(r)) {
			t.Errorf("%U is certain, but stores may lower it in several ways", r)
		}
	}
}

func TestTextIsMatchedAsPeopleTypeIt(t *testing.T) {
	for _, row := range []struct {
		text, part string
		want       property.Match
	}{
		{"LOFT", "loft", property.Yes},
		{"loft", "LoF", property.Yes},
		{"abc", "a%", property.Yes}, // punctuation means nothing
		{"abc", "a_c", property.No},
		{"香港旺角", "旺", property.Yes},
		{"香港旺角", "東", property.No},
		{"École", "école", property.Yes},
		{"École", "cole", property.Yes},
		{"Ecole", "école", property.Yes},
		{"\u212Aelvin", "kelvin", property.Yes},
		{"ΟΔΟΣΑ", "ΟΔΟΣ", property.Yes},
		{"ΟΔΟΣ", "οδοσ", property.Yes},
		{"\uA7CB", "ɤ", property.Maybe}, // its lower case since Unicode 16
		{"ɤ", "\uA7CB", property.Maybe},
		{"a \uA7CB", "b", property.Maybe},
		{"e\u1DFA", "e", property.Maybe}, // an accent since Unicode 14
		{"Ⱡ", "l", property.Maybe},       // not every store lowers it
		{"l", "Ⱡ", property.Maybe},
		{"ⱡ", "ⱡ", property.Yes},
		{"VILA ALFÍ", "alfi", property.Yes},
		{"ALFI\u0301", "alfí", property.Yes},
		{"a" + strings.Repeat("\u0301", 40), "a", property.Maybe}, // the library divides so many accents
		{"мой", "мои", property.No},
		{"a | b", "a b", property.No},
		{"a b", "a|b", property.Yes},
		{"", "", property.Yes},
		{"", "a", property.No},
	} {
		if got := property.ContainsText(row.text, row.part); got != row.want {
			t.Errorf("ContainsText(%q, %q) is %v, want %v", row.text, row.part, got, row.want)
		}
	}
}

// Words in one text and a phrase that would need two texts; a reference is found by the whole search alone.
func TestAPhraseStaysInOneTextAndAReferenceIsWhole(t *testing.T) {
	p := listing(t, 1, func(d *property.Details) {
		d.Title, d.Location, d.Description, d.Reference = "By the lake", "Lake Road", "View of Ⱡ", "KC-12 A"
	})
	for query, want := range map[string]property.Match{
		"q=lake+road": property.Yes, "q=lake+by": property.Yes, "q=%22lake+view%22": property.Maybe, // of the Ⱡ
		"q=%22lake+lake%22": property.Maybe, "q=%22the+lake%22": property.Yes, "q=kc-12+a": property.Yes,
		"q=KC+12+A": property.Yes, "q=kc-12": property.Maybe, "q=%22KC-12+A%22": property.Yes, "q=a+kc-12": property.Maybe,
		"reference=KC-12+A": property.Yes, "reference=kc-12+a": property.No, "reference=KC-12": property.No,
		"reference=x,KC-12+A&q=lake": property.Yes, "q=lake&location=loft": property.No,
	} {
		f := search(t, query).Filter
		if got := f.Matches(&p); got != want {
			t.Errorf("%s matches: %v, want %v", query, got, want)
		}
		if got := f.MatchesFold(&p); want != property.Maybe && got != (want == property.Yes) && len(f.References) == 0 {
			t.Errorf("%s matches by folding: %t", query, got)
		}
	}
}

func TestAFilterIsAllItsParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := porttest.Listings(1).Draw(t, "listing")[0]
		f := porttest.Search().Draw(t, "search").Filter
		least := property.Yes
		for _, part := range parts(f) {
			least = min(least, part.Matches(&p))
		}
		if got := f.Matches(&p); got != least {
			t.Fatalf("the filter %q decides %v, want %v, the least of its parts", &f, got, least)
		}
	})
}

// parts splits a filter into one filter for each parameter.
func parts(f property.Filter) []property.Filter {
	list := []property.Filter{
		{Words: f.Words}, {References: f.References}, {Location: f.Location}, {Offers: f.Offers},
		{Kinds: f.Kinds}, {Statuses: f.Statuses}, {Currencies: f.Currencies}, {Source: f.Source},
		{Box: f.Box}, {Near: f.Near}, {CreatedAfter: f.CreatedAfter}, {UpdatedAfter: f.UpdatedAfter},
	}
	for i, r := range f.Ranges() {
		var part property.Filter
		*part.Ranges()[i].Range = *r.Range
		list = append(list, part)
	}
	return list
}

func TestTheRimOfACircleIsUncertain(t *testing.T) {
	center := property.Coordinates{Latitude: 47.6, Longitude: -122.3}
	place := property.Coordinates{Latitude: 47.7, Longitude: -122.3}
	distance := property.DistanceKM(center, place)
	p := listing(t, 1, func(d *property.Details) { d.Coordinates = property.Some(place) })
	for radius, want := range map[float64]property.Match{
		distance: property.Maybe, distance + 1e-6: property.Maybe, distance - 1e-6: property.Maybe,
		distance + 1e-3: property.Yes, distance - 1e-3: property.No,
	} {
		f := property.Filter{Near: property.Some(property.Circle{Center: center, RadiusKM: radius})}
		if got := f.Matches(&p); got != want {
			t.Errorf("distance %v, radius %v: %v, want %v", distance, radius, got, want)
		}
	}
}

func TestTheBoundsOfACircleContainIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := property.Circle{
			Center: property.Coordinates{
				Latitude: rapid.OneOf(rapid.Float64Range(-90, 90), rapid.SampledFrom([]float64{-90, -89.99, 89.99, 90})).
					Draw(t, "latitude"),
				Longitude: rapid.OneOf(rapid.Float64Range(-180, 180), rapid.SampledFrom([]float64{-180, -179.999, 179.999, 180})).
					Draw(t, "longitude"),
			},
			RadiusKM: rapid.Float64Range(0.001, property.MaxRadiusKM).Draw(t, "radius"),
		}
		at := destination(c.Center, rapid.Float64Range(0, 2*math.Pi).Draw(t, "bearing"),
			c.RadiusKM*rapid.Float64Range(0, 1).Draw(t, "reach"))
		if property.DistanceKM(c.Center, at) <= c.RadiusKM && !c.Bounds().Contains(at) {
			t.Fatalf("%+v lies in the circle %+v and not in its bounds %+v", at, c, c.Bounds())
		}
	})
}

// destination is the end of a great-circle path of so many kilometres.
func destination(from property.Coordinates, bearing, km float64) property.Coordinates {
	const degree = math.Pi / 180
	angle, lat := km/property.EarthRadiusKM, from.Latitude*degree
	north := math.Asin(math.Sin(lat)*math.Cos(angle) + math.Cos(lat)*math.Sin(angle)*math.Cos(bearing))
	east := math.Atan2(math.Sin(bearing)*math.Sin(angle)*math.Cos(lat), math.Cos(angle)-math.Sin(lat)*math.Sin(north))
	lon := from.Longitude + east/degree
	switch {
	case lon > 180:
		lon -= 360
	case lon < -180:
		lon += 360
	}
	return property.Coordinates{Latitude: north / degree, Longitude: lon}
}
