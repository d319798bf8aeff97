package listingfile_test

import (
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/porttest"
)

// without returns all fields but these.
func without(names ...string) property.Fields {
	return property.AllFields.Without(porttest.FieldsNamed(names...))
}

var choices = porttest.FieldsNamed("currency", "offer", "kind", "status")

// lacks reports whether the record has no value for the field, not even an empty one.
func lacks(r property.Record, name string) bool { return r.Absent&porttest.FieldsNamed(name) != 0 }

// lackingFiles are files of one listing, and the fields for which each has no value, not even an empty one.
var lackingFiles = map[string]struct {
	file   string
	absent property.Fields
}{
	"CSV with few columns": {"reference,title,price,location\nR,A,1,L\n", property.AllFields},
	"CSV with an empty cell": {
		"reference,title,price,location,description\nR,A,1,L,\n", without("description"),
	},
	"CSV with a full cell": {"reference,title,price,location,bedrooms\nR,A,1,L,2\n", without("bedrooms")},
	"CSV with empty choices": {
		"reference,title,price,location,status,kind,offer,currency\nR,A,1,L,,,,\n", property.AllFields,
	},
	"CSV with a chosen status": {"reference,title,price,location,status\nR,A,1,L,sold\n", without("status")},
	"CSV with half a place": {
		"reference,title,price,location,latitude\nR,A,1,L,\n", without("latitude", "longitude"),
	},
	"CSV with every column": {
		"title,reference,price,location," + strings.Join(clearable(), ",") + "\nA,R,1,L" +
			strings.Repeat(",", len(clearable())) + "\n", choices,
	},
	"NDJSON with few members": {`{"reference":"R","title":"A","price":1,"location":"L"}`, property.AllFields},
	"NDJSON with a null": {
		`{"reference":"R","title":"A","price":1,"location":"L","bedrooms":null}`, without("bedrooms"),
	},
	"NDJSON with an empty one": {
		`{"reference":"R","title":"A","price":1,"location":"L","photos":[]}`, without("photos"),
	},
	"NDJSON with one half": {
		`{"reference":"R","title":"A","price":1,"location":"L","latitude":null}`, without("latitude", "longitude"),
	},
	"RESO with few members": {`{"ListingId":"R","ListPrice":1,"City":"L"}`, property.AllFields},
	"RESO with a null": {
		`{"ListingId":"R","ListPrice":1,"City":"L","PublicRemarks":null}`, without("description"),
	},
	"RESO without media": {`{"ListingId":"R","ListPrice":1,"City":"L","Media":[]}`, without("photos")},
	"RESO with media of null": {
		`{"ListingId":"R","ListPrice":1,"City":"L","Media":null}`, without("photos"),
	},
	"RESO with a kind of type": {
		`{"ListingId":"R","ListPrice":1,"City":"L","PropertyType":"Land"}`,
		without("kind", "offer"),
	},
	"RESO with a type alone": {
		`{"ListingId":"R","ListPrice":1,"City":"L","PropertyType":"Residential"}`, without("offer"),
	},
	"RESO with a flag alone": {
		`{"ListingId":"R","ListPrice":1,"City":"L","InternetAddressDisplayYN":true}`, property.AllFields,
	},
	"RESO with one of the baths": {
		`{"ListingId":"R","ListPrice":1,"City":"L","BathroomsFull":2}`, without("bathrooms"),
	},
}

func TestAMissingColumnMakesAFieldAbsentAndAnEmptyCellEmptiesIt(t *testing.T) {
	for name, c := range lackingFiles {
		o := listingfile.Options{}
		if strings.HasPrefix(name, "RESO") {
			o.Format = listingfile.RESO
		}
		records, err := readAll(t, strings.NewReader(c.file), o)
		if err != nil || len(records) != 1 || records[0].Err != nil || records[0].Absent != c.absent {
			t.Errorf("%s: %v, %+v; absent %b, want %b", name, err, records, records[0].Absent, c.absent)
		}
	}
}

// A template or a choice among columns is as certain as the columns it reads.
func TestAMadeUpValueIsAbsentWhenWhatItNeedsIs(t *testing.T) {
	for value, absentWithout := range map[string]bool{
		"{column: x}":     true,
		"{column: empty}": false,
		"{first: [{column: x}, {column: empty}]}":              true,
		"{first: [{column: empty}, {column: y}]}":              false,
		"{template: 'a {x}'}":                                  true,
		"{template: 'a {empty}'}":                              false,
		"{template: 'a[ {x}]'}":                                false,
		"{template: ['a {x}', 'b {y}']}":                       false,
		"{column: made}":                                       true,
		"{column: y, none: [Y]}":                               false,
		"{first: [{column: y}, {column: x}], none: [Y]}":       false,
		"{column: y, table: {Y: ''}}":                          false,
		"{column: x, tidy: true, prefix: p}":                   true,
		"{sum: [{column: x}, {column: empty}], prefix: total}": true,
	} {
		m, err := writeMapping(t, "values: {made: {first: [{column: x}]}}\nrequired: []\n"+
			"fields:\n  title: T\n  price: 1\n  location: L\n  description: "+value+"\n")
		if err != nil {
			t.Fatalf("%s: %v", value, err)
		}
		records, err := readAll(t, strings.NewReader("y,empty\nY,\n"), listingfile.Options{Mapping: m})
		if err != nil || records[0].Err != nil || lacks(records[0], "description") != absentWithout {
			t.Errorf("%s: %v, %+v, want absent: %t", value, err, records, absentWithout)
		}
	}
}

