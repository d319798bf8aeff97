package transfer

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/domain/property"
)

// pageOfRESO is one page of an answer, with a listing of so many photos and one of two.
func pageOfRESO(photos int) string {
	media := make([]string, photos)
	for i := range media {
		media[i] = fmt.Sprintf(`{"MediaURL":"https://m.example/%d","Order":%d}`, i, i)
	}
	return fmt.Sprintf(`{"value":[
{"ListingId":"many","City":"Reno","ListPrice":1,"PropertyType":"Residential","Media":[%s]},
{"ListingId":"few","City":"Reno","ListPrice":1,"PropertyType":"Land","Media":[{"MediaURL":"https://m.example/1"}]},
{"ListingId":"bad","City":"Reno","ListPrice":1,"PropertyType":"Wigwam","Media":[%s]}
],"@odata.nextLink":"https://x.example/2"}`, strings.Join(media, ","), strings.Join(media, ","))
}

func TestAnImportSaysWhatItLeavesOutAndThatThereIsMore(t *testing.T) {
	file := pageOfRESO(60)
	photos := []property.FieldError{{Field: "photos", Reason: "are the first 50 of 60"}}
	want := []property.RecordNotes{{Line: 2, Reference: "many", Notes: photos}}
	u := testUploads(t)
	preview, err := u.Preview(t.Context(), fileOf(file, "reso"), 10)
	rows := preview.Rows
	if err != nil || len(rows) != 3 || rows[1].Notes != nil || rows[0].Wrong != nil || len(u.stored(t)) != 0 {
		t.Fatalf("%+v, %v", rows, err)
	}
	if diff := cmp.Diff(photos, rows[0].Notes); diff != "" {
		t.Errorf("the preview: %s", diff)
	}
	imports := map[string]func() (property.ImportReport, error){
		"a page": func() (property.ImportReport, error) {
			r, err := u.Import(t.Context(), fileOf(file, "reso"), io.Discard, func(property.ImportReport, float64) {})
			return r.ImportReport, err
		},
		"the API": func() (property.ImportReport, error) {
			return NewFiles(u.catalog, u.imports).Import(t.Context(),
				api.ImportRequest{Body: strings.NewReader(file), Format: "reso", MaxReasons: 10})
		},
		"a dry run": func() (property.ImportReport, error) {
			return NewFiles(u.catalog, u.imports).Import(t.Context(),
				api.ImportRequest{Body: strings.NewReader(file), Format: "reso", MaxReasons: 10, DryRun: true})
		},
	}
	for name, run := range imports {
		report, err := run()
		if err != nil || report.Noted != 1 || report.NextPage != "https://x.example/2" ||
			report.Rejected != 1 || report.Read != 3 {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
		if diff := cmp.Diff(want, report.Notes); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if stored := u.stored(t); len(stored) != 2 || len(stored["many"].Photos) != 50 || len(stored["few"].Photos) != 1 {
		t.Errorf("%d listings are stored, the first with %d photos", len(stored), len(stored["many"].Photos))
	}
	unbounded, err := NewFiles(u.catalog, u.imports).Import(t.Context(),
		api.ImportRequest{Body: strings.NewReader(file), Format: "reso"})
	if err != nil || unbounded.Noted != 1 || unbounded.Notes != nil {
		t.Errorf("without a place for notes: %+v, %v", unbounded, err)
	}
}

// What is rejected supersedes nothing, whatever the currency of listings without one.
func TestARowThatTheDefaultCurrencyRejectsSupersedesNothing(t *testing.T) {
	u := uploadsIn(t, "JPY")
	file := "reference,title,price,location\na,First,420,Here\na,Second,420.50,Here\n"
	report, err := u.Import(t.Context(), fileOf(file, "gable"), io.Discard, func(property.ImportReport, float64) {})
	if err != nil || report.Created != 1 || report.Rejected != 1 || report.Superseded != 0 ||
		!strings.Contains(ReasonOf(report.Reasons[0].Wrong), "price must have no decimals in JPY, not 420.5") {
		t.Errorf("%+v, %v", report, err)
	}
	if got := u.stored(t)["a"].Title; got != "First" {
		t.Errorf("%q is stored", got)
	}
}
