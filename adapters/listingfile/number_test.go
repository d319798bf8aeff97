package listingfile_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/ports/porttest"
)

// priceAndArea reads a row with the text in both columns.
func priceAndArea(t *testing.T, text string, m *listingfile.Mapping) (price, area string, err error) {
	t.Helper()
	cell := `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	file := "title,location,price,area_m2\nT,L," + cell + "," + cell + "\n"
	records, err := readAll(t, strings.NewReader(file), listingfile.Options{Mapping: m})
	if err != nil || len(records) != 1 {
		t.Fatalf("%q: %d records, %v", text, len(records), err)
	}
	d := records[0].Details
	return d.Price.Short(), d.AreaM2.Value.Short(), records[0].Err
}

func TestNumbersOfAFileAreReadLikeThoseOfThePages(t *testing.T) {
	for _, c := range porttest.WrittenNumbers() {
		price, area, err := priceAndArea(t, c.Text, nil)
		if c.File != "" {
			if err != nil || price != c.File || area != c.File {
				t.Errorf("%q is a price of %s and an area of %s, %v; want %s", c.Text, price, area, err, c.File)
			}
			continue
		}
		if err == nil {
			t.Errorf("%q is a price of %s", c.Text, price)
			continue
		}
		for _, field := range []string{"price ", "area_m2 "} {
			if !strings.Contains(err.Error(), field+"must be") {
				t.Errorf("%q: %v does not name %s", c.Text, err, field)
			}
		}
		for _, reading := range c.Readings {
			if !strings.Contains(err.Error(), reading) {
				t.Errorf("%q: %v does not name %s", c.Text, err, reading)
			}
		}
	}
}

// A mapping says how its file writes numbers.
func TestAMappingSaysHowNumbersAreWritten(t *testing.T) {
	for numbers, texts := range map[string]map[string]string{
		`{decimal: ",", group: "."}`: {
			"450.000": "450000", "1.234,56": "1234.56", "1,5": "1.5", "1,250": "1.25", "1.250,00": "1250", "1.5": "",
			"1 250": "", "1250-": "", "１.２５０": "1250",
		},
		`{decimal: ",", group: " "}`: {"1\u202f250,5": "1250.5", "1 250": "1250", "1\u2009250": "1250", "1.250": ""},
		`{group: "'"}`:               {"1'250": "1250", "1’250.50": "1250.5", "1.250": "1.25", "1,250": ""},
		`{decimal: "."}`:             {"450.000": "450", "1,250": ""},
		`{group: ",", strip: ["$"]}`: {"$1,250.50": "1250.5", "1,5": "", "12,34,567": "", "€5": ""},
	} {
		m, err := writeMapping(t, "numbers: "+numbers+"\nfields: own\n")
		if err != nil {
			t.Fatal(err)
		}
		for text, want := range texts {
			price, area, err := priceAndArea(t, text, m)
			if (want == "") != (err != nil) || want != "" && (price != want || area != want) {
				t.Errorf("%s: %q is a price of %s and an area of %s, %v; want %s", numbers, text, price, area, err, want)
			}
		}
	}
	for _, numbers := range []string{
		`{decimal: ",,"}`, `{group: "1"}`, `{decimal: "-"}`, `{group: "."}`, `{decimal: ",", group: ","}`,
		`{decimal: " ", group: "\u00a0"}`,
	} {
		_, err := writeMapping(t, "numbers: "+numbers+"\nfields: own\n")
		if err == nil {
			t.Errorf("the mapping accepts numbers %s", numbers)
		}
	}
}

// A point in degrees is always one before decimals.
func TestDegreesOfAFileAreNeverAmbiguous(t *testing.T) {
	for text, want := range map[string]float64{"47.606": 47.606, "7.250": 7.25, "-47.606": -47.606, "4.7606e1": 47.606} {
		file := "title,location,price,latitude,longitude\nT,L,1," + text + ",8.125\n"
		records, err := readAll(t, strings.NewReader(file), listingfile.Options{})
		if err != nil || records[0].Err != nil || records[0].Details.Coordinates.Value.Latitude != want {
			t.Errorf("%s is %+v, %v", text, records, err)
		}
	}
	file := "title,location,price,latitude,longitude\nT,L,1," + strconv.Quote("47,606") + ",8.125\n"
	records, err := readAll(t, strings.NewReader(file), listingfile.Options{})
	if err != nil || records[0].Err == nil || !strings.Contains(records[0].Err.Error(), "latitude") {
		t.Errorf("a comma in degrees: %+v, %v", records, err)
	}
}
