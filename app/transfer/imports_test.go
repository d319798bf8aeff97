package transfer

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/domain/property"
)

// rowsOf is a file of so many rows that can be stored.
func rowsOf(n int) string {
	var text strings.Builder
	text.WriteString("reference,title,price,location\n")
	for i := range n {
		fmt.Fprintf(&text, "r-%d,House,1,Here\n", i)
	}
	return text.String()
}

// badRowsOf is a file of so many rows that lack a title.
func badRowsOf(n int) string {
	return "reference,title,price,location\n" + strings.Repeat("r,,1,Here\n", n)
}

// inZip returns a zip of one file.
func inZip(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, err := w.Create("listings.csv")
	if err == nil {
		_, err = io.WriteString(f, text)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return out.String()
}

// wantTooLarge says that the error is answered with 413 and names the bound.
func wantTooLarge(t *testing.T, err error, bound string) {
	t.Helper()
	doc := problem.From(err)
	if err == nil || doc.Status != http.StatusRequestEntityTooLarge || !strings.Contains(doc.Detail, bound) {
		t.Errorf("%v is answered with %d %q, which does not say %q", err, doc.Status, doc.Detail, bound)
	}
}

func TestAnImportBeyondABoundStoresNothingAndSaysWhichItIs(t *testing.T) {
	for name, c := range map[string]struct{ file, bound string }{
		"bytes":                       {rowsOf(70_000), "1048576 bytes"},
		"rows":                        {rowsOf(2_001), "2000 rows"},
		"rows that are all bad":       {badRowsOf(2_001), "2000 rows"},
		"uncompressed text":           {compressed(t, rowsOf(100)+strings.Repeat("x", 2<<20)), "1MiB of text"},
		"uncompressed text, in a zip": {inZip(t, rowsOf(100)+strings.Repeat("x", 2<<20)), "1MiB of text"},
		"uncompressed text, in a row": {compressed(t, "reference,"+strings.Repeat("x", 2<<20)), "1MiB of text"},
	} {
		t.Run(name, func(t *testing.T) {
			u := testUploads(t)
			_, err := NewFiles(u.catalog, u.imports).Import(t.Context(), api.ImportRequest{Body: strings.NewReader(c.file)})
			wantTooLarge(t, err, c.bound)
			if name != "bytes" { // which the page counts as it reads the form
				_, err = u.Import(t.Context(), fileOf(c.file, "gable"), io.Discard, func(property.ImportReport, float64) {})
				wantTooLarge(t, err, c.bound)
			}
			if n := len(u.stored(t)); n != 0 {
				t.Errorf("%d listings are stored", n)
			}
		})
	}
	u := testUploads(t)
	report, err := NewFiles(u.catalog, u.imports).Import(t.Context(),
		api.ImportRequest{Body: strings.NewReader(rowsOf(2_000)), Format: "csv"})
	if err != nil || report.Created != 2_000 {
		t.Errorf("an import of as many rows as it may have is %+v, %v", report, err)
	}
}

// trickle is a body that sends a row every ten minutes.
type trickle struct{}

func (trickle) Read(b []byte) (int, error) {
	time.Sleep(10 * time.Minute)
	return copy(b, "r-1,House,1,Here\n"), nil
}

func TestAnImportEndsWhenItsTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := testUploads(t)
		began := time.Now()
		_, err := NewFiles(u.catalog, u.imports).Import(t.Context(), api.ImportRequest{Body: trickle{}, Format: "csv"})
		wantTooLarge(t, err, "take up to 1h")
		if took := time.Since(began); took > 2*time.Hour {
			t.Errorf("a body that never ends is read for %s", took)
		}
		ctx, release, err := u.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		file := fileOf(rowsOf(1_000), "gable")
		file.Step = func() { time.Sleep(5 * time.Second) }
		report, err := u.Import(ctx, file, io.Discard, func(property.ImportReport, float64) {})
		wantTooLarge(t, err, "take up to 1h")
		if report.Read >= 1_000 {
			t.Errorf("%d rows of 5 seconds each are read", report.Read)
		}
	})
}

// The API and the pages share the places, which are taken before anything is read.
func TestNoMoreImportsAreWorkedOnThanThereArePlaces(t *testing.T) {
	u := testUploads(t)
	var taken []func()
	for range 2 {
		_, release, err := u.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, release)
	}
	unread := strings.NewReader(rowsOf(1))
	request := api.ImportRequest{Body: unread, Format: "csv"}
	_, err := NewFiles(u.catalog, u.imports).Import(t.Context(), request)
	if doc := problem.From(err); doc.Status != http.StatusServiceUnavailable || unread.Len() != len(rowsOf(1)) {
		t.Errorf("a third import is answered with %d after %d bytes", doc.Status, unread.Size()-int64(unread.Len()))
	}
	taken[0]()
	if _, err := NewFiles(u.catalog, u.imports).Import(t.Context(), request); err != nil {
		t.Errorf("a released place is not free: %v", err)
	}
	taken[1]()
}

// brokenBody ends in the middle.
type brokenBody struct{ io.Reader }

func (b brokenBody) Read(into []byte) (int, error) {
	n, err := b.Reader.Read(into)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func TestNoTemporaryFileOutlivesItsImport(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir)
	for name, body := range map[string]io.Reader{
		"a good one": strings.NewReader(rowsOf(10)), "a broken one": brokenBody{strings.NewReader(rowsOf(10))},
		"a large one": strings.NewReader(rowsOf(70_000)),
	} {
		u := testUploads(t)
		_, _ = NewFiles(u.catalog, u.imports).Import(t.Context(), api.ImportRequest{Body: body, Format: "csv"})
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s leaves %v, %v", name, left, err)
		}
	}
}

func TestTemporaryFilesThatWereLeftBehindAreRemoved(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	for name, age := range map[string]time.Duration{
		"gable-import-1": 48 * time.Hour, "gable-import-2": time.Hour, "other-import-3": 48 * time.Hour,
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, now, now.Add(-age))); err != nil {
			t.Fatal(err)
		}
	}
	for name, age := range map[string]time.Duration{
		"gable-import-4": 48 * time.Hour, "gable-workbook-1": 48 * time.Hour, "gable-workbook-2": time.Hour,
	} {
		folder := filepath.Join(dir, name)
		part := filepath.Join(folder, "part")
		if err := errors.Join(os.Mkdir(folder, 0o700), os.WriteFile(part, nil, 0o600),
			os.Chtimes(folder, now, now.Add(-age))); err != nil {
			t.Fatal(err)
		}
	}
	if n := SweepSpools(dir, now); n != 2 {
		t.Errorf("%d files and folders are removed", n)
	}
	for name, there := range map[string]bool{
		"gable-import-1": false, "gable-import-2": true, "other-import-3": true, "gable-import-4": true,
		"gable-workbook-1": false, "gable-workbook-2": true,
	} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnImportThatNobodyWaitsForStoresNoMore(t *testing.T) {
	u := testUploads(t)
	ctx, leave := context.WithCancel(t.Context())
	rows := 0
	request := api.ImportRequest{
		Body: strings.NewReader(badRowsOf(1_500)), Format: "csv",
		Step: func() {
			if rows++; rows == 1_600 { // of the second reading
				leave()
			}
		},
	}
	_, err := NewFiles(u.catalog, u.imports).Import(ctx, request)
	if !errors.Is(err, context.Canceled) || rows > 1_601 {
		t.Errorf("after its client has left an import goes on for %d rows: %v", rows-1_600, err)
	}
}
