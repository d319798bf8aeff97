package transfer

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/gable-listings/gable/adapters/eventbus"
	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/adapters/web/site"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// testUploads bring files into memory.
func testUploads(t *testing.T) *Uploads {
	t.Helper()
	return uploadsIn(t, "HKD")
}

// uploadsIn bring listings without a currency into memory in this one.
func uploadsIn(t *testing.T, currency property.Currency) *Uploads {
	t.Helper()
	bus := eventbus.New(func(string, any) { t.Error("a subscriber panicked") })
	listings := catalog.New(memory.NewPropertyRepository(time.Now), bus, catalog.Options{
		NewID: func() property.ID { return property.ID(uuid.Must(uuid.NewV7())) }, Now: time.Now,
		DefaultCurrency: currency, CatchUp: func(context.Context) error { return nil },
	})
	return &Uploads{listings, NewImports(&config.Config{Imports: config.ImportsConfig{
		MaxBytes: 1 << 20, MaxUnpacked: 1 << 20, MaxRows: 2_000, Timeout: time.Hour, MaxAtOnce: 2,
	}})}
}

func fileOf(content, mapping string) site.ImportFile {
	return site.ImportFile{Content: strings.NewReader(content), Size: int64(len(content)), Mapping: mapping}
}

// stored are the listings by reference.
func (u *Uploads) stored(t *testing.T) map[string]property.Details {
	t.Helper()
	list := map[string]property.Details{}
	search := property.Search{Sort: property.DefaultSort}
	if err := u.catalog.Export(t.Context(), search, func(p *property.Property) error {
		list[p.Reference] = p.Details
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

const uploadedRows = "reference,title,price,currency,location,kind\n" +
	"a-1,First,100,,Here,house\n" +
	"a-2,,200,EUR,There,room\n" +
	"a-3,Third,\"1,000\",EUR,\"There, too\",\n" +
	",Fourth,1,EUR,Here,house\n"

func compressed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAPreviewShowsWhatAnImportStores(t *testing.T) {
	for name, content := range map[string]string{"plain": uploadedRows, "compressed": compressed(t, uploadedRows)} {
		t.Run(name, func(t *testing.T) {
			u := testUploads(t)
			preview, err := u.Preview(t.Context(), fileOf(content, "gable"), 10)
			rows := preview.Rows
			if err != nil || len(rows) != 4 || len(u.stored(t)) != 0 {
				t.Fatalf("%d rows, %v", len(rows), err)
			}
			var rejects bytes.Buffer
			last, fraction := property.ImportReport{}, 0.0
			report, err := u.Import(t.Context(), fileOf(content, "gable"), &rejects,
				func(r property.ImportReport, read float64) { last, fraction = r, read })
			stored := u.stored(t)
			if err != nil || report.Read != 4 || report.Created != len(stored) || last.Read != 4 || fraction <= 0 ||
				fraction > 1 {
				t.Fatalf("%+v, %v", report, err)
			}
			good := 0
			for _, row := range rows {
				if row.Wrong != nil {
					continue
				}
				good++
				if diff := cmp.Diff(row.Details, stored[row.Details.Reference]); diff != "" {
					t.Errorf("line %d: %s", row.Line, diff)
				}
			}
			if good != len(stored) || report.Rejected != len(rows)-good || len(report.Reasons) != report.Rejected ||
				report.Reasons[0].Line != 3 {
				t.Errorf("%d rows look good, %d are stored: %+v", good, len(stored), report)
			}
			if stored["a-1"].Currency != "HKD" || rows[0].Price() != "HK$100" {
				t.Errorf("the first costs %s, and %s", rows[0].Price(), stored["a-1"].Currency)
			}
		})
	}
}

func TestAPreviewReadsNoFurtherThanItIsAskedTo(t *testing.T) {
	u := testUploads(t)
	preview, err := u.Preview(t.Context(), fileOf(uploadedRows+"\"never closed", "gable"), 2)
	if err != nil || len(preview.Rows) != 2 || preview.Rows[1].Line != 3 {
		t.Errorf("%+v, %v", preview, err)
	}
}

func TestAFileThatCannotBeReadIsBrokenAndNothingElse(t *testing.T) {
	u := testUploads(t)
	whole := compressed(t, uploadedRows)
	for name, file := range map[string]site.ImportFile{
		"another kind of file": fileOf("\x89PNG\r\n\x1a\n\x00\x00", "gable"),
		"no known column":      fileOf("colour,size\nblue,1\n", "gable"),
		"an unknown mapping":   fileOf(uploadedRows, "../../etc/passwd"), "no mapping": fileOf(uploadedRows, ""),
		"broken off in the midst": fileOf(whole[:len(whole)-12], "gable"),
		"an unknown encoding":     {Content: strings.NewReader("x"), Size: 1, Mapping: "gable", Encoding: "utf-7"},
		"an unknown sheet":        sheetOf(t, "Houses"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := u.Preview(t.Context(), file, 10)
			_, imported := u.Import(t.Context(), file, io.Discard, func(property.ImportReport, float64) {})
			for _, err := range []error{err, imported} {
				if _, broken := errors.AsType[*property.BrokenFileError](err); !broken || errors.Is(err, ports.ErrUnavailable) {
					t.Errorf("%v", err)
				}
			}
		})
	}
	if n := len(u.stored(t)); n != 0 {
		t.Errorf("%d listings were stored", n)
	}
}

func TestRejectsAreMendedAndImportedWithTheSameMapping(t *testing.T) {
	for name, c := range map[string]struct{ rows, from, to, file string }{
		"csv": {uploadedRows, "a-2,,200", "a-2,Second,200", "listings.rejects.csv"},
		"ndjson": {
			`{"reference":"a-1","title":"First","price":1,"location":"Here"}` + "\n" + `{"reference":"a-2","title":"","price":2,"location":"Here"}` + "\n",
			`"title":""`, `"title":"Second"`, "listings.rejects.ndjson",
		},
	} {
		t.Run(name, func(t *testing.T) {
			u := testUploads(t)
			var rejects bytes.Buffer
			report, err := u.Import(t.Context(), fileOf(c.rows, "gable"), &rejects, func(property.ImportReport, float64) {})
			if err != nil || report.RejectsName != c.file || !strings.Contains(rejects.String(), c.from) ||
				strings.Contains(rejects.String(), "a-1") {
				t.Fatalf("%+v, %v, %s", report, err, rejects.String())
			}
			mended := strings.Replace(rejects.String(), c.from, c.to, 1)
			again, err := u.Import(t.Context(), fileOf(mended, "gable"), io.Discard, func(property.ImportReport, float64) {})
			if err != nil || again.Created != 1 || again.Updated != 0 || u.stored(t)["a-2"].Title != "Second" {
				t.Errorf("%+v, %v", again, err)
			}
			whole, err := u.Import(t.Context(), fileOf(c.rows, "gable"), io.Discard, func(property.ImportReport, float64) {})
			if err != nil || whole.Created != 0 || whole.Unchanged != report.Created {
				t.Errorf("the same file again: %+v, %v", whole, err)
			}
		})
	}
}

func TestEveryMappingSaysWhatItIsFor(t *testing.T) {
	list := testUploads(t).Mappings()
	if len(list) < 3 || list[0].Name != "gable" {
		t.Fatalf("%+v", list)
	}
	for _, m := range list {
		if m.About == "" {
			t.Errorf("%s says nothing", m.Name)
		}
	}
}

// sheetOf is a sheet of a workbook with the sheets Homes and Notes.
func sheetOf(t *testing.T, name string) site.ImportFile {
	t.Helper()
	content, err := os.ReadFile("../../adapters/listingfile/testdata/homes.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	return site.ImportFile{
		Content: bytes.NewReader(content), Size: int64(len(content)), Mapping: listingfile.OwnMapping, Sheet: name,
	}
}

func TestAWorkbookIsImportedAndItsRejectsAreCSV(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir)
	u := testUploads(t)
	var rejects bytes.Buffer
	report, err := u.Import(t.Context(), sheetOf(t, ""), &rejects, func(property.ImportReport, float64) {})
	if err != nil || report.Created != 2 || report.Rejected != 1 || report.RejectsName != "listings.rejects.csv" ||
		report.File.Sheet != "Homes" || len(report.File.Notes) != 1 || u.stored(t)["a-1"].Price != 45_000_000 {
		t.Fatalf("%+v, %v", report, err)
	}
	mended := strings.Replace(rejects.String(), "#N/A", "3", 1)
	again, err := u.Import(t.Context(), fileOf(mended, "gable"), io.Discard, func(property.ImportReport, float64) {})
	if err != nil || again.Created != 1 {
		t.Errorf("%+v, %v, %s", again, err, mended)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %v, %v", left, err)
	}
}

// A rejected row may be long, and so may its title.
func TestReasonsHaveTheBeginningOfATitle(t *testing.T) {
	u := testUploads(t)
	text := "reference,title,price,location\na-1," + strings.Repeat("ö", 300) + ",1,Here\n"
	report, err := u.Import(t.Context(), fileOf(text, "gable"), io.Discard, func(property.ImportReport, float64) {})
	if want := strings.Repeat("ö", 99) + "…"; err != nil || len(report.Reasons) != 1 || report.Reasons[0].Title != want ||
		report.Reasons[0].Reference != "a-1" {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestAnUploadSaysHowItIsRead(t *testing.T) {
	u := testUploads(t)
	file := fileOf("reference,title,price,location\na-1,Caf\xe9,1,Here\n", "gable")
	preview, err := u.Preview(t.Context(), file, 10)
	if err != nil || preview.Rows[0].Details.Title != "Café" || preview.File.Encoding != "windows-1252" ||
		len(preview.File.Notes) != 1 {
		t.Errorf("%+v, %v", preview, err)
	}
	file.Encoding = "iso-8859-1"
	report, err := u.Import(t.Context(), file, io.Discard, func(property.ImportReport, float64) {})
	if err != nil || report.File.Encoding != "iso-8859-1" || u.stored(t)["a-1"].Title != "Café" {
		t.Errorf("%+v, %v", report, err)
	}
}
