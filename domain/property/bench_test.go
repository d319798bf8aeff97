package property_test

import (
	"testing"

	"github.com/gable-listings/gable/domain/property"
)

const everyBound = "kind=house&min_price=1&max_price=450000&min_bedrooms=2&min_bathrooms=1.5&max_area_m2=120.5&" +
	"sort=price&limit=50"

// matched is a house that the search above finds.
func matched(b *testing.B) *property.Property {
	p := listing(b, 1, func(d *property.Details) {
		d.Kind, d.Price, d.Bedrooms = property.KindHouse, 450_000_00, property.Some(3)
		d.Bathrooms, d.AreaM2 = property.Some[property.Decimal](2_25), property.Some[property.Decimal](109_63)
	})
	return &p
}

func BenchmarkMatches(b *testing.B) {
	queries := map[string]string{"every bound": everyBound, "two": "kind=house&max_price=450000", "none": ""}
	for name, query := range queries {
		f, p := &search(b, query).Filter, matched(b)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if f.Matches(p) != property.Yes {
					b.Fatal("no match")
				}
			}
		})
	}
}

func BenchmarkSearchString(b *testing.B) {
	for name, query := range map[string]string{"every bound": everyBound, "two": "kind=house&max_price=450000"} {
		s := search(b, query)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = s.String()
			}
		})
	}
}

func BenchmarkParseSearch(b *testing.B) {
	parameters := map[string][]string{"kind": {"house"}, "max_price": {"450000"}, "min_bedrooms": {"2"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := property.ParseSearch(parameters); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEqual(b *testing.B) {
	one, same := matched(b).Details, matched(b).Details
	b.ReportAllocs()
	for b.Loop() {
		if !one.Equal(same) {
			b.Fatal("not equal")
		}
	}
}

func BenchmarkChecked(b *testing.B) {
	d := matched(b).Details
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Checked(); err != nil {
			b.Fatal(err)
		}
	}
}
