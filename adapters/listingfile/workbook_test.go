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
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/gable-listings/gable/adapters/listingfile"
)

// sheet is a sheet of a workbook, row by row.
type sheet struct {
	name string
	rows [][]any
}

// workbook returns an .xlsx file; edit may change it before it is written.
func workbook(t testing.TB, sheets []sheet, edit func(*excelize.File)) string {
	t.Helper()
	f := excelize.NewFile()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range sheets {
		if i == 0 {
			check(f.SetSheetName("Sheet1", s.name))
		} else {
			_, err := f.NewSheet(s.name)
			check(err)
		}
		for number, cells := range s.rows {
			at, err := excelize.CoordinatesToCellName(1, number+1)
			check(err)
			check(f.SetSheetRow(s.name, at, &cells))
		}
	}
	if edit != nil {
		edit(f)
	}
	var out bytes.Buffer
	check(f.Write(&out))
	return out.String()
}

func row(cells ...any) []any { return cells }

var header = row("reference", "title", "price", "location")

func TestAWorkbookIsReadWithTheValuesThatItStores(t *testing.T) {
	file := workbook(t, []sheet{{"Homes", [][]any{
		row("reference", "title", "price", "location", "latitude", "longitude", "year_built", "description"),
		row("a-1", "Haus, hell", 450000, "Köln", 50.9375, 6.9603, 1951, "One\nTwo"),
		row(),
		row("a-2", "“Loft”", 1234.5, "Zürich"),
		row(7129300520, "Number", "250000", "Here"),
	}}}, func(f *excelize.File) {
		euros := `#,##0.00\ "€"`
		style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &euros})
		if err != nil || f.SetCellStyle("Homes", "C2", "C5", style) != nil {
			t.Fatal(err)
		}
	})
	records, err := readAll(t, strings.NewReader(file), listingfile.Options{})
	if got := lineOf(records); err != nil || got != "2 Haus, hell=450000.00\n4 “Loft”=1234.50\n5 Number=250000.00\n" {
		t.Fatalf("got %q, %v", got, err)
	}
	first := records[0].Details
	if c, ok := first.Coordinates.Get(); !ok || c.Latitude != 50.9375 || first.Description != "One\nTwo" ||
		first.YearBuilt.Value != 1951 || records[2].Details.Reference != "7129300520" {
		t.Errorf("%+v", records)
	}
	if records[1].Absent != 0 && !lacks(records[1], "kind") {
		t.Errorf("an empty cell at the end counts as a column that is absent: %v", records[1].Absent)
	}
}

// Excel stores 1.1 as 1.1000000000000001, and shows 15 digits.
func TestNumbersOfAWorkbookHaveTheDigitsThatExcelShows(t *testing.T) {
	file := workbook(t, []sheet{{"Homes", [][]any{
		header, row("a-1", "A", "1", "Here"), row("12.345678901234567890x", "B", "2", "Here"),
	}}}, nil)
	file = editPart(t, file, "xl/worksheets/sheet1.xml", func(xml string) string {
		return strings.Replace(xml, `<c r="C2" t="s">`, `<c r="C2"><v>1234.1000000000001</v></c><c r="Z2" t="s">`, 1)
	})
	file = editPart(t, file, "xl/worksheets/sheet1.xml", func(xml string) string { return withoutCell(xml, "Z2") })
	records, err := readAll(t, strings.NewReader(file), listingfile.Options{})
	if got := lineOf(records); err != nil || got != "2 A=1234.10\n3 B=2.00\n" ||
		records[1].Details.Reference != "12.345678901234567890x" {
		t.Errorf("got %q, %v", got, err)
	}
}

// withoutCell removes a cell from the XML of a sheet.
func withoutCell(xml, cell string) string {
	from := strings.Index(xml, `<c r="`+cell+`"`)
	to := from + strings.Index(xml[from:], "</c>") + len("</c>")
	return xml[:from] + xml[to:]
}