func TestANumberThatCouldBeTwoIsRefusedInEveryColumn(t *testing.T) {
	for _, column := range []string{"price", "bathrooms", "area_m2", "bedrooms"} {
		for _, number := range []string{"450.000", "1.250", "2.500", "1.234.567"} {
			file := "reference,title,price,location," + strings.Replace(column, "price", "description", 1) + "\nR,A,"
			if column == "price" {
				file += number + ",L,\n"
			} else {
				file += "1,L," + number + "\n"
			}
			records, err := readAll(t, strings.NewReader(file), listingfile.Options{})
			if err != nil || records[0].Err == nil || !strings.Contains(records[0].Err.Error(), column) ||
				strings.Count(number, ".") == 1 && !strings.Contains(records[0].Err.Error(), strings.ReplaceAll(number, ".", "")) {
				t.Errorf("%s %s: %v, %v", column, number, err, records[0].Err)
			}
		}
	}
}

func TestANumberIsCertainWhereItsMarksAreDeclaredOrItIsAMachines(t *testing.T) {
	read := func(mapping, file string, want property.Decimal) {
		t.Helper()
		m, err := writeMapping(t,
			mapping+"\nfields: {title: T, location: L, price: {column: p, number: true}, area_m2: {column: p, times: 1}}\n")
		if err != nil {
			t.Fatal(err)
		}
		records, err := readAll(t, strings.NewReader(file), listingfile.Options{Mapping: m})
		if want < 0 {
			if err != nil || records[0].Err == nil || !strings.Contains(records[0].Err.Error(), "which could be either") {
				t.Errorf("%s %q: %v, %+v", mapping, file, err, records)
			}
			return
		}
		if err != nil || records[0].Details.Price != want {
			t.Errorf("%s %q: %v, %+v", mapping, file, err, records)
		}
	}
	read("about: x", "p\n450.000\n", -1)
	read("numbers: {strip: ['$']}", "p\n$450.000\n", -1)
	read("numbers: {decimal: '.'}", "p\n450.000\n", 450_00)
	read("numbers: {group: ','}", "p\n450.000\n", 450_00)
	read("numbers: {group: ','}", "p\n\"1,450.500\"\n", 1450_50)
	read("numbers: {decimal: ',', group: '.'}", "p\n450.000\n", 450_000_00)
	read("numbers: {decimal: ','}", "p\n\"450,00\"\n", 450_00)
	read("about: x", "{\"p\": 450.000}\n", 450_00)
	read("about: x", "{\"p\": 2.5}\n", 2_50)
	read("about: x", "{\"p\": \"450.000\"}\n", -1)
	if _, err := writeMapping(t, "numbers: {group: '.'}\nfields: {title: T}"); err == nil {
		t.Error("a point is taken for both marks")
	}
}

// Degrees may have any number of digits after the point.
func TestDegreesAreNeverAmbiguous(t *testing.T) {
	records, err := readAll(t, strings.NewReader("title,price,location,latitude,longitude\nA,1,L,47.606,-122.332\n"),
		listingfile.Options{})
	if at, _ := records[0].Details.Coordinates.Get(); err != nil || at.Latitude != 47.606 || at.Longitude != -122.332 {
		t.Errorf("%v, %+v", err, records)
	}
	for _, degrees := range []string{"0x1p3", "NaN", "Inf", "++4", "1_0"} {
		records, err := readAll(t, strings.NewReader("title,price,location,latitude,longitude\nA,1,L,"+degrees+",1\n"),
			listingfile.Options{})
		if err != nil || records[0].Err == nil || !strings.Contains(records[0].Err.Error(), "latitude") {
			t.Errorf("%s: %v, %+v", degrees, err, records)
		}
	}
}

// clearable returns the fields that an empty cell clears, except the reference.
func clearable() (names []string) {
	for _, f := range property.FieldTable() {
		if !f.Required && !f.Key && f.Type != property.ChoiceField {
			names = append(names, f.Name)
		}
	}
	return names
}
