package property_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/porttest"
)

// detailed is a listing with something in every field.
func detailed(t *testing.T, edits ...func(*property.Details)) *property.Property {
	t.Helper()
	p := listing(t, 1, append([]func(*property.Details){func(d *property.Details) {
		*d = property.Details{
			Reference: "R-1", Title: "Cabin", Description: "by the lake\nwith a jetty", Price: 450_000_50, Currency: "EUR",
			Location: "Łódź", Offer: property.OfferRent, Kind: property.KindHouse, Status: property.StatusSold,
			Bedrooms: property.Some(0), Bathrooms: property.Some[property.Decimal](2_25),
			AreaM2:      property.Some[property.Decimal](70_00),
			Coordinates: property.Some(property.Coordinates{Latitude: 47.60621000000001, Longitude: -122}),
			Photos:      []string{"https://a.b/1", "https://a.b/2"},
		}
	}}, edits...)...)
	return &p
}

// inWords are all fields of the listing above, in order.
var inWords = [][2]string{
	{"reference", "R-1"}, {"title", "Cabin"}, {"description", "by the lake\nwith a jetty"}, {"price", "450000.50"},
	{"currency", "EUR"}, {"location", "Łódź"}, {"offer", "rent"}, {"kind", "house"}, {"status", "sold"},
	{"bedrooms", "0"},
	{"bathrooms", "2.25"}, {"area_m2", "70"}, {"latitude", "47.60621000000001"}, {"longitude", "-122"},
	{"photos", "https://a.b/1\nhttps://a.b/2"},
}

func TestACreationAndADeletionDifferInEveryPresentField(t *testing.T) {
	var born, removed []property.Difference
	for _, field := range inWords {
		born = append(born, property.Difference{Field: field[0], After: field[1]})
		removed = append(removed, property.Difference{Field: field[0], Before: field[1]})
	}
	if got := property.Differences(nil, detailed(t)); !slices.Equal(got, born) {
		t.Errorf("a creation differs in %q", got)
	}
	if got := property.Differences(detailed(t), nil); !slices.Equal(got, removed) {
		t.Errorf("a deletion differs in %q", got)
	}
	bare := listing(t, 1)
	names := []string{"title", "price", "currency", "location", "offer", "kind", "status"}
	if got := property.Differences(nil, &bare); !slices.Equal(fields(got), names) {
		t.Errorf("the creation of a bare listing differs in %q", got)
	}
}

func fields(differences []property.Difference) (names []string) {
	for _, d := range differences {
		names = append(names, d.Field)
	}
	return names
}

// A new field of Details must also be in Differences.
func TestEveryFieldMakesADifference(t *testing.T) {
	kind := reflect.TypeFor[property.Details]()
	var all []string
	for i := range kind.NumField() {
		full, changed := porttest.FullListing(t), porttest.FullListing(t)
		before, after := &full, &changed
		reflect.ValueOf(&after.Details).Elem().Field(i).SetZero()
		named := fields(property.Differences(before, after))
		if len(named) == 0 {
			t.Errorf("%s makes no difference", kind.Field(i).Name)
		}
		if back := fields(property.Differences(after, before)); kind.Field(i).Name != "Photos" && !slices.Equal(back, named) {
			t.Errorf("%s makes a difference in %q and back in %q", kind.Field(i).Name, named, back)
		}
		all = append(all, named...)
	}
	if !slices.Equal(all, fieldNames()) {
		t.Errorf("the fields make differences in %q", all)
	}
}

func TestOnlyWhatPeopleSetMakesADifference(t *testing.T) {
	before, after := detailed(t), detailed(t)
	after.Version, after.UpdatedAt = 7, birth.AddDate(1, 0, 0)
	if got := property.Differences(before, after); len(got) > 0 {
		t.Errorf("two versions with the same details differ in %q", got)
	}
}

func TestAStateWithoutPhotosSaysNothingOfThem(t *testing.T) {
	lacking := detailed(t, func(d *property.Details) { d.Photos = nil })
	other := detailed(t, func(d *property.Details) { d.Photos = []string{"https://a.b/2"} })
	for _, c := range []struct {
		before, after *property.Property
		want          string
	}{
		{lacking, other, ""},
		{lacking, nil, ""},
		{other, lacking, "photos"},
		{detailed(t), other, "photos"},
	} {
		named := fields(property.Differences(c.before, c.after))
		if slices.Contains(named, "photos") != (c.want != "") {
			t.Errorf("from %q to other photos the differences are %q", c.before.Photos, named)
		}
	}
}
