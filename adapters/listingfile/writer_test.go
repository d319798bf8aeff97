package listingfile_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/porttest"
)

var listings = []property.Property{
	{
		ID: property.ID{1}, Version: 3, CreatedAt: time.Unix(1, 5000).UTC(), UpdatedAt: time.Unix(2, 0).UTC(),
		Details: property.Details{
			Reference: "a-1", Title: `Flat, "sunny"`, Description: "one\ntwo; three\r\nfour", Price: 12345, Currency: "EUR",
			Location: "Köln", Offer: "rent", Kind: "apartment", Status: "active", Bedrooms: property.Some(0),
			Bathrooms: property.Some[property.Decimal](125), AreaM2: property.Some[property.Decimal](4050),
			Coordinates: property.Some(property.Coordinates{Latitude: 50.9, Longitude: 1e-7}),
			Photos:      []string{"https://x.example/a.jpg", "https://x.example/b.jpg"},
		},
	},
	{
		Details: property.Details{
			Title: "Land", Price: 0, Currency: "USD", Location: "L", Offer: "sale", Kind: "land", Status: "sold",
			Photos: []string{"https://x.example/with space.jpg"},
		},
	},
}

func export(t *testing.T, format listingfile.Format, all []property.Property) string {
	t.Helper()
	var out bytes.Buffer
	w, err := listingfile.NewWriter(&out, format)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if err := w.Write(&all[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestExportsCanBeImported(t *testing.T) {
	for _, format := range []listingfile.Format{listingfile.CSV, listingfile.NDJSON} {
		records, err := readAll(t, strings.NewReader(export(t, format, listings)), listingfile.Options{})
		if err != nil || len(records) != len(listings) {
			t.Fatalf("%s: %d records, %v", format, len(records), err)
		}
		for i, r := range records {
			want := listings[i].Details
			if diff := cmp.Diff(want, r.Details); diff != "" || r.Err != nil {
				t.Errorf("%s: %v %s", format, r.Err, diff)
			}
		}
	}
}

func TestEveryFieldComesBackFromAFile(t *testing.T) {
	full := porttest.FullListing(t)
	for _, format := range []listingfile.Format{listingfile.CSV, listingfile.NDJSON} {
		file := export(t, format, []property.Property{full})
		records, err := readAll(t, strings.NewReader(file), listingfile.Options{})
		if err != nil || len(records) != 1 || records[0].Err != nil || records[0].Absent != 0 {
			t.Fatalf("%s: %v, %+v", format, err, records)
		}
		if diff := cmp.Diff(full.Details, records[0].Details); diff != "" {
			t.Errorf("%s: %s", format, diff)
		}
	}
}

// A text that begins like a formula is not computed by any spreadsheet, and is read back unchanged.
func TestEscapedFormulasAreRestored(t *testing.T) {
	texts := []string{
		"=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1+1)",
		`=HYPERLINK("http://evil.example","x")`, "＝1", "＋1", "－1", "＠1",
		"'", "''=1", "'quoted' house", "plain", "3 = three", "a-b", "=1,2;3", "é=",
	}
	var all []property.Property
	for _, text := range texts {
		d := property.Details{
			Reference: text, Title: text, Description: text, Price: 1, Currency: "USD", Location: text,
			Offer: "sale", Kind: "house", Status: "active",
			Coordinates: property.Some(property.Coordinates{Latitude: -47.5, Longitude: -122.25}),
		}
		all = append(all, property.Property{Details: d})
		d.Description = "\t" + text
		all = append(all, property.Property{Details: d})
		d.Description = "\n" + text
		all = append(all, property.Property{Details: d})
	}
	var out bytes.Buffer
	w, err := listingfile.NewWriter(&out, listingfile.CSV)
	if err != nil {
		t.Fatal(err)
	}
	w.EscapeFormulas = true
	for i := range all {
		if err := w.Write(&all[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(out.Bytes())).ReadAll()
	if err != nil || len(rows) != len(all)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if strings.IndexAny(cell, "=+-@\t\r\n＝＋－＠") == 0 && cell != "-47.5" && cell != "-122.25" {
				t.Errorf("a cell begins a formula: %q", cell)
			}
		}
	}
	records, err := readAll(t, &out, listingfile.Options{})
	if err != nil || len(records) != len(all) {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for i, r := range records {
		if diff := cmp.Diff(all[i].Details, r.Details); diff != "" || r.Err != nil {
			t.Errorf("%v %s", r.Err, diff)
		}
	}
	exact := export(t, listingfile.CSV, all[:1])
	records, err = readAll(t, strings.NewReader(exact), listingfile.Options{})
	if err != nil || records[0].Details.Title != texts[0] || !strings.Contains(exact, ","+texts[0]+",") {
		t.Errorf("without escaping: %v, %s", err, exact)
	}
}

func TestNDJSONLinesAreWhatTheAPIAnswers(t *testing.T) {
	want := string(propertyjson.Append(nil, &listings[0])) + "\n"
	if got := export(t, listingfile.NDJSON, listings[:1]); got != want {
		t.Errorf("got %s", got)
	}
}

func TestCSVHasAHeaderEvenWithoutListings(t *testing.T) {
	want := "id,reference,source,title,description,price,currency,location,offer,kind,status,bedrooms,bathrooms,area_m2," +
		"lot_m2,year_built,floor,latitude,longitude,photos,version,created_at,updated_at\n"
	if got := export(t, listingfile.CSV, nil); got != want {
		t.Errorf("got %s", got)
	}
	row := "00000000-0000-0000-0000-000000000000,,,Land,,0.00,USD,L,sale,land,sold,,,,,,,,," +
		"\"[\"\"https://x.example/with space.jpg\"\"]\",0,0001-01-01T00:00:00.000000Z,0001-01-01T00:00:00.000000Z\n"
	if got := export(t, listingfile.CSV, listings[1:]); got != want+row {
		t.Errorf("got %s", got)
	}
}

func TestListingsAreNotWrittenAsRESO(t *testing.T) {
	if _, err := listingfile.NewWriter(io.Discard, listingfile.RESO); err == nil {
		t.Error("accepted")
	}
}

// writeRejects reads a file and returns its rejects file.
func writeRejects(t *testing.T, file string) string {
	t.Helper()
	r, err := listingfile.NewReader(strings.NewReader(file), listingfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := listingfile.NewRejects(&out, r)
	for {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var invalid *property.InvalidError
		if errors.As(record.Err, &invalid) {
			f := invalid.Fields[0]
			if err := w.Add(record, strings.TrimSpace(f.Field+" "+f.Reason)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestARejectsFileCanBeMendedAndImported(t *testing.T) {
	for name, c := range map[string]struct{ file, rejects, wrong, right string }{
		"csv": {
			"title;price;location;description\r\nA;1;L;\r\nB;\"x\";L;\"b\nc\"\r\n",
			"title;price;location;description;rejected_because\n" +
				"B;\"x\";L;\"b\nc\";\"price must be a decimal number (column price is \"\"x\"\")\"\n",
			`;"x";`, ";2;",
		},
		"csv again": {
			"title,rejected_because,price,location\nA,\"old, reason\",x,L\n",
			"title,rejected_because,price,location\nA,\"price must be a decimal number (column price is \"\"x\"\")\",x,L\n",
			",x,L", ",2,L",
		},
		"ndjson": {
			"{\"title\":\"A\",\"price\":1,\"location\":\"L\"}\n{\"title\":\"B\",\"price\":\"x\",\"location\":\"L\"}",
			"{\"title\":\"B\",\"price\":\"x\",\"location\":\"L\",\"rejected_because\":\"price must be a decimal number\"}\n",
			`"x"`, "2",
		},
		"ndjson again": {
			"{\"title\":\"B\",\"price\":\"x\",\"location\":\"L\",\"rejected_because\":\"old\"}\n",
			"{\"title\":\"B\",\"price\":\"x\",\"location\":\"L\",\"rejected_because\":\"price must be a decimal number\"}\n",
			`"x"`, "2",
		},
		"reso": {
			`[{"City":"Rome","ListPrice":"x"},{"City":"Rome","ListPrice":1},{"City":"Bari","ListPrice":"x"}]`,
			"[\n" + `{"City":"Rome","ListPrice":"x","rejected_because":"price must be a decimal number, not \"x\""},` + "\n" +
				`{"City":"Bari","ListPrice":"x","rejected_because":"price must be a decimal number, not \"x\""}` + "\n]\n",
			`:"x"`, ":2",
		},
		"nothing": {"title,price,location\nA,1,L\n", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := writeRejects(t, c.file)
			if diff := cmp.Diff(c.rejects, got); diff != "" {
				t.Fatal(diff)
			}
			if got == "" {
				return
			}
			records, err := readAll(t, strings.NewReader(strings.ReplaceAll(got, c.wrong, c.right)), listingfile.Options{})
			if err != nil || len(records) == 0 {
				t.Fatal(records, err)
			}
			for _, r := range records {
				if r.Details.Price != 200 || r.Err != nil {
					t.Errorf("the mended row is %+v", r)
				}
			}
		})
	}
}

func TestABrokenJSONLineIsRejectedUnchanged(t *testing.T) {
	if got := writeRejects(t, "{\"title\":\n"); got != "{\"title\":\n" {
		t.Errorf("got %q", got)
	}
}
