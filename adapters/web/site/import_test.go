package site

import (
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/adapters/web/route"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
)

// timedWriter is a connection that breaks after its deadline.
type timedWriter struct {
	*httptest.ResponseRecorder
	deadline time.Time
	broken   bool
}

func (w *timedWriter) SetWriteDeadline(at time.Time) error {
	w.broken = w.broken || time.Now().After(w.deadline)
	w.deadline = at
	return nil
}

func (w *timedWriter) Write(b []byte) (int, error) {
	if w.broken = w.broken || time.Now().After(w.deadline); w.broken {
		return 0, io.ErrClosedPipe
	}
	return w.ResponseRecorder.Write(b)
}

// slowImporter takes 20 seconds for each of ten records, and reports nothing meanwhile.
type slowImporter struct{ Importer }

func (slowImporter) Begin(ctx context.Context) (context.Context, func(), error) {
	return ctx, func() {}, nil
}

func (slowImporter) MaxBytes() int64 { return 1 << 20 }

func (slowImporter) Mappings() []Mapping { return nil }

func (slowImporter) Import(
	_ context.Context, file ImportFile, _ io.Writer, _ func(property.ImportReport, float64),
) (ImportResult, error) {
	for range 10 {
		file.Step()
		time.Sleep(20 * time.Second)
	}
	return ImportResult{ImportReport: property.ImportReport{Read: 10, Created: 10}}, nil
}

func TestThePageOfAnImportIsWholeHoweverLongTheWorkTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pages, err := newPages("", "v")
		if err != nil {
			t.Fatal(err)
		}
		s := &Site{Options: Options{Files: slowImporter{}, Log: zap.NewNop()}, pages: pages}
		r := importRequest(t, "reference\n")
		w := &timedWriter{ResponseRecorder: httptest.NewRecorder(), deadline: time.Now().Add(30 * time.Second)}
		err = s.importFile(w, r, access.Account{Name: "anna"})
		if page := w.Body.String(); err != nil || w.broken || !strings.Contains(page, "</html>") {
			t.Errorf("%v, connection broken: %v, after %d bytes", err, w.broken, len(page))
		}
	})
}

// importRequest returns a request for the import of a file.
func importRequest(t *testing.T, file string) *http.Request {
	t.Helper()
	var body strings.Builder
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "listings.csv")
	if err == nil {
		_, err = io.WriteString(part, file)
	}
	if err == nil {
		err = form.WriteField("action", "import")
	}
	if err != nil || form.Close() != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, route.StaffImport, strings.NewReader(body.String()))
	r.Header.Set("Content-Type", form.FormDataContentType())
	return r
}

func TestAFileThatIsTooLargeToImportIsRefused(t *testing.T) {
	s := &Site{Options: Options{Files: slowImporter{}, Log: zap.NewNop()}}
	err := s.importFile(httptest.NewRecorder(), importRequest(t, strings.Repeat("r\n", 1<<20)),
		access.Account{Name: "anna"})
	if doc := problem.From(err); doc.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("a file of 2 MiB with a limit of 1 MiB: got %d: %v", doc.Status, err)
	}
}
