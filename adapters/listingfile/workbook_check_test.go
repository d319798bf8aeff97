package listingfile_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/gable-listings/gable/adapters/listingfile"
)

// A formula that was written by a program and never computed has no result. Read as an empty cell it would clear what
// is stored.
func TestAFormulaWithoutAResultIsNamed(t *testing.T) {
	file := workbook(t, []sheet{{"Homes", [][]any{header, row("a-1", "A", nil, "Here")}}}, func(f *excelize.File) {
		if err := f.SetCellFormula("Homes", "C2", "1+1"); err != nil {
			t.Fatal(err)
		}
	})
	with := func(result string) string {
		number := strings.NewReplacer(` t="str"`, "", "</f>", "</f>"+result)
		return editPart(t, file, "xl/worksheets/sheet1.xml", number.Replace)
	}
	if _, err := readAll(t, strings.NewReader(file), listingfile.Options{}); err == nil {
		t.Error("a formula of a text is read without a result")
	}
	for _, result := range []string{"", "<v></v>", "<v/>"} { // the last two by openpyxl
		_, err := readAll(t, strings.NewReader(with(result)), listingfile.Options{})
		want := "the file has a formula without a result in cell C2; open it in a spreadsheet and save it"
		if err == nil || err.Error() != want {
			t.Errorf("%q: got %v", result, err)
		}
	}
	records, err := readAll(t, strings.NewReader(with("<v>2</v>")), listingfile.Options{})
	if got := lineOf(records); err != nil || got != "2 A=2.00\n" {
		t.Errorf("with a result: got %q, %v", got, err)
	}
	empty := editPart(t, file, "xl/worksheets/sheet1.xml", func(xml string) string {
		return strings.Replace(xml, "</f>", "</f><v></v>", 1)
	})
	records, err = readAll(t, strings.NewReader(empty), listingfile.Options{})
	if got := lineOf(records); err != nil || got != "2 price is required\n" {
		t.Errorf("with an empty text: got %q, %v", got, err)
	}
}

// The library takes broken XML for the end of a sheet: the rest of the file would be missing without a word.
func TestABrokenSheetIsAnErrorRatherThanItsEnd(t *testing.T) {
	file := workbook(t, []sheet{{"Homes", [][]any{header, row("a-1", "A", 1, "Here"), row("a-2", "B", 2, "Here")}}}, nil)
	for name, edit := range map[string]func(string) string{
		"cut off":     func(xml string) string { return xml[:strings.Index(xml, `<row r="3"`)] },
		"a stray tag": func(xml string) string { return strings.Replace(xml, `<row r="3"`, `</x><row r="3"`, 1) },
	} {
		broken := editPart(t, file, "xl/worksheets/sheet1.xml", edit)
		_, err := readAll(t, strings.NewReader(broken), listingfile.Options{})
		want := "the file is a workbook whose part xl/worksheets/sheet1.xml is broken: "
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAWorkbookThatUnpacksToTooMuchIsRefused(t *testing.T) {
	file := workbook(t, []sheet{{"Homes", [][]any{header, row("a-1", "A", 1, "Here")}}}, nil)
	const sheet1 = "xl/worksheets/sheet1.xml"
	grown := func(part string, text string, n int) string {
		return editPart(t, file, part, func(xml string) string {
			return strings.Replace(xml, "</sheetData>", strings.Repeat(text, n)+"</sheetData>", 1)
		})
	}
	for name, c := range map[string]struct {
		file, want string
		most       int64
	}{
		"rows": {
			grown(sheet1, "<row><c><v>1</v></c></row>", 100_000), "too large once it is unpacked: it has too much text",
			1 << 20,
		},
		"one text":  {grown(sheet1, "x", 2<<20), "is broken: it has a text of more than 1048576 bytes", 0},
		"one row":   {grown(sheet1, "<c/>", 3<<20), "is broken: it has a row of more than 8388608 bytes", 0},
		"many rows": {grown(sheet1, "<row/>", 5<<20), "is broken: it has more than 4194304 rows or texts", 0},
		"pictures": {archive(t, "xl/workbook.xml", "<workbook/>", "xl/media/1.png", strings.Repeat("\x00", 65<<20)),
			"is a workbook with more than 67108864 bytes of pictures and small parts; save its sheet as CSV", 0},
	} {
		if name == "many rows" && testing.Short() {
			continue
		}
		if len(c.file) > 1<<20 {
			t.Errorf("%s: a bomb of %d bytes", name, len(c.file))
		}
		_, err := readAll(t, strings.NewReader(c.file), listingfile.Options{MaxText: c.most})
		if err == nil || !strings.HasSuffix(err.Error(), c.want) ||
			errors.Is(err, listingfile.ErrTooMuchText) != (c.most > 0) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
