package property_test

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/porttest"
)

func TestEqualComparesEveryField(t *testing.T) {
	fields := reflect.TypeFor[property.Details]()
	for i := range fields.NumField() {
		var changed property.Details
		field := reflect.ValueOf(&changed).Elem().Field(i)
		if field.Kind() == reflect.Struct { // an Optional: present is not absent
			field = field.FieldByName("Valid")
		}
		switch field.Kind() {
		case reflect.Bool:
			field.SetBool(true)
		case reflect.String:
			field.SetString("x")
		case reflect.Int64:
			field.SetInt(1)
		case reflect.Slice:
			field.Set(reflect.ValueOf([]string{"x"}))
		}
		if changed.Equal(property.Details{}) || !changed.Equal(changed) {
			t.Errorf("Equal does not compare %s", fields.Field(i).Name)
		}
	}
}

func TestEqualComparesPhotosInOrder(t *testing.T) {
	a, b := property.Details{Photos: []string{"1", "2"}}, property.Details{Photos: []string{"2", "1"}}
	if a.Equal(b) || !a.Equal(property.Details{Photos: []string{"1", "2"}}) || !(property.Details{Photos: []string{}}).
		Equal(property.Details{}) {
		t.Errorf("photos are not compared one by one")
	}
}

func TestNewTidiesAndDefaults(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 1_999, time.FixedZone("", 3600))
	p, err := property.New(property.ID{1}, property.Details{Title: " A\u00a0", Location: "\tB ", Reference: " R ",
		Description: " as written ", Photos: []string{}}, now)
	want := property.Details{
		Title: "A", Location: "B", Reference: "R", Description: " as written ", Currency: "USD",
		Offer: property.OfferSale, Kind: property.KindOther, Status: property.StatusActive,
	}
	if err != nil || !reflect.DeepEqual(p.Details, want) {
		t.Errorf("the details became %+v (error %v)", p.Details, err)
	}
	born := time.Date(2026, 11, 23, 8, 0, 0, 1_000, time.UTC)
	if p.Version != 1 || p.CreatedAt != born || p.UpdatedAt != born {
		t.Errorf("the new listing has version %d and the times %v and %v", p.Version, p.CreatedAt, p.UpdatedAt)
	}
}

