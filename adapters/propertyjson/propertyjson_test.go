package propertyjson_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/domain/property"
)

var house = property.Property{
	ID:      property.ID{0x01, 0x90, 0xa5, 0xc2, 0x7f, 0x3e, 0x7c, 0x41, 0x9d, 0x5b, 0x2f, 0x6a, 0x8c, 0x1e, 0x4b, 0x70},
	Version: 3,
	Details: property.Details{
		Reference: "7129300520", Source: "mls-a", Title: "3-bedroom house in Seattle",
		Description: "Quiet \"street\"\n<b>&\x01 – ok 🏠",
		Price:       22190000, Currency: "USD", Location: "Seattle, WA 98178", Offer: "sale", Kind: "house", Status: "active",
		Bedrooms: property.Some(3), Bathrooms: property.Some[property.Decimal](225),
		AreaM2: property.Some[property.Decimal](10963), LotM2: property.Some[property.Decimal](52490),
		YearBuilt: property.Some(1955), Floor: property.Some(-1),
		Coordinates: property.Some(property.Coordinates{Latitude: 47.5112, Longitude: -122.257}),
		Photos:      []string{"https://photos.example.com/a.jpg", "https://photos.example.com/b.jpg"},
	},
	CreatedAt: time.Date(2026, 3, 2, 8, 15, 4, 120375000, time.UTC),
	UpdatedAt: time.Date(2026, 3, 14, 10, 26, 53, 0, time.FixedZone("CET", 3600)),
}

const houseJSON = `{"id":"0190a5c2-7f3e-7c41-9d5b-2f6a8c1e4b70","reference":"7129300520","source":"mls-a",` +
	`"title":"3-bedroom house in Seattle","description":"Quiet \"street\"\n<b>&\u0001 – ok 🏠","price":"221900.00",` +
	`"currency":"USD","location":"Seattle, WA 98178","offer":"sale","kind":"house","status":"active","bedrooms":3,` +
	`"bathrooms":2.25,"area_m2":109.63,"lot_m2":524.9,"year_built":1955,"floor":-1,` +
	`"latitude":47.5112,"longitude":-122.257,` +
	`"photos":["https://photos.example.com/a.jpg","https://photos.example.com/b.jpg"],"version":3,` +
	`"created_at":"2026-03-02T08:15:04.120375Z","updated_at":"2026-03-14T09:26:53.000000Z"}`

// firstHouseJSON is the house as the first release writes it.
const firstHouseJSON = `{"id":"0190a5c2-7f3e-7c41-9d5b-2f6a8c1e4b70","reference":"7129300520",` +
	`"title":"3-bedroom house in Seattle","description":"Quiet \"street\"\n<b>&\u0001 – ok 🏠","price":"221900.00",` +
	`"currency":"USD","location":"Seattle, WA 98178","offer":"sale","kind":"house","status":"active","bedrooms":3,` +
	`"bathrooms":2.25,"area_m2":109.63,"latitude":47.5112,"longitude":-122.257,` +
	`"photos":["https://photos.example.com/a.jpg","https://photos.example.com/b.jpg"],"version":3,` +
	`"created_at":"2026-03-02T08:15:04.120375Z","updated_at":"2026-03-14T09:26:53.000000Z"}`

func TestAppendWritesEveryMemberInOrder(t *testing.T) {
	if diff := cmp.Diff(houseJSON, string(propertyjson.Append(nil, &house))); diff != "" {
		t.Error(diff)
	}
}

// The state of a listing without added values is, byte for byte, the text that the first release writes and makes its
// tags from.
func TestAStateIsTheSameInEveryRelease(t *testing.T) {
	bare := house
	fields := property.FieldTable()
	for i, f := range fields {
		if f.Added {
			bare.Details = bare.Completed(property.Fields(0).With(i), &property.Details{})
		}
	}
	if diff := cmp.Diff(firstHouseJSON, string(propertyjson.AppendState(nil, &bare))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(houseJSON, string(propertyjson.AppendState(nil, &house))); diff != "" {
		t.Errorf("the state lacks a value: %s", diff)
	}
}

func TestAppendWritesNullForWhatIsUnknown(t *testing.T) {
	p := property.Property{Details: property.Details{Title: "T", Location: "L", Price: 5}}
	got := string(propertyjson.Append(nil, &p))
	for _, want := range []string{
		`"reference":null`, `"description":""`, `"price":"0.05"`, `"bedrooms":null`, `"bathrooms":null`, `"area_m2":null`,
		`"latitude":null,"longitude":null`, `"photos":[]`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing from %s", want, got)
		}
	}
}

