package listingfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	"github.com/gable-listings/gable/adapters/listingfile"
)

var (
	little = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	big    = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
)

// in returns the text in an encoding.
func in(t testing.TB, e encoding.Encoding, text string) string {
	t.Helper()
	encoded, err := e.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

const western = "title,price,location\n“Café São” für 3 €,1,Zürich\n"

func TestTextIsReadInTheEncodingThatItHas(t *testing.T) {
	for name, c := range map[string]struct {
		file   string
		option listingfile.Encoding
		want   listingfile.Encoding
		said   bool
	}{
		"UTF-8":                    {western, "", "utf-8", false},
		"UTF-8, named":             {western, "utf-8", "utf-8", false},
		"UTF-8 with a mark":        {"\xef\xbb\xbf" + western, "", "utf-8", false},
		"UTF-16, little":           {"\xff\xfe" + in(t, little, western), "", "utf-16", true},
		"UTF-16, big":              {"\xfe\xff" + in(t, big, western), "", "utf-16", true},
		"UTF-16, named":            {"\xfe\xff" + in(t, big, western), "utf-16", "utf-16", true},
		"UTF-16 without a mark":    {in(t, little, western), "", "utf-16", true},
		"UTF-16, big, without":     {in(t, big, western), "", "utf-16", true},
		"UTF-16, big, named":       {in(t, big, western), "utf-16", "utf-16", true},
		"Windows-1252":             {in(t, charmap.Windows1252, western), "", "windows-1252", true},
		"Windows-1252, named":      {in(t, charmap.Windows1252, western), "windows-1252", "windows-1252", false},
		"Windows-1252, compressed": {string(zipped(t, in(t, charmap.Windows1252, western))), "", "windows-1252", true},
		"UTF-16, compressed":       {string(zipped(t, "\xff\xfe"+in(t, little, western))), "", "utf-16", true},
	} {
		t.Run(name, func(t *testing.T) {
			o := listingfile.Options{Encoding: c.option}
			records, err := readAll(t, strings.NewReader(c.file), o)
			if err != nil || len(records) != 1 || records[0].Err != nil ||
				records[0].Details.Title != "“Café São” für 3 €" || records[0].Details.Location != "Zürich" {
				t.Fatalf("%+v, %v", records, err)
			}
			r, err := listingfile.NewReader(strings.NewReader(c.file), o)
			if err != nil || r.Encoding() != c.want || (len(r.Notes()) > 0) != c.said {
				t.Fatalf("it is read as %s, %v, and says %q", r.Encoding(), err, r.Notes())
			}
			if c.said && !strings.Contains(r.Notes()[0], string(c.want)) {
				t.Errorf("it says %q", r.Notes())
			}
			again, err := listingfile.NewReader(strings.NewReader(c.file), r.Settled())
			if err != nil || again.Encoding() != c.want {
				t.Errorf("the second time: %v", err)
			}
		})
	}
}

func TestADetectedEncodingIsSaidWithTheTextThatShowsIt(t *testing.T) {
	file := in(t, charmap.Windows1252, "title,price,location\nA,1,Rome\nB,1,\"Bonn, Köln am Rhein\"\n")
	r, err := listingfile.NewReader(strings.NewReader(file), listingfile.Options{})
	if err != nil || len(r.Notes()) != 1 || !strings.Contains(r.Notes()[0], `windows-1252: "Köln am Rhein" on line 3.`) {
		t.Errorf("%v: %q", err, r.Notes())
	}
}

func TestLatin1IsReadWhenItIsNamed(t *testing.T) {
	file := "title,price,location\nCaf\xe9,1,L\nB\x93,1,L\n"
	records, err := readAll(t, strings.NewReader(file), listingfile.Options{Encoding: listingfile.Latin1})
	want := "2 Café=1.00\n3 title must not contain the control character U+0093\n"
	if got := lineOf(records); err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
}

// asciiRows are more rows than the beginning of a file that is looked at.
func asciiRows() string {
	var rows strings.Builder
	rows.WriteString("title,price,location\n")
	for i := range 10_000 {
		fmt.Fprintf(&rows, "House %d,1,Rome\n", i)
	}
	return rows.String()
}

func TestAnEncodingThatShowsLateIsFound(t *testing.T) {
	file := asciiRows() + "Caf\xe9,1,K\xf6ln\n"
	for name, content := range map[string][]byte{"plain": []byte(file), "compressed": zipped(t, file)} {
		records, err := readAll(t, bytes.NewReader(content), listingfile.Options{})
		if last := len(records) - 1; err != nil || last != 10_000 || records[last].Details.Title != "Café" ||
			records[last].Details.Location != "Köln" {
			t.Errorf("%s: %d rows, %v", name, len(records), err)
		}
	}
	stream := io.MultiReader(strings.NewReader(file)) // which cannot be read again
	records, err := readAll(t, stream, listingfile.Options{})
	if last := len(records) - 1; err != nil || last != 10_000 || records[last].Err == nil ||
		!strings.Contains(records[last].Err.Error(), "is not valid UTF-8 in column title") {
		t.Errorf("a stream: %d rows, %v", len(records), err)
	}
}

func TestDamageInATextInUTF8CostsItsRowsOnly(t *testing.T) {
	file := "title,price,location\nA\xe9,1,L\nCafé,1,L\nÉté,1,L\n"
	want := "2 is not valid UTF-8 in column title\n3 Café=1.00\n4 Été=1.00\n"
	records, err := readAll(t, strings.NewReader(file), listingfile.Options{})
	if got := lineOf(records); err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
}

// Some pairs of letters in Windows-1252 happen to be a character in UTF-8: É… is one.
func TestWindows1252IsFoundAmongPairsThatLookLikeUTF8(t *testing.T) {
	text := "title,price,location\nCAFÉ…,1,L\n" + strings.Repeat("À côté du café,1,L\n", 20)
	records, err := readAll(t, strings.NewReader(in(t, charmap.Windows1252, text)), listingfile.Options{})
	if err != nil || records[0].Details.Title != "CAFÉ…" || records[20].Details.Title != "À côté du café" {
		t.Errorf("%v, %v", records, err)
	}
}

func TestTextInAnUnknownEncodingIsRefusedRatherThanGuessed(t *testing.T) {
	for name, c := range map[string]struct {
		encoding encoding.Encoding
		text     string
	}{
		"Cyrillic": {charmap.Windows1251, "Дом у озера,1,Москва\n"},
		"Greek":    {charmap.ISO8859_7, "Σπίτι στη θάλασσα,1,Αθήνα\n"},
		"Hebrew":   {charmap.Windows1255, "דירה,1,תל אביב\n"},
		"Japanese": {japanese.ShiftJIS, "湖畔の家,1,東京\n"},
		"Chinese":  {simplifiedchinese.GBK, "湖边的房子,1,北京\n"},
	} {
		file := in(t, c.encoding, "title,price,location\n"+strings.Repeat(c.text, 3))
		_, err := readAll(t, strings.NewReader(file), listingfile.Options{})
		want := "line 2: the file is not in UTF-8, and does not look like Windows-1252"
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAMarkThatContradictsTheEncodingIsAnError(t *testing.T) {
	for want, c := range map[string]struct {
		file     string
		encoding listingfile.Encoding
	}{
		"begins with the mark of utf-8, but the encoding is set to windows-1252": {"\xef\xbb\xbftitle\n", "windows-1252"},
		"begins with the mark of utf-16, but the encoding is set to utf-8":       {"\xff\xfet\x00", "utf-8"},
		`cannot be read in "utf-7"`: {"title\n", "utf-7"},
	} {
		_, err := readAll(t, strings.NewReader(c.file), listingfile.Options{Encoding: c.encoding})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A half of a surrogate pair is not a character.
func TestBrokenUTF16CostsItsRowsOnly(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"CSV": {"title,price,location\nA?,1,L\nB,1,L\n", "2 is not valid UTF-16 in column title\n3 B=1.00\n"},
		"NDJSON": {`{"title":"A?","price":1,"location":"L"}` + "\n" + `{"title":"B","price":1,"location":"L"}` + "\n",
			"1 is not valid UTF-16\n2 B=1.00\n"},
	} {
		file := strings.Replace(in(t, little, c.text), "?\x00", "\x00\xd8", 1)
		records, err := readAll(t, strings.NewReader(file), listingfile.Options{})
		if got := lineOf(records); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

// Any text, in any encoding that has its letters, with any separator and line ends, is the same listings.
func TestHoweverAFileIsWrittenItIsTheSameListings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SampledFrom([]rune("abc ;,|\"'äöüéèßñÉ«»–€…")) // of Western languages
		words := rapid.StringOfN(letters, 1, 20, -1).Filter(func(s string) bool { return strings.TrimSpace(s) == s })
		titles := rapid.SliceOfN(words, 1, 20).Draw(t, "titles")
		separator := rapid.SampledFrom([]string{",", ";", "\t", "|"}).Draw(t, "separator")
		end := rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(t, "line end")
		first := rapid.SampledFrom([]string{"", "sep=" + separator + end}).Draw(t, "first line")
		file := first + strings.Join([]string{"title", "price", "location"}, separator) + end
		for _, title := range titles {
			quotedTitle := `"` + strings.ReplaceAll(title, `"`, `""`) + `"`
			file += strings.Join([]string{quotedTitle, "1", "Here"}, separator) + end
		}
		named := rapid.SampledFrom([]listingfile.Encoding{"utf-8", "utf-16", "windows-1252"}).Draw(t, "encoding")
		encoder := map[listingfile.Encoding]encoding.Encoding{
			"utf-8": unicode.UTF8, "utf-16": little, "windows-1252": charmap.Windows1252,
		}[named]
		content, err := encoder.NewEncoder().String(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := listingfile.NewReader(strings.NewReader(content), listingfile.Options{Encoding: named})
		if err != nil {
			t.Fatal(err)
		}
		for i, title := range titles {
			record, err := r.Next()
			if err != nil || record.Err != nil || record.Details.Title != title {
				t.Fatalf("row %d is %q, %v, %v; want %q", i, record.Details.Title, err, record.Err, title)
			}
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("then %v", err)
		}
	})
}
