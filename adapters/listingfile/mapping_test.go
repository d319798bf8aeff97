package listingfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/domain/property"
)

// writeMapping writes a mapping file, with a table in the same folder, and reads it.
func writeMapping(t *testing.T, yaml string) (*listingfile.Mapping, error) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{"m.yaml": yaml, "t.csv": "code,name\n1,One\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return listingfile.ReadMapping(filepath.Join(folder, "m.yaml"))
}

func TestBuiltinMappingsAreListedAndGood(t *testing.T) {
	names := listingfile.Mappings()
	if want := []string{"gable", "hong-kong", "king-county", "reso"}; !slices.Equal(names, want) {
		t.Errorf("got %v", names)
	}
	for _, name := range names {
		if m := builtin(t, name); m.Name != name || m.About == "" {
			t.Errorf("%s: %+v", name, m)
		}
	}
	for _, name := range []string{"kings-county", "", "../default", "*"} {
		if _, err := listingfile.BuiltinMapping(name); !errors.Is(err, listingfile.ErrNoMapping) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestMistakesInAMappingAreNamedWithTheirLine(t *testing.T) {
	for yaml, want := range map[string]string{
		"":                              "mapping m: is empty",
		"about: x":                      "line 1: a mapping needs fields",
		"fields: {}\nfeilds: {}":        `line 2: a mapping has no key "feilds"`,
		"about: [":                      "mapping m: yaml:",
		"about: a\nabout: b":            `line 2: the key "about" comes twice`,
		"fields:\n  colour: red":        `line 2: a listing has no field "colour"`,
		"fields:\n  version: 1":         `line 2: the field "version" is set by the service`,
		"fields: [x]":                   "line 1: fields must be a map or own",
		"fields: all":                   "line 1: fields must be a map or own",
		"fields:\n  title:":             "line 2: a value must be a map",
		"fields:\n  title: {}":          "line 2: a value needs exactly one of column, template, first, sum and list",
		"fields:\n  title: {colum: a}":  `line 2: a value has no key "colum"`,
		"fields:\n  title: {first: []}": "line 2: must be a list that is not empty",
		"fields:\n  title:\n    first:\n      - {column: a, shorten: x}": "line 4: yaml:",
		"fields:\n  title: {template: 'a {b'}":                           `line 2: { without } in "{b"`,
		"fields:\n  title: {template: '{}'}":                             "line 2: {} names no value",
		"fields:\n  title: {template: 'a [b'}":                           "line 2: [ without ]",
		"fields:\n  title: {template: 'a] b'}":                           `line 2: ] without [ in "a] b"`,
		"fields:\n  title: {template: '{a|upper}'}":                      `line 2: unknown filter "upper"`,
		"fields:\n  title: {column: a, pattern: [{match: '('}]}":         "line 2: error parsing regexp",
		"fields:\n  title: {column: a, else: x}": "line 2: else belongs to " +
			"exactly one of pattern and table",
		"fields:\n  title: {column: a, table: {file: no.csv, key: a, value: b}}": "line 2: table no.csv: open",
		"fields:\n  title: {column: a, table: {file: t.csv, key: a, value: b}}": "line 2: table t.csv: " +
			"has no columns a and b",
		"fields:\n  title: {column: a, table: {file: t.csv, key: code, values: name}}": "line 2: " +
			`a table in a file has no key "values"`,
		"skip: [{is: [x]}]":                   "line 1: a condition needs value and is",
		"numbers: {decimal: ',', group: ','}": "line 1: decimal, which is a point unless it is set, and group must differ",
		"values: {a: 1, a: 2}":                `line 1: the value "a" comes twice`,
	} {
		if _, err := writeMapping(t, yaml); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q\n got %v\nwant %s", yaml, err, want)
		}
	}
}

func TestStepsOfAValue(t *testing.T) {
	for value, want := range map[string]string{
		"fixed":                             "fixed",
		"{column: n}":                       "1234.5",
		"{column: none}":                    "",
		"{column: n, none: [1234.5]}":       "",
		"{column: n, prefix: a-}":           "a-1234.5",
		"{column: none, prefix: a-}":        "",
		"{column: n, times: 0.1}":           "123.45",
		"{column: n, times: 0.01}":          "12.35",
		"{column: n, times: {column: one}}": "1234.5",
		"{sum: [{column: n}, {column: none}, {column: one, times: 0.25}]}": "1234.75",
		"{sum: [{column: none}]}":                                           "",
		"{first: [{column: none}, {column: one}]}":                          "1",
		"{column: one, table: {file: t.csv, key: code, value: name}}":       "One",
		"{column: one, table: {2: two}, else: other}":                       "other",
		"{column: n, pattern: [{match: '(\\d+)\\.(\\d)', value: '$2/$1'}]}": "5/1234",
		"{column: n, pattern: [{match: '\\d+', value: x}], else: y}":        "y",
		"{column: html, html: true, tidy: true}":                            "Sea & sun\n\n• poolnew line",
		"{column: html, html: true, tidy: true, shorten: 12}":               "Sea & sun…",
		"{template: '{one|plural:room,rooms}, {n|thousands}[, {none}]'}":    "1 room, 1,234.5",
		"{template: ['{none} x', '{one} y']}":                               "1 y",
		"{template: 'a[ {one}[ {none}]]'}":                                  "a 1",
	} {
		m, err := writeMapping(t, "fields: {price: 1, location: L, title: T, description: "+value+"}")
		if err != nil {
			t.Errorf("%s: %v", value, err)
			continue
		}
		file := "n,one,none,html\n1234.5,1,,<p>Sea &amp; sun</p><li>pool</li><script>x</script><b>new</b>&nbsp; \u200bline\n"
		records, err := readAll(t, strings.NewReader(file), listingfile.Options{Mapping: m})
		if err != nil {
			t.Errorf("%s: %v", value, err)
			continue
		}
		got := records[0].Details.Description
		if records[0].Err != nil || got != want {
			t.Errorf("%s gives %q, %v; want %q", value, got, records[0].Err, want)
		}
	}
}

func TestAFileWithGablesColumnsMayHaveNumbersInAnotherStyle(t *testing.T) {
	m, err := writeMapping(t, "numbers: {decimal: ',', group: '.'}\nfields: own")
	if err != nil {
		t.Fatal(err)
	}
	o := listingfile.Options{Mapping: m}
	file := "title;price;location;area_m2;latitude;longitude\nA;450.000;L;70,5;-1,5;2\n"
	records, err := readAll(t, strings.NewReader(file), o)
	if err != nil || records[0].Err != nil {
		t.Fatal(err, records)
	}
	d := records[0].Details
	at := property.Coordinates{Latitude: -1.5, Longitude: 2}
	if d.Price != 450_000_00 || d.AreaM2.Value != 70_50 || d.Coordinates.Value != at {
		t.Errorf("read as %+v", d)
	}
	for header, want := range map[string]string{
		"title,location":              "lacks 1 column, which the mapping m needs: price",
		"title,price,location,colour": "has 1 column that the mapping m does not know: colour",
	} {
		if _, err := readAll(t, strings.NewReader(header+"\n"), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", header, err)
		}
	}
	for header := range strings.SplitSeq("id,reference,version,created_at,updated_at,photos", ",") {
		if _, err := readAll(t, strings.NewReader("title,price,location,"+header+"\n"), o); err != nil {
			t.Errorf("%s: %v", header, err)
		}
	}
}

func TestTheGuideToMappingsNamesEveryField(t *testing.T) {
	guide, err := os.ReadFile("../web/docs/guide/import.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range property.FieldTable() {
		if !strings.Contains(string(guide), "`"+f.Name+"`") {
			t.Errorf("%s is missing", f.Name)
		}
	}
}

func TestTheChangesNameEveryAddedField(t *testing.T) {
	changes, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range property.FieldTable() {
		if f.Added && !strings.Contains(string(changes), "Listings have `"+f.Name+"`") {
			t.Errorf("%s is missing", f.Name)
		}
	}
}

func TestSkippedRowsAreCountedAndNotReported(t *testing.T) {
	m, err := writeMapping(t,
		"skip: [{value: {column: kind}, is: [header, total]}]\nfields: {title: {column: kind}, price: 1, location: L}")
	if err != nil {
		t.Fatal(err)
	}
	r, err := listingfile.NewReader(strings.NewReader("kind\nheader\nhouse\ntotal\n"), listingfile.Options{Mapping: m})
	if err != nil {
		t.Fatal(err)
	}
	first, err := r.Next()
	if err != nil || first.Line != 3 {
		t.Errorf("got %+v, %v", first, err)
	}
	if _, err := r.Next(); err == nil || r.Skipped() != 2 {
		t.Errorf("skipped %d, %v", r.Skipped(), err)
	}
}

func TestAnUnknownCodeRejectsTheRowAndNamesTheColumn(t *testing.T) {
	m, err := writeMapping(t,
		"values: {place: {column: zip, table: {1: Rome}}}\nfields: {title: {column: place}, price: 1, location: L}")
	if err != nil {
		t.Fatal(err)
	}
	records, err := readAll(t, strings.NewReader("zip\n1\n2\n"), listingfile.Options{Mapping: m})
	want := "2 Rome=1.00\n3 has a value \"place\" that is not among the values that the mapping knows " +
		"(column zip is \"2\")\n"
	if got := lineOf(records); err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
}