func TestAppendSelectedAlwaysHasTheID(t *testing.T) {
	var fields propertyjson.Selection
	for _, name := range []string{"price", "title"} {
		member, _ := propertyjson.MemberNamed(name)
		fields = fields.With(member)
	}
	want := `{"id":"0190a5c2-7f3e-7c41-9d5b-2f6a8c1e4b70","title":"3-bedroom house in Seattle","price":"221900.00"}`
	if got := string(propertyjson.AppendSelected(nil, &house, fields)); got != want {
		t.Errorf("got %s", got)
	}
}

func TestMemberNamesAreExact(t *testing.T) {
	for _, m := range propertyjson.Members() {
		if got, ok := propertyjson.MemberNamed(m.String()); !ok || got != m {
			t.Errorf("%s is not found by its name", m)
		}
	}
	if _, ok := propertyjson.MemberNamed("Price"); ok {
		t.Error("another case of letters is accepted")
	}
}

func TestDecodeReplacementReadsBackWhatAppendWrote(t *testing.T) {
	got, err := propertyjson.DecodeReplacement([]byte(houseJSON))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(house.Details, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeReadsNumbersExactly(t *testing.T) {
	for text, want := range map[string]property.Decimal{
		`0.10`: 10, `"450000"`: 45000000, `1.225e+006`: 122500000, `999999999999.99`: 99999999999999, `-1`: -100,
		`9007199254740.93`: 900719925474093,
	} {
		got, err := propertyjson.Decode([]byte(`{"title":"T","location":"L","price":` + text + `}`))
		if err != nil || got.Price != want {
			t.Errorf("%s is read as %s, %v", text, got.Price, err)
		}
	}
}

// minimal is a valid listing with more members.
func minimal(more string) string { return ` {"title":"T","location":"L","price":1` + more + "}\r\n" }

func TestDecodeRefusesMembersWithTheirPlace(t *testing.T) {
	for body, want := range map[string]string{
		`[]`:                                    "must be a JSON object",
		`"text"`:                                "must be a JSON object",
		minimal(`,"bedroom":1,"Price":2`):       "bedroom is not a member of a listing; Price is not a member of a listing",
		minimal(`,"a/b~c":{"x":[1,"]"]}`):       "a~1b~0c is not a member of a listing",
		minimal(`,"title":"T"`):                 "title comes twice",
		minimal(`,"pr\u0069ce":1`):              "price comes twice",
		minimal(`,"id":"x","version":1`):        "id is set by the service; version is set by the service",
		minimal(`,"reference":5`):               "reference must be a string",
		minimal(`,"description":null`):          "description must be a string",
		minimal(`,"kind":null,"status":[]`):     "kind must be a string; status must be a string",
		minimal(`,"bedrooms":"3"`):              "bedrooms must be a number or null",
		minimal(`,"area_m2":{}`):                "area_m2 must be a number or null",
		minimal(`,"latitude":true`):             "latitude must be a number or null",
		minimal(`,"photos":"x"`):                "photos must be an array of strings",
		minimal(`,"photos":["http://x/",7,[]]`): "photos/1 must be a string; photos/2 must be a string",
		minimal(`,"description":"\ud800"`):      "description must be a string",
		minimal(`,"\udc00\ud800":1`):            "has a member whose name is not text",
		`{"price":true}`:                        "price must be a decimal number, as text or as a number",
	} {
		_, err := propertyjson.Decode([]byte(body))
		var wrong *propertyjson.MemberError
		if !errors.As(err, &wrong) || wrong.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", body, err, want)
		}
	}
}

func TestDecodeNamesEveryValueThatBreaksARule(t *testing.T) {
	for body, want := range map[string]string{
		`{}`: "title is required; price is required; location is required",
		`{"title":"","location":"L","price":1.234}`: "" +
			"price must have at most two digits after the point, in every currency; " +
			"title must not be empty",
		`{"title":"T","location":"L","price":"x"}`: "price must be a decimal number",
		minimal(`,"reference":"","kind":""`):       "reference must not be empty; kind must not be empty",
		minimal(`,"bedrooms":2.5`):                 "bedrooms must be a whole number",
		minimal(`,"bedrooms":1e30`):                "bedrooms must be from 0 to 1000",
		minimal(`,"bathrooms":1e25`):               "bathrooms must be from 0 to 1000",
		minimal(`,"latitude":1`):                   "longitude is required with latitude",
		minimal(`,"longitude":1`):                  "latitude is required with longitude",
		minimal(`,"latitude":1,"longitude":1e999`): "longitude is out of range",
	} {
		_, err := propertyjson.Decode([]byte(body))
		var invalid *property.InvalidError
		if !errors.As(err, &invalid) || invalid.Error() != "invalid: "+want {
			t.Errorf("%s\n got %v\nwant %s", body, err, want)
		}
	}
}

func TestDecodeRefusesWhatIsNotOneJSONValue(t *testing.T) {
	for body, offset := range map[string]int64{
		"": 0, " \n": 0, `{"title":"T",}`: 14, `{} {}`: 4, `{"title":"` + "\xff" + `"}`: 10, `{"title":"T"`: 12,
		"{\"title\":\"a\x00b\"}": 12, strings.Repeat(`[`, 20_000): 10001, `{'title':1}`: 2,
	} {
		_, err := propertyjson.Decode([]byte(body))
		var syntax *propertyjson.SyntaxError
		if !errors.As(err, &syntax) || syntax.Offset != offset {
			t.Errorf("%.40q: %v", body, err)
		}
	}
}

func TestDecodeBoundsTheErrors(t *testing.T) {
	_, err := propertyjson.Decode([]byte("{" + strings.Repeat(`"x":1,`, 5000) + `"y":1}`))
	var wrong *propertyjson.MemberError
	if !errors.As(err, &wrong) || len(wrong.Fields) != propertyjson.MaxMemberErrors {
		t.Errorf("got %d errors", len(wrong.Fields))
	}
}

func TestMergeChangesOnlyWhatThePatchNames(t *testing.T) {
	got, err := propertyjson.Merge([]byte(`{"price":"219500","status":"sold","longitude":-122.5}`), house.Details)
	if err != nil {
		t.Fatal(err)
	}
	want := house.Details
	want.Price, want.Status = 21950000, property.StatusSold
	want.Coordinates.Value.Longitude = -122.5
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMergeEmptiesWithNull(t *testing.T) {
	var nulls []string
	for _, f := range property.FieldTable() {
		if !f.Required {
			nulls = append(nulls, `"`+f.Name+`":null`)
		}
	}
	got, err := propertyjson.Merge([]byte("{"+strings.Join(nulls, ",")+"}"), house.Details)
	if err != nil {
		t.Fatal(err)
	}
	want := property.Details{Title: house.Title, Price: house.Price, Location: house.Location}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMergeRefuses(t *testing.T) {
	for patch, want := range map[string]string{
		`{"title":null,"location":null}`: "title must be a string; location must be a string",
		`{"price":null}`:                 "price must be a decimal number, as text or as a number",
		`{"version":4}`:                  "version is set by the service",
		`{"latitude":null}`:              "invalid: latitude is required with longitude",
		`[{"op":"remove"}]`:              "must be a JSON object",
	} {
		at := property.Details{
			Title: "T", Location: "L", Coordinates: property.Some(property.Coordinates{Latitude: 1, Longitude: 2}),
		}
		if _, err := propertyjson.Merge([]byte(patch), at); err == nil || err.Error() != want {
			t.Errorf("%s: %v", patch, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(houseJSON))
	f.Add([]byte(minimal(`,"photos":[],"latitude":-0,"longitude":1e-9,"description":"\ud83c\udfe0\/\b"`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := propertyjson.DecodeReplacement(data)
		if err != nil {
			return
		}
		var loose map[string]any
		if json.Unmarshal(data, &loose) != nil || loose["title"] != first.Title {
			t.Fatalf("title is read as %q from %s", first.Title, data)
		}
		text := propertyjson.Append(nil, &property.Property{Details: first})
		second, err := propertyjson.DecodeReplacement(text)
		if first.Currency == "" || first.Offer == "" || first.Kind == "" || first.Status == "" {
			return
		}
		if err != nil || !second.Equal(first) {
			t.Fatalf("%s\nbecame %s: %v", data, text, err)
		}
	})
}

func FuzzAppendStringIsWhatTheStandardLibraryReads(f *testing.F) {
	f.Add("a\"\\\x00\x7f\xff\u2028🏠")
	f.Fuzz(func(t *testing.T, text string) {
		var got string
		if err := json.Unmarshal(propertyjson.AppendString(nil, text), &got); err != nil {
			t.Fatal(err)
		}
		if got != string([]rune(text)) {
			t.Errorf("%q became %q", text, got)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = propertyjson.Append(buf[:0], &house)
	}
}

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := propertyjson.DecodeReplacement([]byte(houseJSON)); err != nil {
			b.Fatal(err)
		}
	}
}
