package property_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/gable-listings/gable/domain/property"
)

// at draws a place, often at the edges of the map.
func at(t *rapid.T, label string) property.Coordinates {
	degrees := func(limit float64) float64 {
		return rapid.OneOf(rapid.Float64Range(-limit, limit),
			rapid.SampledFrom([]float64{-limit, 0, limit, 1e-300, -5e-324, limit - 1e-9})).Draw(t, label)
	}
	return property.Coordinates{Latitude: degrees(90), Longitude: degrees(180)}
}

// The key is a haversine: as a distance it is the great circle's to the centimetre.
func TestTheKeyOfADistanceIsTheDistance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := at(t, "a"), at(t, "b")
		key := float64(property.DistanceKey(a, b)) / (1 << 60)
		distance := 2 * property.EarthRadiusKM * math.Asin(math.Sqrt(min(1, max(0, key))))
		want := property.DistanceKM(a, b)
		tolerance := 1e-5 // kilometres
		if want > 19_000 {
			tolerance = 1 // at the other end of the Earth the haversine hardly changes
		}
		if math.Abs(distance-want) > tolerance {
			t.Fatalf("from %v to %v are %.6f km, by the key %.6f", a, b, want, distance)
		}
	})
}

func TestDistancesSortFromTheCenterOfTheSearch(t *testing.T) {
	s := search(t, "near=-17,179.99&radius_km=900&sort=distance")
	place := func(n byte, latitude, longitude float64) *property.Property {
		p := listing(t, n, func(d *property.Details) {
			d.Coordinates = property.Some(property.Coordinates{Latitude: latitude, Longitude: longitude})
		})
		return &p
	}
	lost := listing(t, 9)
	order := []*property.Property{
		place(3, -17, 179.99), place(1, -17, -179.99), place(2, -17, 179.9), place(4, -16, 179.99), &lost,
	}
	for i := range order[1:] {
		before, after := s.Sort.PositionOf(order[i]), s.Sort.PositionOf(order[i+1])
		if s.Sort.Compare(before, after) >= 0 {
			t.Errorf("listing %d of the order is not before the next: %v, %v", i, before, after)
		}
		down := s.Sort
		down.Descending = true
		if i+2 < len(order) && down.Compare(down.PositionOf(order[i+1]), down.PositionOf(order[i])) >= 0 {
			t.Errorf("listing %d of the order is before the next downwards, too", i)
		}
		if down.Compare(down.PositionOf(order[i]), down.PositionOf(&lost)) >= 0 {
			t.Errorf("a listing without a place is not the last downwards")
		}
	}
}
