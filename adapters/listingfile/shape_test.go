package listingfile_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/listingfile"
)

func TestCSVIsReadInTheShapesThatProgramsGiveIt(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"semicolons":             {"title;price;location\nA, b;1;L\n", "2 A, b=1.00\n"},
		"tabs":                   {"title\tprice\tlocation\nA, b\t1\tL\n", "2 A, b=1.00\n"},
		"pipes":                  {"title|price|location\nA, b|1|L\n", "2 A, b=1.00\n"},
		"a separator in quotes":  {"\"title\";\"price\";\"location\"\n\"A;b\";1;L\n", "2 A;b=1.00\n"},
		"sep=;":                  {"sep=;\ntitle;price;location\nA;1;L\n", "3 A=1.00\n"},
		"sep=, with CRLF":        {"SEP=,\r\ntitle,price,location\r\nA,1,L\r\n", "3 A=1.00\n"},
		"sep= a tab, in quotes":  {"\"sep=\t\"\ntitle\tprice\tlocation\nA\t1\tL\n", "3 A=1.00\n"},
		"sep= with a mark":       {"\xef\xbb\xbfsep=;\ntitle;price;location\nA;1;L\n", "3 A=1.00\n"},
		"sep=| with more commas": {"sep=|\ntitle|price|location\nA,,,|1|L\n", "3 A,,,=1.00\n"},
		"CR":                     {"title,price,location\rA,1,L\rB,2,L\r", "2 A=1.00\n3 B=2.00\n"},
		"CR, with a quoted LF": {
			"title,price,location\r\"A\nx\",1,L\rB,2,L",
			"2 title must not contain the control character U+000A\n3 B=2.00\n",
		},
		"CR, blank lines":            {"title,price,location\r\r  \rA,1,L\r", "4 A=1.00\n"},
		"empty columns at the end":   {"title,price,location,,\nA,1,L,,\nB,2,L\nC,3,L,\n", "2 A=1.00\n3 B=2.00\n4 C=3.00\n"},
		"empty cells at the end":     {"title,price,location\nA,1,L,,,\nB,2,L,\" \"\n", "2 A=1.00\n3 B=2.00\n"},
		"empty rows":                 {"title,price,location\n,,\nA,1,L\n,,,,,\n ,\"\", \n,\n", "3 A=1.00\n"},
		"empty rows before a header": {";;;\n\n;;;\ntitle;price;location;\nA;1;L;\n", "5 A=1.00\n"},
		"an empty column between": {
			"title,,price,location\nA,,1,L\nB,x,1,L\n",
			"2 A=1.00\n3 has text in cell 2, whose column has no name\n",
		},
		"an index without a name": {
			",title,price,location\n,A,1,L\n0,B,1,L\n",
			"2 A=1.00\n3 has text in cell 1, whose column has no name\n",
		},
		"text beyond the header": {"title,price,location,,\nA,1,L,,x\n", "2 has 5 cells, but the header has 3\n"},
		"a comma without quotes": {"title,price,location,\nA, b,1,L\n", "2 has 4 cells, but the header has 3\n"},
		"cells that lack":        {"title,price,location,kind\nA,1,L\n", "2 has 3 cells, but the header has 4\n"},
	} {
		t.Run(name, func(t *testing.T) {
			records, err := readAll(t, strings.NewReader(c.file), listingfile.Options{})
			if got := lineOf(records); err != nil || got != c.want {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

// A mapping that allows any columns ignores those without a name, as it ignores others that it does not use.
func TestColumnsWithoutANameAreIgnoredWhereAnyColumnsAreAllowed(t *testing.T) {
	mapping, err := writeMapping(t,
		"fields: {reference: {column: n}, title: {column: t}, price: {column: p}, location: Here}\n")
	if err != nil {
		t.Fatal(err)
	}
	records, err := readAll(t, strings.NewReader(",n,t,p\n7,a,A,1\n"), listingfile.Options{Mapping: mapping})
	if got := lineOf(records); err != nil || got != "2 A=1.00\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestASeparatorThatIsNotOneIsNamed(t *testing.T) {
	for file, want := range map[string]string{
		"sep=x\ntitlexprice\n": `line 1: the file names the separator "x"; it may be a comma, a semicolon, a tab or a pipe`,
		"sep=\ntitle,price\n":  `line 1: the file names the separator ""; it may be a comma, a semicolon, a tab or a pipe`,
		"sep=;\n":              "the file is empty",
		",,\n,,\n":             "the file has no header",
	} {
		if _, err := readAll(t, strings.NewReader(file), listingfile.Options{}); err == nil || err.Error() != want {
			t.Errorf("%q: got %v", file, err)
		}
	}
}

// rejected returns the rejects of a file, each with the reason "why".
func rejected(t *testing.T, file string, o listingfile.Options) string {
	t.Helper()
	r, err := listingfile.NewReader(strings.NewReader(file), o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out bytes.Buffer
	rejects := listingfile.NewRejects(&out, r)
	for {
		record, err := r.Next()
		if err != nil {
			break
		}
		if record.Err != nil {
			if err := rejects.Add(record, "why"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := rejects.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestRejectsHaveTheShapeOfTheirSourceAndAreReadAgain(t *testing.T) {
	const mark = "\xef\xbb\xbf"
	for name, c := range map[string]struct{ file, want string }{
		"semicolons": {"title;price;location\n\"A\";x;L\n", "title;price;location;rejected_because\n\"A\";x;L;why\n"},
		"sep=|": {
			"sep=|\ntitle|price|location\nA|x|L\n",
			"sep=|\ntitle|price|location|rejected_because\nA|x|L|why\n",
		},
		"a mark": {
			mark + "title\tprice\tlocation\nA\tx\tL\n",
			mark + "title\tprice\tlocation\trejected_because\nA\tx\tL\twhy\n",
		},
		"Windows-1252": {
			"title,price,location\nCaf\xe9,x,L\n",
			mark + "title,price,location,rejected_because\nCafé,x,L,why\n",
		},
		"CR": {
			"title,price,location\r\"A\rb\",x,L\r",
			"title,price,location,rejected_because\n\"A\nb\",x,L,why\n",
		},
		"columns at the end": {"title,price,location,,\nA,x,L,,\n", "title,price,location,rejected_because\nA,x,L,why\n"},
		"cells at the end": {
			"title,price,location\nA,x,\"L, M\",,\n",
			"title,price,location,rejected_because\nA,x,\"L, M\",why\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := rejected(t, c.file, listingfile.Options{})
			if got != c.want {
				t.Fatalf("got %q, want %q", got, c.want)
			}
			mended := strings.Replace(strings.Replace(got, "x", "1", 1), "A\nb", "A", 1)
			records, err := readAll(t, strings.NewReader(mended), listingfile.Options{})
			if err != nil || len(records) != 1 || records[0].Err != nil || records[0].Details.Price != 100 {
				t.Errorf("mended: %+v, %v", records, err)
			}
		})
	}
}
