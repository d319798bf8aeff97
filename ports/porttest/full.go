package porttest

import (
	"reflect"
	"time"

	"github.com/gable-listings/gable/domain/property"
)

// FullListing returns a valid listing in which no field is zero, for round trips. What it loses on the way through a
// store, a file or a form, a real listing loses too. The test fails when the listing itself lacks a field.
func FullListing(t interface {
	Helper()
	Fatalf(format string, args ...any)
}) property.Property {
	t.Helper()
	p := property.Property{
		ID: property.ID{1, 2, 3},
		Details: property.Details{
			Reference: "R-1", Source: "mls-a", Title: "Haus am See 🏡", Description: "<b>schön</b>\n",
			Price: 450_000_99, Currency: "EUR", Location: "Zürich",
			Offer: property.OfferRent, Kind: property.KindRoom, Status: property.StatusSold,
			Bedrooms: property.Some(3), Bathrooms: property.Some[property.Decimal](2_25),
			AreaM2:      property.Some[property.Decimal](70_10),
			LotM2:       property.Some[property.Decimal](612_35),
			YearBuilt:   property.Some(1897),
			Floor:       property.Some(-1),
			Coordinates: property.Some(property.Coordinates{Latitude: -0.1, Longitude: 179.123456789}),
			Photos:      []string{"https://example.org/1.jpg", "https://example.org/2.jpg"},
		},
		Version:   7,
		CreatedAt: time.Date(2025, 3, 1, 9, 0, 0, 123_000, time.UTC), UpdatedAt: time.Date(2025, 3, 1, 10, 0, 0, 0, time.UTC),
	}
	if zero := zeroField(reflect.ValueOf(p)); zero != "" {
		t.Fatalf("porttest.FullListing lacks %s: add a value there, so that every round trip is tested with it", zero)
	}
	return p
}

// zeroField returns the path of a field that is zero, at any depth, or "". A time counts as one value.
func zeroField(v reflect.Value) string {
	if _, isTime := v.Interface().(time.Time); v.Kind() != reflect.Struct || isTime {
		return ""
	}
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if v.Field(i).IsZero() {
			return name
		}
		if inner := zeroField(v.Field(i)); inner != "" {
			return name + "." + inner
		}
	}
	return ""
}
