package listingfile_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/domain/property"
)

// media returns a photo of a RESO record, edited.
func media(name string, order any, edit ...any) map[string]any {
	m := map[string]any{"MediaURL": "https://m.example.com/" + name, "Order": order}
	for i := 0; i < len(edit); i += 2 {
		m[edit[i].(string)] = edit[i+1]
	}
	return m
}

// photosOf returns the names of a record's photos.
func photosOf(r property.Record) string {
	var names []string
	for _, address := range r.Details.Photos {
		names = append(names, strings.TrimPrefix(address, "https://m.example.com/"))
	}
	return strings.Join(names, " ")
}

func TestPhotosComeInTheirOrder(t *testing.T) {
	for name, c := range map[string]struct {
		media []any
		want  string
	}{
		"a plan is left out": {[]any{
			media("second.jpg", 2), media("plan.pdf", 3, "MediaCategory", "Document"), media("first.jpg", 1),
		}, "first.jpg second.jpg"},
		"numbers, not texts": {[]any{media("b", 10), media("a", 9), media("c", "11"), media("0", "0")}, "0 a b c"},
		"without an order":   {[]any{media("x", nil), media("b", 2), media("y", nil), media("a", 1)}, "a b x y"},
		"equal ones":         {[]any{media("a", 1), media("b", 1), media("c", 1)}, "a b c"},
		"without an address": {[]any{media("a", 2), map[string]any{"Order": 1}, media("b", 3, "MediaURL", nil)}, "a"},
		"by category": {[]any{
			media("tour", 1, "MediaCategory", "UnbrandedVirtualTour"), media("logo", 2, "MediaCategory", "Office Logo"),
			media("a", 3, "MediaCategory", "Photo"), media("film", 4, "MediaCategory", "Video"),
			media("plan", 5, "MediaCategory", "FloorPlan"), media("agent", 6, "MediaCategory", "Agent Photo"),
			media("b", 7, "MediaCategory", nil),
		}, "a b"},
		"by type": {[]any{
			media("a", 1, "MediaType", "jpeg"), media("b", 2, "MediaType", "image/png"), media("c", 3, "MimeType", "image/webp"),
			media("d", 4, "MediaType", "pdf"), media("e", 5, "MimeType", "video/mp4"), media("f", 6, "MediaType", "Image"),
			media("g", 7, "MediaType", "Video"),
		}, "a b c f"},
		"by permission": {[]any{
			media("a", 1, "Permission", []string{"Public"}), media("b", 2, "Permission", []string{"Office Only"}),
			media("c", 3, "Permission", []string{"Private", "IDX"}), media("d", 4, "Permission", "Private"),
			media("e", 5, "Permission", []string{}),
		}, "a c e"},
	} {
		r := lease(t, map[string]any{"Media": c.media})
		if got := photosOf(r); r.Err != nil || got != c.want || r.Notes != nil {
			t.Errorf("%s: %s (%v, %v), want %s", name, got, r.Err, r.Notes, c.want)
		}
	}
}

// A photo of an unknown class is not shown, and not lost in silence.
func TestUnknownMediaAreNoted(t *testing.T) {
	r := lease(t, map[string]any{"Media": []any{
		media("a", 1), media("b", 2, "MediaCategory", "Drone"), media("c", 3, "MediaCategory", "Vidoe"),
	}})
	want := []property.FieldError{{Field: "photos", Reason: `leave out what has the MediaCategory "Drone", ` +
		`which is not among the values that the mapping knows`}}
	if diff := cmp.Diff(want, r.Notes); diff != "" || r.Err != nil || photosOf(r) != "a" {
		t.Errorf("%s, %v\n%s", photosOf(r), r.Err, diff)
	}
	r = lease(t, map[string]any{"Media": []any{media("c", 3, "MediaCategory", "Videos")}})
	if len(r.Notes) != 1 || !strings.HasSuffix(r.Notes[0].Reason, `did you mean "Video"?`) {
		t.Errorf("%+v", r.Notes)
	}
}

// A limit of photos does not cost the listing.
func TestOfManyPhotosTheFirstFiftyAreImported(t *testing.T) {
	for count, note := range map[int]string{50: "", 51: "are the first 50 of 51", 73: "are the first 50 of 73"} {
		var all []any
		for i := range count {
			all = append(all, media(fmt.Sprint(count-i), count-i))
		}
		r := lease(t, map[string]any{"Media": all})
		_, err := r.Details.Checked()
		if r.Err != nil || err != nil || len(r.Details.Photos) != 50 || !strings.HasPrefix(photosOf(r), "1 2 3 ") ||
			(note == "") != (len(r.Notes) == 0) ||
			note != "" && r.Notes[0] != (property.FieldError{Field: "photos", Reason: note}) {
			t.Errorf("%d: %d photos, %v, %v, notes %v", count, len(r.Details.Photos), r.Err, err, r.Notes)
		}
	}
}

func TestMediaThatAreAbsentLeaveThePhotosAsTheyAre(t *testing.T) {
	for name, c := range map[string]struct {
		media  any
		absent bool
	}{
		"absent": {absent, true}, "null": {nil, false}, "empty": {[]any{}, false},
		"no photo among them": {[]any{media("a", 1, "MediaCategory", "Video")}, false},
	} {
		r := lease(t, map[string]any{"Media": c.media})
		if r.Err != nil || len(r.Details.Photos) != 0 || lacks(r, "photos") != c.absent {
			t.Errorf("%s: %v, %v, absent %t", name, r.Details.Photos, r.Err, lacks(r, "photos"))
		}
	}
	if r := lease(t, map[string]any{"Media": "photo.jpg"}); r.Err == nil ||
		!strings.Contains(r.Err.Error(), "photos must be a JSON array of objects (column Media") {
		t.Errorf("a text for Media: %v", r.Err)
	}
}

