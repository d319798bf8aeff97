package property_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/porttest"
)

// A field that is added to Details has to be added to the table, too.
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
			t.Errorf("%s is in no row of the table: it is %v, not %v", kind.Field(i).Name, got, want)
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
		t.Error("another case of letters is accepted")
	}
}

// What programs from before a field do not know must not stand in an entity tag that they compare.
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

func TestASourceLacksWhatItDoesNotSay(t *testing.T) {
	set := porttest.FieldsNamed
	if set("reference", "title", "price", "location")&property.AllFields != 0 {
		t.Error("a source may lack what every source has")
	}
	for _, half := range []string{"latitude", "longitude"} {
		want := property.AllFields.Without(set("latitude", "longitude", "kind"))
		if got := property.Lacking(set(half, "kind", "title")); got != want {
			t.Errorf("with %s and a kind a source lacks %b, not %b", half, got, want)
		}
	}
}

func TestHalfAPlaceIsNoPlace(t *testing.T) {
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
			t.Errorf("of %+v %q is missing and %q is present", c.at, missing, present)
		}
		d := property.Details{Coordinates: c.at.Coordinates()}
		whole := c.at.Latitude.Valid && c.at.Longitude.Valid
		if d.Coordinates.Valid != whole || whole && d.Position() != c.at {
			t.Errorf("%+v are the coordinates %+v", c.at, d.Coordinates)
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
		t.Errorf("a name comes twice in %q", names)
	}
}
