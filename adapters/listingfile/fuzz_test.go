package listingfile_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/domain/property"
)

// readEverything reads a file to its end, or to the error that ends it, and writes every record as rejected. Whatever
// the file is, its lines come in order, its rows are bounded and its errors are of the kinds that callers know.
func readEverything(t *testing.T, file []byte, o listingfile.Options) {
	o.MaxText = 1 << 20
	r, err := listingfile.NewReader(bytes.NewReader(file), o)
	if err != nil {
		var broken *listingfile.FileError
		if !errors.As(err, &broken) && !errors.Is(err, listingfile.ErrTooMuchText) {
			t.Fatal(err)
		}
		return
	}
	defer r.Close()
	rejects := listingfile.NewRejects(io.Discard, r)
	line := 0
	for {
		record, err := r.Next()
		var broken *listingfile.FileError
		if errors.Is(err, io.EOF) || errors.As(err, &broken) {
			break
		}
		var invalid *property.InvalidError
		if err != nil || record.Err != nil && !errors.As(record.Err, &invalid) {
			t.Fatalf("%v, %v", err, record.Err)
		}
		if record.Line < line || record.Line < 1 {
			t.Fatalf("line %d comes after line %d", record.Line, line)
		}
		line = record.Line
		if len(record.Raw) > listingfile.MaxRow {
			t.Fatalf("a row has %d bytes", len(record.Raw))
		}
		if record.Err == nil && !utf8.ValidString(record.Details.Title) {
			t.Fatalf("line %d has the title %q", line, record.Details.Title)
		}
		if err := rejects.Add(record, "reason"); err != nil {
			t.Fatal(err)
		}
	}
	if err := rejects.Close(); err != nil {
		t.Fatal(err)
	}
}

// seed adds files of testdata, and the shorter ones among these texts in every encoding.
func seed(f *testing.F, pattern string, texts ...string) {
	names, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(names) == 0 {
		f.Fatalf("%v: no file is like %s", err, pattern)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content[:min(len(content), 4<<10)])
	}
	for _, text := range texts {
		f.Add([]byte(text))
		f.Add([]byte("\xff\xfe" + in(f, little, text)))
		f.Add([]byte(in(f, big, text)))
		f.Add([]byte(in(f, charmap.Windows1252, text)))
		f.Add([]byte(archive(f, "file", text)))
		f.Add(zipped(f, text))
	}
}

func FuzzCSV(f *testing.F) {
	seed(f, "*.csv", "title,price,location\nA,1,L\n\"B\n\",2,Köln\n", "sep=;\r\ntitle;price;location;\r\nA;1;L;;\r\n",
		"title\tprice\tlocation\rA\t1\tL\r", "title|price|location|rejected_because\nA|x|L|why\n")
	f.Fuzz(func(t *testing.T, file []byte) {
		readEverything(t, file, listingfile.Options{})
		readEverything(t, file, listingfile.Options{Format: listingfile.CSV, Encoding: listingfile.Windows1252})
	})
}

func FuzzRESO(f *testing.F) {
	seed(f, "*.json", `{"value":[{"ListPrice":1,"City":"Köln","Media":[{"MediaURL":"http://x/"}]}],"n":[{}]}`,
		"[{\"ListPrice\":1},\n{\"ListPrice\":2,}]")
	f.Fuzz(func(t *testing.T, file []byte) {
		readEverything(t, file, listingfile.Options{})
		readEverything(t, file, listingfile.Options{Format: listingfile.RESO})
	})
}

func FuzzNDJSON(f *testing.F) {
	seed(f, "*.json", `{"title":"A","price":1,"location":"Köln"}`+"\n"+`{"title":1,"rejected_because":"why"}`)
	f.Fuzz(func(t *testing.T, file []byte) {
		readEverything(t, file, listingfile.Options{})
		readEverything(t, file, listingfile.Options{Format: listingfile.NDJSON, Encoding: listingfile.Latin1})
	})
}

// The parts of a workbook are fuzzed rather than its bytes, few of which survive the checks of a zip.
func FuzzXLSX(f *testing.F) {
	whole := workbook(f, []sheet{{"Homes", [][]any{header, row("a-1", "Köln", 1.5, "Here"), row("a-2", true)}}}, nil)
	var parts []string // a name and its content, and so on
	from, err := zip.NewReader(strings.NewReader(whole), int64(len(whole)))
	if err != nil {
		f.Fatal(err)
	}
	for _, part := range from.File {
		content, err := part.Open()
		if err != nil {
			f.Fatal(err)
		}
		text, err := io.ReadAll(content)
		if err != nil {
			f.Fatal(err)
		}
		parts = append(parts, part.Name, string(text))
		f.Add(part.Name, string(text))
	}
	for _, rows := range []string{
		`<row r="9"><c r="XFD1" t="s"><v>99</v></c></row>`, `<row><c t="inlineStr"><is><t>title</t></is></c></row>`,
	} {
		f.Add("xl/worksheets/sheet1.xml", `<worksheet><sheetData>`+rows+`</sheetData></worksheet>`)
	}
	f.Fuzz(func(t *testing.T, part, text string) {
		if strings.HasSuffix(part, "/") {
			t.Skip("a folder")
		}
		var files []string
		for i := 0; i < len(parts); i += 2 {
			if parts[i] != part {
				files = append(files, parts[i], parts[i+1])
			}
		}
		readEverything(t, []byte(archive(t, append(files, part, text)...)), listingfile.Options{})
		readEverything(t, []byte(whole[:min(len(text), len(whole))]+text), listingfile.Options{})
	})
}

func BenchmarkKingCounty(b *testing.B) {
	mapping := builtin(b, "king-county")
	header := "id,date,price,bedrooms,bathrooms,sqft_living,sqft_lot,floors,waterfront,view,condition,grade,sqft_above," +
		"sqft_basement,yr_built,yr_renovated,zipcode,lat,long,sqft_living15,sqft_lot15\n"
	row := "\"6414100192\",\"20141209T000000\",538000,3,2.25,2570,7242," +
		"\"2\",0,0,3,7,2170,400,1951,1991,\"98125\",47.721,-122.319,1690,7639\n"
	file := []byte(header + string(bytes.Repeat([]byte(row), 1000)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readAll(b, bytes.NewReader(file), listingfile.Options{Mapping: mapping}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