// A misspelt value is rejected with the one that was probably meant.
func TestAnUnknownValueIsRejectedWithTheNearestKnownOne(t *testing.T) {
	for column, c := range map[string]struct{ value, nearest string }{
		"PropertyType":    {"Residental Lease", "Residential Lease"},
		"PropertySubType": {"SingleFamilyResidense", "Single Family Residence"},
		"StandardStatus":  {"Activ", "Active"},
		"LivingAreaUnits": {"Square Feets", "Square Feet"},
	} {
		r := lease(t, map[string]any{column: c.value})
		want := fmt.Sprintf("did you mean %q? (column %s is %q)", c.nearest, column, c.value)
		if r.Err == nil || !strings.Contains(r.Err.Error(), want) {
			t.Errorf("%s %s: %v; want %s", column, c.value, r.Err, want)
		}
	}
	r := lease(t, map[string]any{"StandardStatus": "Wigwam"})
	if r.Err == nil || strings.Contains(r.Err.Error(), "did you mean") {
		t.Errorf("%v", r.Err)
	}
}

func TestEveryStandardStatusIsKnown(t *testing.T) {
	for value, want := range map[string]property.Status{
		"Active": "active", "ComingSoon": "active", "Coming Soon": "active", "ActiveUnderContract": "pending",
		"Active Under Contract": "pending", "Pending": "pending", "Closed": "sold", "Canceled": "withdrawn",
		"Cancelled": "withdrawn", "Delete": "withdrawn", "Expired": "withdrawn", "Hold": "withdrawn",
		"Withdrawn": "withdrawn",
	} {
		if r := lease(t, map[string]any{"StandardStatus": value}); r.Err != nil || r.Details.Status != want {
			t.Errorf("%s is %s, %v", value, r.Details.Status, r.Err)
		}
	}
}

// Services send 0 and 0 for a place that they do not know. One of them alone is a place.
func TestNoughtAndNoughtAreNoPlace(t *testing.T) {
	for _, c := range []struct {
		latitude, longitude any
		want                property.Optional[property.Coordinates]
	}{
		{0, 0, property.Optional[property.Coordinates]{}},
		{"0.0", "-0", property.Optional[property.Coordinates]{}},
		{json.Number("0.000000"), json.Number("0.000"), property.Optional[property.Coordinates]{}},
		{0, 9.5, property.Some(property.Coordinates{Longitude: 9.5})},
		{-0.3, 0, property.Some(property.Coordinates{Latitude: -0.3})},
		{0.001, 0.001, property.Some(property.Coordinates{Latitude: 0.001, Longitude: 0.001})},
	} {
		r := lease(t, map[string]any{"Latitude": c.latitude, "Longitude": c.longitude})
		if r.Err != nil || r.Details.Coordinates != c.want || lacks(r, "latitude") {
			t.Errorf("%v, %v: %+v, %v", c.latitude, c.longitude, r.Details.Coordinates, r.Err)
		}
	}
	if r := lease(t, map[string]any{"Latitude": absent, "Longitude": absent}); r.Err != nil || !lacks(r, "latitude") {
		t.Errorf("without a position: %+v, %v", r.Details.Coordinates, r.Err)
	}
}

// The price is required of every listing.
func TestARecordWithoutAPriceIsRejected(t *testing.T) {
	for _, price := range []any{nil, absent, ""} {
		if r := lease(t, map[string]any{"ListPrice": price}); r.Err == nil ||
			!strings.Contains(r.Err.Error(), "price is required") {
			t.Errorf("%v: %+v, %v", price, r.Details.Price, r.Err)
		}
	}
}

func TestTheNextPageOfAnAnswerIsNamed(t *testing.T) {
	record := `{"ListingId":"a","@odata.nextLink":"https://x/of-a-record"}`
	for file, want := range map[string]string{
		`{"value":[` + record + `],"@odata.nextLink":"https://x/2?$skip=1\u0026k=v"}`:     "https://x/2?$skip=1&k=v",
		`{"@odata.context":"c","@odata.nextLink":"https://x/2","value":[` + record + `]}`: "https://x/2",
		`{"value":[],"n":{"@odata.nextLink":"https://x/3"},"a":["@odata.nextLink"]}`:      "",
		`{"value":[],"@odata.nextLink":null}`:                                             "",
		`{"value":[` + record + `]}`:                                                      "",
		`[` + record + `]`:                                                                "",
		record:                                                                            "",
		// Of several pages in a row the last one says whether there are more.
		`{"value":[` + record + `],"@odata.nextLink":"https://x/2"}` + "\n" + `{"value":[` + record + `]}`: "",
		`{"value":[],"@odata.nextLink":"https://x/2"} {"value":[],"@odata.nextLink":"https://x/3"}`:        "https://x/3",
		"title,price,location\nA,1,L\n": "",
	} {
		r, err := listingfile.NewReader(strings.NewReader(file), listingfile.Options{})
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for err == nil {
			_, err = r.Next()
		}
		if got := r.NextPage(); got != want {
			t.Errorf("%s\nnames the next page %q, want %q (%v)", file, got, want, err)
		}
	}
}
