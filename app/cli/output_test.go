package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const oneBadRow = "reference,title,price,location\na-1,Good,1,Here\na-2,Bad,many,Here\n"

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newFile is a file of this content in a folder of its own.
func newFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	noError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func unchanged(t *testing.T, path, content string) {
	t.Helper()
	if now, err := os.ReadFile(path); err != nil || string(now) != content {
		t.Errorf("%s is now %q, %v", path, now, err)
	}
}

// Whatever else it is called, the file that is read is never written to, and nothing is stored before that is known.
func TestRejectsAreNeverWrittenOverAFile(t *testing.T) {
	inNewDatabase(t)
	source := newFile(t, "rows.csv", oneBadRow)
	folder := filepath.Dir(source)
	noError(t, os.Symlink(source, filepath.Join(folder, "symlink.csv")))
	noError(t, os.Link(source, filepath.Join(folder, "hardlink.csv")))
	other := newFile(t, "mended.csv", "somebody's work")
	for _, rejects := range []string{
		source, filepath.Join(folder, ".", "x", "..", "rows.csv"), filepath.Join(folder, "symlink.csv"),
		filepath.Join(folder, "hardlink.csv"), other,
	} {
		for _, flags := range [][]string{nil, {"--dry-run"}} {
			code, _, stderr := gable(t, append([]string{"import", source, "--rejects", rejects}, flags...)...)
			if code != ExitFailed || !strings.Contains(stderr, "not overwritten") {
				t.Errorf("rejects to %s: code %d, %q", rejects, code, stderr)
			}
			unchanged(t, source, oneBadRow)
			unchanged(t, other, "somebody's work")
		}
	}
	if _, out, _ := gable(t, "export"); out != "" {
		t.Errorf("stored all the same: %s", out)
	}
	if code, _, stderr := gable(t, "import", source, "--rejects", os.DevNull); code != ExitRejected {
		t.Errorf("to a device: code %d, %q", code, stderr)
	}
}

func TestRejectsBesideTheSourceGetANameThatIsFree(t *testing.T) {
	inNewDatabase(t)
	source := newFile(t, "rows.csv", oneBadRow)
	stem := strings.TrimSuffix(source, ".csv")
	for _, want := range []string{stem + ".rejects.csv", stem + ".rejects.2.csv", stem + ".rejects.3.csv"} {
		code, out, stderr := gable(t, "import", source)
		if code != ExitRejected || !strings.Contains(out, want) {
			t.Errorf("code %d, %q, %q; want %s", code, out, stderr, want)
		}
		if now, err := os.ReadFile(want); err != nil || !strings.Contains(string(now), "a-2,Bad,many") {
			t.Errorf("%s: %q, %v", want, now, err)
		}
		noError(t, os.WriteFile(want, []byte("mended"), 0o600))
	}
	unchanged(t, stem+".rejects.csv", "mended")
	unchanged(t, source, oneBadRow)
}

func TestAnExportIsNeverWrittenOverAFile(t *testing.T) {
	database := filepath.Join(t.TempDir(), "gable.db")
	t.Setenv("GABLE_DATABASE_URL", "sqlite:"+database)
	gable(t, "import", newFile(t, "rows.csv", oneBadRow))
	before := newFile(t, "listings.ndjson", "last night's")
	for _, path := range []string{before, database} {
		if code, _, stderr := gable(t, "export", "-o", path); code != ExitFailed ||
			!strings.Contains(stderr, "not overwritten") {
			t.Errorf("export to %s: code %d, %q", path, code, stderr)
		}
	}
	unchanged(t, before, "last night's")
	fresh := filepath.Join(t.TempDir(), "new.ndjson")
	if code, _, stderr := gable(t, "export", "-o", fresh); code != ExitOK {
		t.Errorf("code %d, %q", code, stderr)
	}
	if now, err := os.ReadFile(fresh); err != nil || !strings.Contains(string(now), "a-1") {
		t.Errorf("%q, %v", now, err)
	}
	if code, _, stderr := gable(t, "export", "-o", os.DevNull); code != ExitOK {
		t.Errorf("to a device: code %d, %q", code, stderr)
	}
}

func TestAnImportPrintsWhatItLeavesOutAndWhereTheRestIs(t *testing.T) {
	inNewDatabase(t)
	media := strings.Repeat(`{"MediaURL":"https://m.example/1"},`, 50) + `{"MediaURL":"https://m.example/51"}`
	page := newFile(t, "page.json", `{"value":[{"ListingId":"a","City":"Reno","ListPrice":1,"PropertyType":"Land",`+
		`"Media":[`+media+`]}],"@odata.nextLink":"https://x.example/2\u001b[2J"}`)
	code, out, stderr := gable(t, "import", page)
	for _, want := range []string{
		"1 created", "Imported in part: 1\n  line 1: photos are the first 50 of 51\n",
		`the next page is at "https://x.example/2\x1b[2J".`,
	} {
		if code != ExitOK || !strings.Contains(out, want) {
			t.Errorf("code %d, %q, %q; lacks %q", code, out, stderr, want)
		}
	}
	if _, out, _ := gable(t, "import", newFile(t, "rows.csv", oneBadRow)); strings.Contains(out, "in part") ||
		strings.Contains(out, "next page") {
		t.Errorf("a whole file: %q", out)
	}
}