// editPart changes a part of a workbook.
func editPart(t testing.TB, file, part string, edit func(string) string) string {
	t.Helper()
	from, err := zip.NewReader(strings.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, f := range from.File {
		content, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == part {
			text = []byte(edit(string(text)))
		}
		files = append(files, f.Name, string(text))
	}
	return archive(t, files...)
}

func TestTheSheetIsTheFirstVisibleOneOrTheOneThatIsNamed(t *testing.T) {
	file := workbook(t, []sheet{
		{"Old", [][]any{header, row("a-1", "Old", 1, "Here")}},
		{"Homes", [][]any{header, row("a-1", "Home", 1, "Here")}},
		{"Notes", [][]any{row("Ask Ann")}},
		{"Empty", nil},
	}, func(f *excelize.File) {
		f.SetActiveSheet(1) // Excel does not hide the active one
		chart := excelize.Chart{Type: excelize.Col, Series: []excelize.ChartSeries{{Name: "x", Values: "Homes!$C$2:$C$3"}}}
		if err := errors.Join(f.SetSheetVisible("Old", false), f.AddChartSheet("Chart", &chart)); err != nil {
			t.Fatal(err)
		}
	})
	file = editPart(t, file, "xl/workbook.xml", func(xml string) string { // so that the chart is the first sheet
		from := strings.Index(xml, `<sheet name="Chart"`)
		to := from + strings.Index(xml[from:], "</sheet>") + len("</sheet>")
		return strings.Replace(xml[:from]+xml[to:], "<sheets>", "<sheets>"+xml[from:to], 1)
	})
	for name, want := range map[string]string{"": "2 Home=1.00\n", "homes": "2 Home=1.00\n", "Old": "2 Old=1.00\n"} {
		records, err := readAll(t, strings.NewReader(file), listingfile.Options{Sheet: name})
		if got := lineOf(records); err != nil || got != want {
			t.Errorf("%q: got %q, %v", name, got, err)
		}
	}
	r, err := listingfile.NewReader(strings.NewReader(file), listingfile.Options{})
	if err != nil || r.Sheet() != "Homes" || r.Format() != listingfile.XLSX || r.Encoding() != "" ||
		len(r.Notes()) != 1 ||
		r.Notes()[0] != `The sheet "Homes" is read. The other sheets are not: Chart, Old, Notes, Empty.` {
		t.Fatalf("%v, it is %+v", err, r)
	}
	_ = r.Close()
	for name, want := range map[string]string{
		"Houses": `the file lacks the sheet "Houses"; its sheets are Chart, Old, Homes, Notes, Empty`,
		"Empty":  `the file has nothing in its sheet "Empty"; its sheets are Chart, Old, Homes, Notes, Empty`,
		"Chart":  `the file has nothing in its sheet "Chart"; its sheets are Chart, Old, Homes, Notes, Empty`,
		"Notes": `line 1: the file has the sheet "Notes", which lacks 3 columns, which the mapping gable needs: ` +
			`title, price, location; other sheets are Chart, Old, Homes, Empty`,
	} {
		_, err := readAll(t, strings.NewReader(file), listingfile.Options{Sheet: name})
		if err == nil || err.Error() != want {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

func TestAWorkbookWithoutRowsIsNamed(t *testing.T) {
	file := workbook(t, []sheet{{"One", nil}, {"Two", [][]any{row(" ")}}}, nil)
	_, err := readAll(t, strings.NewReader(file), listingfile.Options{})
	if err == nil || err.Error() != "the file has no rows in its sheets: One, Two" {
		t.Errorf("got %v", err)
	}
	file = workbook(t, []sheet{{"One", nil}, {"Two", [][]any{nil, row("title", "#REF!"), row("A")}}}, nil)
	_, err = readAll(t, strings.NewReader(file), listingfile.Options{})
	want := "line 2: the file has no header: the first line has the error #REF! of a formula in column 2"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestOptionsThatDoNotFitAWorkbookAreErrors(t *testing.T) {
	file := workbook(t, []sheet{{"Homes", [][]any{header}}}, nil)
	for want, c := range map[string]struct {
		file string
		o    listingfile.Options
	}{
		"the file is a workbook in .xlsx, but the format is set to csv":     {file, listingfile.Options{Format: "csv"}},
		"the file is a workbook in .xlsx, which has no encoding to set":     {file, listingfile.Options{Encoding: "utf-8"}},
		"the file is not a workbook in .xlsx":                               {oneHouse, listingfile.Options{Format: "xlsx"}},
		"the file is not a workbook in .xlsx, so it has no sheet \"Homes\"": {oneHouse, listingfile.Options{Sheet: "Homes"}},
		"the file is packed twice; unpack it once":                          {string(zipped(t, file)), listingfile.Options{}},
	} {
		if _, err := readAll(t, strings.NewReader(c.file), c.o); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestRowsOfAWorkbookAreRejectedLikeThoseOfAFile(t *testing.T) {
	file := workbook(t, []sheet{{"Homes", [][]any{
		append(header, nil, " "),
		row("a-1", "A", "#N/A", "Here"),
		row("a-2", "B", 1, "Here", nil, "note"),
		row("a-3", "C", 3, "Here", nil, " "),
		row("a-4", "#DIV/0!", 1, "Here"),
		row("a-5", strings.Repeat("x", 300<<10), 1, "Here"),
		row(" ", "", nil),
		row("a-6", "#1 in Rome", 6, "Here"),
	}}}, nil)
	records, err := readAll(t, strings.NewReader(file), listingfile.Options{})
	want := "2 has the error #N/A of a formula in column price\n3 has 6 cells, but the header has 4\n4 C=3.00\n" +
		"5 has the error #DIV/0! of a formula in column title\n6 title must have at most 200 characters, not 32767\n" +
		"8 #1 in Rome=6.00\n"
	if got := lineOf(records); err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
	got := rejected(t, file, listingfile.Options{})
	if !strings.HasPrefix(got, "\xef\xbb\xbfreference,title,price,location,rejected_because\na-1,A,#N/A,Here,why\n") {
		t.Errorf("rejects are %.200q", got)
	}
	again, err := readAll(t, strings.NewReader(strings.Replace(got, "#N/A", "1", 1)), listingfile.Options{})
	if err != nil || again[0].Err != nil || again[0].Details.Price != 100 {
		t.Errorf("mended: %+v, %v", again, err)
	}
}

func TestAWorkbookLeavesNoTemporaryFiles(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	t.Setenv("TMP", folder)
	rows := [][]any{header}
	for range 60_000 { // so that the sheet does not fit in memory
		rows = append(rows, row("a-1", "House", 1, "Here, on the long road along the shore"))
	}
	file := workbook(t, []sheet{{"Homes", rows}}, nil)
	began := time.Now()
	r, err := listingfile.NewReader(strings.NewReader(file), listingfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if held, _ := filepath.Glob(filepath.Join(folder, listingfile.TemporaryPattern, "*")); len(held) == 0 {
		t.Error("the sheet is in memory")
	}
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("opened in %s", time.Since(began))
	_, _ = readAll(t, strings.NewReader(file), listingfile.Options{Sheet: "Other"})
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v, %v are left", left, err)
	}
}

// homes.xlsx is read by tests of other packages too.
func TestAWorkbookFromAFileIsRead(t *testing.T) {
	const file = "testdata/homes.xlsx"
	if *update {
		content := workbook(t, []sheet{
			{"Homes", [][]any{
				header, row("a-1", "Haus am See", 450000, "Köln"), row("a-2", "Loft", 1234.5, "Zürich"),
				row("a-3", "Barn", "#N/A", "Yelm"),
			}},
			{"Notes", [][]any{row("Ask Ann")}},
		}, func(f *excelize.File) {
			euros := `#,##0.00\ "€"`
			style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &euros})
			if err != nil || f.SetCellStyle("Homes", "C2", "C4", style) != nil {
				t.Fatal(err)
			}
		})
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	records, err := readAll(t, bytes.NewReader(content), listingfile.Options{})
	want := "2 Haus am See=450000.00\n3 Loft=1234.50\n4 has the error #N/A of a formula in column price\n"
	if got := lineOf(records); err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
}
