package site

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/porttest"
)

func TestPricesAreWrittenAsPeopleWriteThem(t *testing.T) {
	for want, p := range map[string]property.Property{
		"$450,000":             priced(450_000_00, "USD"),
		"HK$21,500.50":         priced(21_500_50, "HKD"),
		"CHF 900,000":          priced(900_000_00, "CHF"),
		"€0.99":                priced(99, "EUR"),
		"$0":                   priced(0, "USD"),
		"£999,999,999,999.99":  priced(property.MaxPrice, "GBP"),
		"¥1,000":               priced(1_000_00, "JPY"),
		"$1,000,000.10":        priced(1_000_000_10, "USD"),
		"NOK 100":              priced(100_00, "NOK"),
		"$-5":                  priced(-5_00, "USD"), // as a preview of a change may show it
		"A$12,345,678,901,234": priced(12_345_678_901_234_00, "AUD"),
	} {
		if got := price(&p); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func priced(amount property.Decimal, currency property.Currency) property.Property {
	return property.Property{Details: property.Details{Price: amount, Currency: currency}}
}

func TestThousandsAreGroupedAndNothingElseIsTouched(t *testing.T) {
	for number, want := range map[string]string{
		"0": "0", "999": "999", "1000": "1,000", "123456": "123,456", "1234567.891": "1,234,567.891", "1000.": "1,000.",
		"": "", ".5": ".5",
		"-1000": "-1000", "1,000": "1,000", "cheap": "cheap", "4.5e5": "4.5e5", "١٢٣٤": "١٢٣٤", "<b>": "<b>",
	} {
		if got := grouped(number); got != want {
			t.Errorf("%q is written %q, want %q", number, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching(`[0-9]{1,40}(\.[0-9]{1,9})?`).Draw(t, "number")
		got := grouped(number)
		whole, _, _ := strings.Cut(got, ".")
		for i, group := range strings.Split(whole, ",") {
			if len(group) != 3 && (i > 0 || len(group) > 3 || group == "") {
				t.Fatalf("%s is written %s", number, got)
			}
		}
		if strings.ReplaceAll(got, ",", "") != number {
			t.Fatalf("%s is written %s", number, got)
		}
	})
}

func TestThingsAreCountedInWords(t *testing.T) {
	for n, want := range map[int64]string{
		0: "no listings", 1: "1 listing", 2: "2 listings", 3_943: "3,943 listings", 1_000_000: "1,000,000 listings",
	} {
		if got := count(n, "listing", "listings"); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

func TestAListingsSizeIsOneLine(t *testing.T) {
	d := property.Details{
		Bedrooms: property.Some(1), Bathrooms: property.Some(property.Decimal(2_25)),
		AreaM2: property.Some(property.Decimal(1_250_50)),
	}
	if got := rooms(&property.Property{Details: d}); got != "1 bed · 2.25 baths · 1,251 m²" {
		t.Error(got)
	}
	d.Bedrooms, d.Bathrooms = property.Some(0), property.Some(property.Decimal(1_00))
	d.AreaM2 = property.Optional[property.Decimal]{}
	if got := rooms(&property.Property{Details: d}); got != "0 beds · 1 bath" {
		t.Error(got)
	}
	if got := rooms(&property.Property{}); got != "" {
		t.Error(got)
	}
	if got := squareFeet(100_00); got != "1,076" {
		t.Errorf("100 m² are %s square feet", got)
	}
}

func TestTheKnownNumbersOfAListingAreListed(t *testing.T) {
	d := porttest.FullListing(t).Details
	d.Bedrooms, d.AreaM2 = property.Optional[int]{}, property.Some(property.Decimal(1_250_50))
	want := []fact{
		{"Bathrooms", "2.25", ""}, {"Area", "1,250.5 m²", "13,460 sq ft"}, {"Lot", "612.35 m²", "6,591 sq ft"},
		{"Year built", "1897", ""}, {"Floor", "-1", ""},
	}
	if got := facts(&property.Property{Details: d}); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestPlacesHaveTheNameThatPeopleKnowThemBy(t *testing.T) {
	for location, want := range map[string]string{
		"Kent, WA 98042": "Kent", "12 Main St, Seattle, WA 98101": "Seattle", "Central & Western, Hong Kong": "Hong Kong",
		"Seattle": "Seattle", "98042": "98042", "": "", ", ,": "", "WA": "WA", "Ely, UK": "Ely", "Rye": "Rye",
		"4 Elm Rd":    "4 Elm Rd",
		" Kent , WA ": "Kent", "西營盤, 香港": "香港", "<script>": "<script>",
	} {
		if got := placeName(location); got != want {
			t.Errorf("%q is in %q, want %q", location, got, want)
		}
	}
}

// The test reads the sample listings of the program, as an import would store them.
func TestTheRealPlacesHaveNames(t *testing.T) {
	for mapping, known := range map[string][]string{
		"king-county": {"Seattle", "Kent", "Bellevue", "Renton"}, "hong-kong": {"Hong Kong"},
	} {
		seen := map[string]int{}
		for _, p := range sampleListings(t, mapping) {
			name := placeName(p.Location)
			if seen[name]++; name == "" || strings.ContainsFunc(name, unicode.IsDigit) || strings.Contains(name, ",") ||
				len([]rune(name)) > 40 {
				t.Errorf("%s: %q is in %q", mapping, p.Location, name)
			}
		}
		for _, name := range known {
			if seen[name] == 0 {
				t.Errorf("%s: no listing is in %s; there are %v", mapping, name, seen)
			}
		}
	}
}

// sampleListings returns the good rows of a sample of real data.
func sampleListings(t *testing.T, mapping string) []property.Property {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "configs", "samples", mapping+".csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := listingfile.BuiltinMapping(mapping)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := listingfile.NewReader(f, listingfile.Options{Mapping: m})
	if err != nil {
		t.Fatal(err)
	}
	var listings []property.Property
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return listings
		}
		if err != nil {
			t.Fatal(err)
		}
		p, err := property.New(property.ID{15: byte(len(listings)), 14: byte(len(listings) >> 8)}, row.Details, time.Now())
		if row.Err == nil && err == nil {
			listings = append(listings, p)
		}
	}
}
