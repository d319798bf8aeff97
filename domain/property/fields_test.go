package property_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/porttest"
)

// A new field of Details must also be in the table.
func TestTheTableHasEveryFieldOfDetails(t *testing.T) {
	full := porttest.FullListing(t)
	kind := reflect.TypeFor[property.Details]()
	var moved property.Details
	for i := range property.FieldCount {
		moved = moved.Completed(property.Fields(0).With(i), &full.Details)
	}
	for i := range kind.NumField() {
		got, want := reflect.ValueOf(moved).Field(i).Interface(), reflect.ValueOf(full.Details).Field(i).Interface()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is missing from the table: it is %v, want %v", kind.Field(i).Name, got, want)
		}
	}
}

func TestEveryFieldIsWrittenAndHasBounds(t *testing.T) {
	full := porttest.FullListing(t)
	for i, f := range property.FieldTable() {
		if f.Written(&full.Details) == "" || f.Written(&property.Details{}) != "" && f.Type != property.MoneyField {
			t.Errorf("%s is written %q", f.Name, f.Written(&full.Details))
		}
		if f.Numeric() != (f.Min < f.Max) || f.Longest == 0 && !f.Numeric() && f.Choices == nil {
			t.Errorf("%s has no bounds", f.Name)
		}
		if property.FieldNamed(f.Name) != &property.FieldTable()[i] {
			t.Errorf("%s is not found by its name", f.Name)
		}
	}
	if property.FieldNamed("Price") != nil {
		t.Error("a name in another case is accepted")
	}
}

// A field that older programs do not know must not be part of an entity tag that they compare.
func TestAFieldThatTheFirstReleaseLacksIsMarkedAsAdded(t *testing.T) {
	first := []string{
		"reference", "title", "description", "price", "currency", "location", "offer", "kind", "status", "bedrooms",
		"bathrooms", "area_m2", "latitude", "longitude", "photos",
	}
	var none property.Details
	for _, f := range property.FieldTable() {
		if f.Added == slices.Contains(first, f.Name) {
			t.Errorf("%s: Added is %t", f.Name, f.Added)
		}
		if f.Added && f.Written(&none) != "" {
			t.Errorf("%s is %q for listings from before it", f.Name, f.Written(&none))
		}
	}
}

func TestASourceLacksTheFieldsThatAreNotPresent(t *testing.T) {
	set := porttest.FieldsNamed
	if set("reference", "title", "price", "location")&property.AllFields != 0 {
		t.Error("a required field counts as one that a source may lack")
	}
	for _, half := range []string{"latitude", "longitude"} {
		want := property.AllFields.Without(set("latitude", "longitude", "kind"))
		if got := property.Lacking(set(half, "kind", "title")); got != want {
			t.Errorf("with %s and a kind a source lacks %b, want %b", half, got, want)
		}
	}
}

func TestHalfAPositionHasNoCoordinates(t *testing.T) {
	some := property.Some[float64]
	for _, c := range []struct {
		at               property.Position
		missing, present string
	}{
		{property.Position{}, "", ""},
		{property.Position{Latitude: some(0), Longitude: some(0)}, "", ""},
		{property.Position{Latitude: some(1)}, "longitude", "latitude"},
		{property.Position{Longitude: some(1)}, "latitude", "longitude"},
	} {
		missing, present := c.at.Missing()
		if missing != c.missing || present != c.present {
			t.Errorf("position %+v: %q is missing and %q is present", c.at, missing, present)
		}
		d := property.Details{Coordinates: c.at.Coordinates()}
		whole := c.at.Latitude.Valid && c.at.Longitude.Valid
		if d.Coordinates.Valid != whole || whole && d.Position() != c.at {
			t.Errorf("position %+v has the coordinates %+v", c.at, d.Coordinates)
		}
	}
}

// fieldNames are the names of the table, in order.
func fieldNames() (names []string) {
	for _, f := range property.FieldTable() {
		names = append(names, f.Name)
	}
	return names
}

func TestFieldsAreNamedOnce(t *testing.T) {
	names := fieldNames()
	slices.Sort(names)
	if len(slices.Compact(names)) != property.FieldCount {
		t.Errorf("a name is repeated in %q", names)
	}
}