func TestEveryBrokenRuleIsNamed(t *testing.T) {
	long := func(n int) string { return strings.Repeat("é", n) }
	some := property.Some[property.Decimal]
	at := func(lat, lon float64) property.Optional[property.Coordinates] {
		return property.Some(property.Coordinates{Latitude: lat, Longitude: lon})
	}
	for _, row := range []struct {
		edit  func(*property.Details)
		field string // "": no rule is broken
	}{
		{func(*property.Details) {}, ""},
		{func(d *property.Details) { d.Title = " " }, "title"},
		{func(d *property.Details) { d.Title = long(property.MaxTitle) }, ""},
		{func(d *property.Details) { d.Title = long(property.MaxTitle + 1) }, "title"},
		{func(d *property.Details) { d.Title = "a\nb" }, "title"},
		{func(d *property.Details) { d.Title = "a\xff" }, "title"},
		{func(d *property.Details) { d.Reference = long(property.MaxReference + 1) }, "reference"},
		{func(d *property.Details) { d.Reference = "a\x00" }, "reference"},
		{func(d *property.Details) { d.Description = "a\r\n\tb" + long(property.MaxDescription-5) }, ""},
		{func(d *property.Details) { d.Description = long(property.MaxDescription + 1) }, "description"},
		{func(d *property.Details) { d.Description = "a\x00b" }, "description"},
		{func(d *property.Details) { d.Price = -1 }, "price"},
		{func(d *property.Details) { d.Price = property.MaxPrice }, ""},
		{func(d *property.Details) { d.Price = property.MaxPrice + 1 }, "price"},
		{func(d *property.Details) { d.Currency = "usd" }, "currency"},
		{func(d *property.Details) { d.Currency = "D A" }, "currency"},
		{func(d *property.Details) { d.Location = "" }, "location"},
		{func(d *property.Details) { d.Offer = "swap" }, "offer"},
		{func(d *property.Details) { d.Kind = "castle" }, "kind"},
		{func(d *property.Details) { d.Status = "gone" }, "status"},
		{func(d *property.Details) { d.Bedrooms = property.Some(-1) }, "bedrooms"},
		{func(d *property.Details) { d.Bedrooms = property.Some(property.MaxBedrooms) }, ""},
		{func(d *property.Details) { d.Bedrooms = property.Some(property.MaxBedrooms + 1) }, "bedrooms"},
		{func(d *property.Details) { d.Bedrooms = property.Some(math.MaxInt64/50 + 1) }, "bedrooms"},
		{func(d *property.Details) { d.Bathrooms = some(2_75) }, ""},
		{func(d *property.Details) { d.Bathrooms = some(2_30) }, "bathrooms"},
		{func(d *property.Details) { d.Bathrooms = some(property.MaxBathrooms + 25) }, "bathrooms"},
		{func(d *property.Details) { d.AreaM2 = some(-1) }, "area_m2"},
		{func(d *property.Details) { d.AreaM2 = some(property.MaxAreaM2) }, ""},
		{func(d *property.Details) { d.AreaM2 = some(property.MaxAreaM2 + 1) }, "area_m2"},
		{func(d *property.Details) { d.Coordinates = at(-90, 180) }, ""},
		{func(d *property.Details) { d.Coordinates = at(90.1, 0) }, "latitude"},
		{func(d *property.Details) { d.Coordinates = at(0, -180.1) }, "longitude"},
		{func(d *property.Details) { d.Coordinates = at(math.NaN(), 0) }, "latitude"},
		{func(d *property.Details) { d.Photos = []string{"https://a/1.jpg", "ftp://a/2.jpg"} }, "photos/1"},
		{func(d *property.Details) { d.Photos = []string{"/1.jpg"} }, "photos/0"},
		{func(d *property.Details) { d.Photos = []string{""} }, "photos/0"},
		{func(d *property.Details) { d.Photos = slices.Repeat([]string{"http://a"}, property.MaxPhotos) }, ""},
		{func(d *property.Details) { d.Photos = slices.Repeat([]string{"http://a"}, property.MaxPhotos+1) }, "photos"},
	} {
		d := property.Details{Title: "A", Location: "B"}
		row.edit(&d)
		_, err := d.Checked()
		var invalid *property.InvalidError
		switch {
		case row.field == "" && err != nil:
			t.Errorf("%.100v: %v", d, err)
		case row.field != "" && (!errors.As(err, &invalid) || len(invalid.Fields) != 1 ||
			invalid.Fields[0].Field != row.field):
			t.Errorf("%.100v: error %v, want one about %s", d, err, row.field)
		}
	}
}

func TestAllBrokenRulesAreNamedInTheOrderOfTheFields(t *testing.T) {
	_, err := property.Details{Price: -1, Kind: "castle", Photos: []string{"x", "http://a", "y"}}.Checked()
	want := []string{"title", "price", "location", "kind", "photos/0", "photos/2"}
	var invalid *property.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("the error is %v", err)
	}
	var named []string
	for _, f := range invalid.Fields {
		named = append(named, f.Field)
	}
	if !slices.Equal(named, want) {
		t.Errorf("the error names %v, want %v", named, want)
	}
}

func TestCheckedDetailsStayTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		once, err := porttest.Details().Draw(t, "details").Checked()
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := once.Checked(); err != nil || !twice.Equal(once) {
			t.Fatalf("checked twice the details are\n%+v\nwant\n%+v (error %v)", twice, once, err)
		}
	})
}

func FuzzParseID(f *testing.F) {
	f.Add("0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d11")
	f.Add("0199B3A4-7C1E-7D60-9A3B-5B7F4C2E8D11")
	f.Add("{0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d1}")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := property.ParseID(text)
		if err != nil {
			if !errors.Is(err, property.ErrInvalidID) || id != (property.ID{}) {
				t.Fatalf("ParseID(%q) is %v, error %v", text, id, err)
			}
			return
		}
		if id.String() != strings.ToLower(text) {
			t.Fatalf("ParseID(%q) is written %s", text, id)
		}
	})
}

func TestIDsAreOrderedAsTheirTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawPosition(t).ID, drawPosition(t).ID
		if a.Compare(b) != strings.Compare(a.String(), b.String()) {
			t.Fatalf("%s and %s compare as %d", a, b, a.Compare(b))
		}
	})
}
