package listingfile_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/domain/property"
)

// troublesome are characters that files, spreadsheets and editors treat in a way of their own.
var troublesome = []rune("\r\n\t \"',;=+-@[]{}\\\u00a0\u2028\u200b\ufeff\u00ad\u0301\u3000\uff1d é中👩")

var paths = []string{"", "a b", "ü", "cafe\u0301", "[1]", `"`, ",;", "\u00a0", "'"}

func anyText(name string, most int) func(*rapid.T) string {
	return func(t *rapid.T) string {
		runes := rapid.OneOf(rapid.Rune(), rapid.SampledFrom(troublesome))
		return rapid.StringOfN(runes, 0, most, -1).Draw(t, name)
	}
}

// anyListing draws any listing that can be stored.
func anyListing(t *rapid.T) property.Property {
	d := property.Details{
		Reference: anyText("reference", 20)(t), Title: anyText("title", 40)(t), Location: anyText("location", 40)(t),
		Description: anyText("description", 200)(t),
		Price:       property.Decimal(rapid.Int64Range(0, int64(property.MaxPrice)).Draw(t, "price")),
		Currency:    rapid.SampledFrom([]property.Currency{"USD", "KWD"}).Draw(t, "currency"),
		AreaM2:      property.Some(property.Decimal(rapid.Int64Range(0, int64(property.MaxAreaM2)).Draw(t, "area"))),
		Floor:       property.Some(rapid.IntRange(-10, 200).Draw(t, "floor")),
		Coordinates: property.Some(property.Coordinates{
			Latitude:  rapid.Float64Range(-90, 90).Draw(t, "latitude"),
			Longitude: rapid.Float64Range(-180, 180).Draw(t, "longitude"),
		}),
		Photos: rapid.SliceOfN(rapid.Map(rapid.SampledFrom(paths), func(path string) string {
			return "https://example.com/" + path
		}), 0, 3).Draw(t, "photos"),
	}
	checked, err := d.Checked()
	if err != nil {
		t.Skip(err)
	}
	return property.Property{Details: checked}
}

// What is exported and imported is the same in every field and every character.
func TestAnExportIsReadBackAsItWas(t *testing.T) {
	for name, c := range map[string]struct {
		format listingfile.Format
		escape bool
	}{
		"ndjson": {listingfile.NDJSON, false}, "csv": {listingfile.CSV, false},
		"csv with escaped formulas": {listingfile.CSV, true},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				p := anyListing(rt)
				var out bytes.Buffer
				w, err := listingfile.NewWriter(&out, c.format)
				if err != nil {
					rt.Fatal(err)
				}
				w.EscapeFormulas = c.escape
				if w.Write(&p) != nil || w.Flush() != nil {
					rt.Fatal("the export fails")
				}
				wantSame(t, rt, out.String(), &p)
			})
		})
	}
}

// wantSame says that the file holds the listing and nothing else.
func wantSame(t *testing.T, rt *rapid.T, file string, p *property.Property) {
	records, err := readAll(t, strings.NewReader(file), listingfile.Options{})
	if err != nil || len(records) != 1 || records[0].Err != nil || records[0].Absent != 0 || records[0].Notes != nil {
		rt.Fatalf("%q is %+v, %v", file, records, err)
	}
	got, err := records[0].Details.Checked()
	if diff := cmp.Diff(p.Details, got); diff != "" || err != nil {
		rt.Fatalf("%q: %v\n%s", file, err, diff)
	}
}

// The line ends of a text are not those of its file.
func TestLineEndsInATextStayAsTheyAre(t *testing.T) {
	for _, text := range []string{
		"a\r\nb", "a\rb", "a\nb", "a\r", "a\r\n", "\r\na", "a\n\r\n\rb", "  a  ", "\ta", "a\n\nb",
	} {
		d := property.Details{Title: "T", Price: 1, Currency: "USD", Location: "L", Offer: "sale", Kind: "other",
			Status: "active", Description: text}
		file := export(t, listingfile.CSV, []property.Property{{Details: d}, {Details: d}})
		for name, lines := range map[string]string{"as it is": file, "with CRLF between rows": strings.ReplaceAll(
			strings.Replace(file, "updated_at\n", "updated_at\r\n", 1), "Z\n", "Z\r\n")} {
			records, err := readAll(t, strings.NewReader(lines), listingfile.Options{})
			if err != nil || len(records) != 2 || records[0].Details.Description != text ||
				records[1].Details.Description != text {
				t.Errorf("%+q, %s: %+v, %v", text, name, records, err)
			}
		}
	}
}

// Rejected rows are mended and imported again; mending one cell must not change another.
func TestRejectedRowsRetainTheirLineEnds(t *testing.T) {
	file := "title,price,location,description\n\"A\",x,L,\"one\r\ntwo\rthree\nfour\"\n"
	for range 3 { // from the second time on, the column of reasons is there already
		r, err := listingfile.NewReader(strings.NewReader(file), listingfile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		record, err := r.Next()
		if err != nil || record.Err == nil || record.Details.Description != "one\r\ntwo\rthree\nfour" {
			t.Fatalf("%+q, %v, %v", record.Details.Description, record.Err, err)
		}
		var out bytes.Buffer
		rejects := listingfile.NewRejects(&out, r)
		if rejects.Add(record, "because") != nil || rejects.Close() != nil {
			t.Fatal("the rejects cannot be written")
		}
		file = out.String()
	}
}
