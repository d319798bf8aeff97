package listingfile_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/domain/property"
)

// lease returns a RESO record, edited.
func lease(t *testing.T, edit map[string]any) property.Record {
	t.Helper()
	members := map[string]any{
		"ListingId": "L-1", "ListPrice": 2100, "City": "Reno", "StateOrProvince": "NV",
		"UnparsedAddress": "9 Secret Ln, Reno",
		"PropertyType":    "Residential Lease", "PropertySubType": "Condominium", "StandardStatus": "Active",
		"BedroomsTotal": 2, "LivingArea": 100, "LivingAreaUnits": "Square Meters", "Latitude": 39.5, "Longitude": -119.8,
	}
	maps.Copy(members, edit)
	for name, v := range edit {
		if v == absent {
			delete(members, name)
		}
	}
	text, err := json.Marshal([]any{members})
	if err != nil {
		t.Fatal(err)
	}
	records, err := readAll(t, strings.NewReader(string(text)), listingfile.Options{})
	if err != nil || len(records) != 1 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	return records[0]
}

// absent removes a member.
const absent = "\x00absent"

func TestRESOValuesAreUnderstoodInBothSpellings(t *testing.T) {
	for column, values := range map[string]map[string]string{
		"PropertyType": {
			"Residential Lease": "rent", "ResidentialLease": "rent", "CommercialLease": "rent", "RESIDENTIAL_LEASE": "rent",
			"Residential": "sale", "ResidentialIncome": "sale", "Commercial Sale": "sale",
			"ManufacturedInPark": "sale", "Land": "sale",
		},
		"PropertySubType": {
			"SingleFamilyResidence": "house", "Single Family Residence": "house", "StockCooperative": "apartment",
			"HotelMotel":  "commercial",
			"Hotel/Motel": "commercial", "UnimprovedLand": "land", "ManufacturedOnLand": "house", "Townhouse": "townhouse",
			"MultiFamily": "other",
		},
		"StandardStatus": {
			"ActiveUnderContract": "pending", "Active Under Contract": "pending", "ComingSoon": "active", "Closed": "sold",
			"Expired": "withdrawn",
		},
		"LivingAreaUnits": {"SquareFeet": "9.29", "Square Feet": "9.29", "SquareMeters": "100"},
	} {
		for value, want := range values {
			r := lease(t, map[string]any{column: value})
			got := map[string]string{
				"PropertyType": string(r.Details.Offer), "PropertySubType": string(r.Details.Kind),
				"StandardStatus":  string(r.Details.Status),
				"LivingAreaUnits": r.Details.AreaM2.Value.Short(),
			}[column]
			if r.Err != nil || got != want {
				t.Errorf("%s %s is taken for %q (%v), want %s", column, value, got, r.Err, want)
			}
		}
	}
}

func TestRESOLotsAreInSquareMetres(t *testing.T) {
	for _, c := range []struct {
		members map[string]any
		want    string
	}{
		{map[string]any{"LotSizeArea": 0.25, "LotSizeUnits": "Acres"}, "1011.71"},
		{map[string]any{"LotSizeArea": 5650, "LotSizeUnits": "SquareFeet"}, "524.9"},
		{map[string]any{"LotSizeArea": 612.35, "LotSizeUnits": "Square Meters"}, "612.35"},
		{map[string]any{"LotSizeArea": 612.35}, ""},
		{map[string]any{"LotSizeUnits": "Acres"}, ""},
		{map[string]any{"LotSizeArea": 0.25, "LotSizeSquareFeet": 5650}, "524.9"},
		{map[string]any{"LotSizeAcres": 0.25}, "1011.71"},
	} {
		r := lease(t, c.members)
		got := ""
		if n, ok := r.Details.LotM2.Get(); ok {
			got = n.Short()
		}
		if r.Err != nil || got != c.want {
			t.Errorf("%v: the lot has %q m², want %q (%v)", c.members, got, c.want, r.Err)
		}
	}
	if r := lease(t, map[string]any{"LotSizeArea": 3, "LotSizeUnits": "Tatami"}); r.Err == nil ||
		!strings.Contains(r.Err.Error(), "LotSizeUnits") {
		t.Errorf("an unknown unit gives %+v", r)
	}
}

func TestAYearOfNoughtIsUnknown(t *testing.T) {
	for year, want := range map[any]property.Optional[int]{0: {}, 1965: property.Some(1965), nil: {}} {
		if r := lease(t, map[string]any{"YearBuilt": year}); r.Err != nil || r.Details.YearBuilt != want {
			t.Errorf("%v: %+v, %v", year, r.Details.YearBuilt, r.Err)
		}
	}
}

func TestAFloorIsAWholeNumberWithItsSign(t *testing.T) {
	for cell, want := range map[string]property.Optional[int]{
		"": {}, "0": property.Some(0), " -1 ": property.Some(-1), "-10.0": property.Some(-10), "200": property.Some(200),
	} {
		records, err := readAll(t, strings.NewReader("title,price,location,floor\nT,1,L,"+cell+"\n"), listingfile.Options{})
		if err != nil || records[0].Err != nil || records[0].Details.Floor != want {
			t.Errorf("%q: %v, %+v", cell, err, records)
		}
	}
	for _, cell := range []string{"-0.5", "-", "--1", "ground", "1st"} {
		records, err := readAll(t, strings.NewReader("title,price,location,floor\nT,1,L,"+cell+"\n"), listingfile.Options{})
		if err != nil || records[0].Err == nil || !strings.Contains(records[0].Err.Error(), "floor") {
			t.Errorf("%q: %v, %+v", cell, err, records)
		}
	}
}

