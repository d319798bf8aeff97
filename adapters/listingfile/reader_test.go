package listingfile_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/domain/property"
)

// lineOf describes each record in one line.
func lineOf(records []property.Record) string {
	var out strings.Builder
	for _, r := range records {
		fmt.Fprintf(&out, "%d ", r.Line)
		if r.Err != nil {
			fmt.Fprintf(&out, "%v\n", strings.TrimSpace(strings.TrimPrefix(r.Err.Error(), "invalid: ")))
			continue
		}
		fmt.Fprintf(&out, "%s=%s\n", r.Details.Title, r.Details.Price)
	}
	return out.String()
}

func TestCSVIsReadHoweverItIsWritten(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"plain":           {"title,price,location\nA,1,L\nB,2.5,L\n", "2 A=1.00\n3 B=2.50\n"},
		"no last newline": {"title,price,location\nA,1,L", "2 A=1.00\n"},
		"BOM, CRLF, semicolons, blank lines": {
			"\xef\xbb\xbftitle;price;location\r\n\r\nA, b;1;L\r\n  \r\nB;2;L\r\n", "3 A, b=1.00\n5 B=2.00\n",
		},
		"quotes":       {"title,\"price\",location\n\"A \"\"x\"\", y\",\"1\",L\n", "2 A \"x\", y=1.00\n"},
		"line breaks":  {"description,title,price,location\n\"a\r\nb\n\nc\",A,1,L\nd,B,2,L\n", "2 A=1.00\n6 B=2.00\n"},
		"other order":  {"location,id,price,title,version\nL,x,1,A,9\n", "2 A=1.00\n"},
		"scientific":   {"title,price,location\nA,1.225e+006,L\n", "2 A=1225000.00\n"},
		"header alone": {"title,price,location\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			records, err := readAll(t, strings.NewReader(c.file), listingfile.Options{})
			if got := lineOf(records); err != nil || got != c.want {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestBadRowsAreReportedAndTheRestGoesIn(t *testing.T) {
	long := strings.Repeat("x", 300<<10)
	for name, c := range map[string]struct{ row, want string }{
		"too few cells":     {"A,1", "has 2 cells, but the header has 4"},
		"too many cells":    {"A,1,L,h,x", "has 5 cells, but the header has 4"},
		"bare quote":        {`A 5" pipe,1,L,`, "has a quotation mark inside cell 1, which is not quoted"},
		"text after quotes": {`"A"b,1,L,`, "has text after the closing quotation mark of cell 1"},
		"open quote":        {`A,1,"L,`, "has a quoted cell that does not end"},
		"too long":          {long + ",1,L,", "is longer than 262144 bytes"},
		"too long in quotes": {`"` + strings.Repeat(long[:1000]+"\n", 300),
			"has a quoted cell that does not end within 262144 bytes"},
		"not UTF-8":         {"A,1,Zürich L\xff,", "is not valid UTF-8 in column location"},
		"NUL":               {"A\x00,1,L,", "has a NUL character in column title"},
		"control character": {"A\x07,1,L,", "title must not contain the control character U+0007"},
		"no price":          {"A,,L,", "price is required"},
		"price is text":     {"A,ten,L,", `price must be a decimal number (column price is "ten")`},
		"price with comma": {
			"A,\"1,50\",L,", `price must be written as 150 or as 1.50, not "1,50", which could be either`,
		},
		"price too precise": {"A,1234.567,L,",
			`price must have at most two digits after the point, in every currency, unlike "1234.567"`},
		"price with a point": {
			"A,450.000,L,", `price must be written as 450000 or as 450.00, not "450.000", which could be either`,
		},
		"price in hex":   {"A,0x10,L,", `price must be a decimal number (column price is "0x10")`},
		"price too high": {"A,1e25,L,", `price is out of range: "1e25"`},
		"negative price": {"A,-1,L,", "price must be from 0 to 999999999999.99, not -1"},
		"unknown kind": {"A,1,L,castle", `kind must be one of house, apartment, townhouse, room, land, commercial, other, ` +
			`not "castle"`},
		"no title": {" ,1,L,", "title must not be empty"},
		"several":  {",x,,igloo", `price must be a decimal number (column price is "x")`},
	} {
		t.Run(name, func(t *testing.T) {
			file := "title,price,location,kind\nfirst,1,L,house\n" + c.row + "\nlast,2,L,land\n"
			records, err := readAll(t, strings.NewReader(file), listingfile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := lineOf(records)
			if !strings.HasPrefix(got, "2 first=1.00\n3 "+c.want+"\n") || !strings.HasSuffix(got, " last=2.00\n") {
				t.Errorf("got %.500s", got)
			}
		})
	}
}

func TestBadPlacesRoomsAndPhotosAreReported(t *testing.T) {
	header := "title,price,location,bedrooms,bathrooms,latitude,longitude,photos\n"
	for row, want := range map[string]string{
		"2.5,,,,":           `bedrooms must be a whole number, not "2.5"`,
		",1.3,,,":           "bathrooms must be in quarters such as 2.25, not 1.3",
		",,47,,":            "longitude is required with latitude",
		",,,8,":             "latitude is required with longitude",
		",,north,8,":        `latitude must be a decimal number (column latitude is "north")`,
		",,91,8,":           "latitude must be from -90 to 90 degrees",
		`,,,,"[""x"""`:      "photos must be addresses separated by spaces, or a JSON array of them",
		",,,,ftp://x/a.jpg": "photos/0 must be an http or https address",
	} {
		records, err := readAll(t, strings.NewReader(header+"A,1,L,"+row+"\n"), listingfile.Options{})
		if got := lineOf(records); err != nil || got != "2 "+want+"\n" {
			t.Errorf("%s: got %q, %v", row, got, err)
		}
	}
}

func TestFilesThatCannotBeReadSaySo(t *testing.T) {
	kc := listingfile.Options{Mapping: builtin(t, "king-county")}
	for name, c := range map[string]struct {
		file string
		o    listingfile.Options
		want string
	}{
		"empty":     {"", listingfile.Options{}, "the file is empty"},
		"empty CSV": {"", listingfile.Options{Format: listingfile.CSV}, "the file is empty"},
		"blank":     {" \n\n", listingfile.Options{}, "the file is empty"},
		"UTF-32": {"\xff\xfe\x00\x00t\x00\x00\x00", listingfile.Options{},
			"line 1: the file is in UTF-32; save it as UTF-8"},
		"unknown column": {"title,price,location,bedroom\n", listingfile.Options{},
			"line 1: the file has 1 column that the mapping gable does not know: bedroom"},
		"missing columns": {"title\n", listingfile.Options{},
			"line 1: the file lacks 2 columns, which the mapping gable needs: price, location"},
		"wrong mapping": {"title,price,location\n", kc,
			"line 1: the file lacks 17 columns, which the mapping king-county needs: bathrooms, bedrooms, " +
				"condition, date, floors, grade, id, lat, long, sqft_basement, sqft_living, " +
				"sqft_lot, view, waterfront, yr_built, yr_renovated, zipcode"},
		"twice": {"title,price,title\n", listingfile.Options{}, "line 1: the file has two columns called title"},
		"broken header": {"title,\"price\n", listingfile.Options{},
			"line 1: the file has no header: the first line has a quoted cell that does not end"},
		"no gzip": {"\x1f\x8bxxxxxxxxxxx", listingfile.Options{}, "the file is not valid gzip: gzip: invalid header"},
		"format":  {"x", listingfile.Options{Format: "xml"}, `unknown file format "xml"`},
		"broken array": {`[{"ListPrice":1},`, listingfile.Options{},
			"line 1: the file ends inside a list of records"},
		"broken record": {"[\n{\"ListPrice\":1", listingfile.Options{},
			"line 2: the file ends inside the record that begins here"},
		"not records": {`[1]`, listingfile.Options{},
			"line 1: the file has something that is not a record: not the beginning of a record"},
		"broken envelope": {
			`{"value":[],"x":{"y`, listingfile.Options{}, "line 1: the file ends inside the object around its records",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := readAll(t, strings.NewReader(c.file), c.o); err == nil || err.Error() != c.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

func zipped(t testing.TB, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = io.WriteString(w, text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestGzipIsRecognised(t *testing.T) {
	for _, file := range []string{"title,price,location\nA,1,L\n", `{"title":"A","price":1,"location":"L"}`} {
		records, err := readAll(t, bytes.NewReader(zipped(t, file)), listingfile.Options{})
		if err != nil || len(records) != 1 || records[0].Details.Title != "A" {
			t.Errorf("%s: %v, %v", file, records, err)
		}
	}
}

func TestTruncatedGzipEndsWithTheLine(t *testing.T) {
	var file strings.Builder
	file.WriteString("title,price,location\n")
	for i := range 20_000 {
		fmt.Fprintf(&file, "house %d %x,1,L\n", i, i*7919)
	}
	whole := zipped(t, file.String())
	records, err := readAll(t, bytes.NewReader(whole[:len(whole)/2]), listingfile.Options{})
	var broken *listingfile.FileError
	if !errors.As(err, &broken) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("got %v", err)
	}
	if len(records) < 1000 || broken.Line != len(records)+2 {
		t.Errorf("%d records, and then line %d", len(records), broken.Line)
	}
}

func TestNDJSONIsStrict(t *testing.T) {
	file := strings.Join([]string{
		`{"title":"A","price":"1.50","location":"L","id":"x","version":3}`,
		``,
		`{"title":"B","price":1,"location":"L","bedroom":3}`,
		`{"title":"C","title":"C","price":1,"location":"L"}`,
		`{"title":"D","price":true,"location":"L"}`,
		`{"title":"E","price":1,"location":"L"`,
		`{"title":"F","price":1,"location":"` + strings.Repeat("x", 300<<10) + `"}`,
		`{"title":"G` + "\xff" + `","price":1,"location":"L"}`,
		`{"title":"H","price":1,"location":"L"} {}`,
		`{"title":"I","price":1,"location":"L"}`,
	}, "\n")
	records, err := readAll(t, strings.NewReader(file), listingfile.Options{Encoding: listingfile.UTF8})
	want := `1 A=1.50
3 bedroom is not a member of a listing
4 title comes twice
5 price must be a decimal number, as text or as a number
6 is not valid JSON: unexpected end of JSON input (byte 37 of the line)
7 is longer than 262144 bytes
8 is not valid UTF-8 (byte 11 of the line)
9 is not valid JSON: invalid character '{' after top-level value (byte 40 of the line)
10 I=1.00
`
	if got := lineOf(records); err != nil || got != want {
		t.Errorf("got\n%s%v", got, err)
	}
}

func TestRESOComesInManyShapes(t *testing.T) {
	record := `{"ListingId":"a","City":"Rome","ListPrice":1,"StandardStatus":"Active"}`
	long := `{"ListingId":"b","PublicRemarks":"` + strings.Repeat("x", 300<<10) + `"}`
	for file, want := range map[string]string{
		record:                              "1 Property in Rome=1.00\n",
		"\n" + record + "\n" + record:       "2 Property in Rome=1.00\n3 Property in Rome=1.00\n",
		"[" + record + ",\n" + record + "]": "1 Property in Rome=1.00\n2 Property in Rome=1.00\n",
		"[]":                                "",
		`{"@odata.count":1,"value":[` + record + `],"x":[{"a":"]}"}]}`: "1 Property in Rome=1.00\n",
		"[" + long + ",\n" + record + "]": "1 is longer than 262144 bytes\n" +
			"2 Property in Rome=1.00\n",
		`[{"ListPrice":1,},` + "\n" + record + "]": "1 is not a valid JSON object: " +
			"invalid character '}' looking for beginning of object key string\n" +
			"2 Property in Rome=1.00\n",
		"[" + record[:30] + "\xff" + record[30:] + "]": "1 is not valid UTF-8\n",
	} {
		records, err := readAll(t, strings.NewReader(file), listingfile.Options{Encoding: listingfile.UTF8})
		if got := lineOf(records); err != nil || got != want {
			t.Errorf("%.80s: got %q, %v", file, got, err)
		}
	}
}

func TestDecimalCommasAreReadWithAMapping(t *testing.T) {
	file := filepath.Join(t.TempDir(), "comma.yaml")
	text := `
numbers: {decimal: ",", group: ".", strip: ["€"]}
fields:
  reference: {column: Nr, prefix: de-}
  title: {column: Titel}
  price: {column: Preis, number: true}
  area_m2: {column: Fläche, number: true}
  location: {column: Ort}
  currency: EUR
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	mapping, err := listingfile.ReadMapping(file)
	if err != nil {
		t.Fatal(err)
	}
	csv := "\xef\xbb\xbfNr;Titel;Preis;Fläche;Ort\r\n" +
		"1;\"Haus, hell\";1.234,56 €;120,5;Köln\r\n2;Haus;1,234.56;1;Köln\r\n" +
		"3;Haus;12.34,5;1;Köln\r\n4;Haus;1.5;1;Köln\r\n"
	records, err := readAll(t, strings.NewReader(csv), listingfile.Options{Mapping: mapping})
	if err != nil || len(records) != 4 {
		t.Fatal(records, err)
	}
	d := records[0].Details
	if d.Price != 123456 || d.AreaM2.Value != 12050 || d.Title != "Haus, hell" || d.Reference != "de-1" ||
		d.Currency != "EUR" {
		t.Errorf("got %+v", d)
	}
	for i, r := range records[1:] {
		var invalid *property.InvalidError
		if !errors.As(r.Err, &invalid) || invalid.Fields[0].Field != "price" {
			t.Errorf("row %d is read as %s", i+2, r.Details.Price)
		}
		if r.Details.Reference != fmt.Sprintf("de-%d", i+2) {
			t.Errorf("the reference of row %d is lost", i+2)
		}
	}
}
