package site

import (
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/property"
)

func TestThePageOfAnImportSaysWhatIsLeftOutAndWhereTheRestIs(t *testing.T) {
	pages, err := newPages("", "v")
	if err != nil {
		t.Fatal(err)
	}
	notes := []property.FieldError{{Field: "photos", Reason: "are the first 50 of 73"}}
	end := importEnd{Took: time.Second, ImportResult: ImportResult{ImportReport: property.ImportReport{
		Read: 3, Created: 3, Noted: 1, Notes: []property.RecordNotes{{Line: 7, Reference: "a", Notes: notes}},
		NextPage: "javascript:alert(1)",
	}}}
	text := string(pages.fragment("import-run", "end", end))
	for _, want := range []string{
		"1 row was imported in part", "Line 7: photos are the first 50 of 73", "javascript:alert(1)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, `href="javascript`) {
		t.Error("the address from the file is a link")
	}
	end.ImportReport = property.ImportReport{Read: 3, Created: 3}
	if text := string(pages.fragment("import-run", "end", end)); strings.Contains(text, "in part") ||
		strings.Contains(text, "There is more") {
		t.Errorf("the page of a whole import:\n%s", text)
	}
	preview := string(pages.render("import", frame{Staff: &staff{Name: "ann"}, Body: &importPage{
		Shown: true, Rows: []PreviewRow{{Line: 7, Notes: notes}},
	}}))
	if !strings.Contains(preview, "photos are the first 50 of 73") {
		t.Errorf("the preview:\n%s", preview)
	}
}