// No built-in mapping makes anything of a value that it does not know.
func TestNoBuiltinMappingGuessesWhatItDoesNotKnow(t *testing.T) {
	rows := map[string]struct{ csv, columns string }{
		"king-county": {"testdata/king-county.csv", "zipcode waterfront view date"},
		"hong-kong":   {"testdata/hong-kong.csv", "room_type has_availability bathrooms_text"},
	}
	for name, c := range rows {
		for _, column := range strings.Fields(c.columns) {
			records := withCell(t, name, c.csv, column, "Wigwam")
			if err := records[0].Err; err == nil || !strings.Contains(err.Error(), column) ||
				!strings.Contains(err.Error(), "Wigwam") {
				t.Errorf("%s, column %s: %v", name, column, err)
			}
		}
	}
	for _, column := range []string{
		"PropertyType", "PropertySubType", "StandardStatus", "LivingAreaUnits", "InternetEntireListingDisplayYN",
		"InternetAddressDisplayYN", "MlgCanView",
	} {
		r := lease(t, map[string]any{column: "Wigwam"})
		if r.Err == nil || !strings.Contains(r.Err.Error(), column) || !strings.Contains(r.Err.Error(), "Wigwam") {
			t.Errorf("reso, column %s: %+v, %v", column, r.Details, r.Err)
		}
	}
	whole := strings.NewReader(
		"id,name,property_type,room_type,price,neighbourhood_cleansed\n1,A,Entire wigwam,Entire home/apt,$5.00,Kent\n")
	m := builtin(t, "hong-kong")
	m.Required = nil
	records, err := readAll(t, whole, listingfile.Options{Mapping: m})
	if err != nil || records[0].Err == nil || !strings.Contains(records[0].Err.Error(), "Entire wigwam") {
		t.Errorf("%v, %v", records, err)
	}
}

// Marks beside digits, and single letters with a sign, make another value.
func TestATableIgnoresNoMarkThatMayMatter(t *testing.T) {
	m, err := writeMapping(t,
		"fields:\n  title: {column: v, table: {12: dozen, B: grade B, Two Words: words, a: small, A: big}}\n  price: 1\n"+
			"  location: L\n")
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{
		"12": "dozen", "1/2": "", "1 2": "", "-12": "", "B": "grade B", "b": "grade B", "B-": "", "B+": "",
		"two_words": "words",
		"TwoWords":  "words", "two-words": "words", "two  words": "", "a": "small", "A": "big",
	} {
		records, err := readAll(t, strings.NewReader("v\n\""+value+"\"\n"), listingfile.Options{Mapping: m})
		if err != nil || records[0].Details.Title != want || (records[0].Err == nil) != (want != "") {
			t.Errorf("%q is %q (%v, %v), want %q", value, records[0].Details.Title, records[0].Err, err, want)
		}
	}
}

func TestAListingThatMayNotBeShownIsRejected(t *testing.T) {
	for _, no := range []any{false, "false", "N", "no", "0", 0} {
		for _, flag := range []string{"InternetEntireListingDisplayYN", "MlgCanView"} {
			if r := lease(t, map[string]any{flag: no}); r.Err == nil || !strings.Contains(r.Err.Error(), flag) {
				t.Errorf("%s %v: %+v, %v", flag, no, r.Details, r.Err)
			}
		}
	}
	for _, yes := range []any{true, "true", "Y", nil, "", absent} {
		for _, flag := range []string{"InternetEntireListingDisplayYN", "MlgCanView", "InternetAddressDisplayYN"} {
			if r := lease(t, map[string]any{flag: yes}); r.Err != nil || r.Details.Location != "9 Secret Ln, Reno" ||
				!r.Details.Coordinates.Valid {
				t.Errorf("%s %v: %+v, %v", flag, yes, r.Details, r.Err)
			}
		}
	}
}

func TestAnAddressThatMayNotBeShownIsInNoField(t *testing.T) {
	for _, edit := range []map[string]any{
		{}, {"UnparsedAddress": absent, "StreetNumber": "9", "StreetName": "Secret", "StreetSuffix": "Ln"},
		{"BedroomsTotal": absent},
		{"Latitude": absent, "Longitude": absent},
	} {
		edit["InternetAddressDisplayYN"] = false
		r := lease(t, edit)
		if shown := fmt.Sprintf("%+v", r.Details); r.Err != nil || strings.Contains(shown, "Secret") ||
			r.Details.Coordinates.Valid {
			t.Errorf("%v: %s, %v", edit, shown, r.Err)
		}
		if r.Details.Location != "Reno, NV" || lacks(r, "latitude") {
			t.Errorf("%v: location %q; coordinates that are stored stay: %t", edit, r.Details.Location,
				lacks(r, "latitude"))
		}
	}
	r := lease(t, map[string]any{"InternetAddressDisplayYN": false, "City": absent, "StateOrProvince": absent})
	if r.Err == nil && r.Details.Location != "" {
		t.Errorf("without a town the location is %q", r.Details.Location)
	}
}

// withCell reads a file after replacing one cell of its first row.
func withCell(t *testing.T, mapping, file, column, text string) []property.Record {
	t.Helper()
	header, rows := csvFile(t, file)
	at := slices.Index(header, column)
	if at < 0 {
		t.Fatalf("%s has no column %s", file, column)
	}
	rows[0][at] = text
	records, err := readAll(t, strings.NewReader(csvText(t, header, rows)),
		listingfile.Options{Mapping: builtin(t, mapping)})
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func csvFile(t *testing.T, file string) (header []string, rows [][]string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all[0], all[1:]
}

func csvText(t *testing.T, header []string, rows [][]string) string {
	t.Helper()
	var out strings.Builder
	if err := csv.NewWriter(&out).WriteAll(append([][]string{header}, rows...)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
