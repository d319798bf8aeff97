package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

const twoGoodRows = "reference,title,price,location\na-1,Good,1,Here\na-2,Good,2,Here\n"

// gableFrom runs one command line with this standard input.
func gableFrom(t *testing.T, stdin io.Reader, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = Run(t.Context(), &Process{In: stdin, Out: &out, Err: &err}, args)
	return code, out.String(), err.String()
}

func TestAFileThatDoesNotExistIsOneLineAndNoTable(t *testing.T) {
	inNewDatabase(t)
	code, out, stderr := gable(t, "import", "no-such-file.csv")
	want := "gable: import no-such-file.csv: stat no-such-file.csv: no such file or directory\n"
	if code != ExitFailed || out != "" || stderr != want {
		t.Errorf("code %d, stdout %q, stderr %q", code, out, stderr)
	}
	code, out, stderr = gable(t, "import", t.TempDir())
	if code != ExitFailed || out != "" || !strings.HasSuffix(stderr, " is a folder\n") {
		t.Errorf("a folder: code %d, stdout %q, stderr %q", code, out, stderr)
	}
}

func TestStandardInputIsImported(t *testing.T) {
	inNewDatabase(t)
	folder := t.TempDir()
	t.Chdir(folder)
	steps := []struct {
		content, want string
		flags         []string
	}{
		{twoGoodRows, "2 created", nil},
		{strings.ReplaceAll(twoGoodRows, ",", ";"), "2 unchanged", []string{"--format", "csv"}},
		{strings.ReplaceAll(twoGoodRows, "Good", "Caf\xe9"), "2 updated", []string{"--encoding", "windows-1252"}},
	}
	for _, s := range steps {
		code, out, stderr := gableFrom(t, strings.NewReader(s.content), append([]string{"import", "-"}, s.flags...)...)
		if code != ExitOK || !strings.Contains(out, s.want) {
			t.Errorf("code %d, %q, %q; want %s", code, out, stderr, s.want)
		}
	}
	code, out, stderr := gableFrom(t, strings.NewReader(oneBadRow), "import", "-", "--dry-run")
	if code != ExitRejected || !strings.Contains(out, "are in import.rejects.csv.") {
		t.Errorf("with a bad row: code %d, %q, %q", code, out, stderr)
	}
	code, _, stderr = gableFrom(t, strings.NewReader(""), "import", "-")
	if code != ExitFailed || stderr != "gable: import standard input: the file is empty\n" {
		t.Errorf("nothing: code %d, %q", code, stderr)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 1 {
		t.Errorf("%v, %v", files, err)
	}
}

func TestAWorkbookIsImportedByTheCommand(t *testing.T) {
	inNewDatabase(t)
	content, err := os.ReadFile("../../adapters/listingfile/testdata/homes.xlsx")
	noError(t, err)
	source := newFile(t, "homes.xlsx", string(content))
	code, out, stderr := gable(t, "import", source)
	rejects := strings.TrimSuffix(source, ".xlsx") + ".rejects.csv"
	if code != ExitRejected || !strings.Contains(out, "2 created") || !strings.Contains(out, "are in "+rejects) ||
		!strings.Contains(stderr, `The sheet "Homes" is read.`) {
		t.Errorf("code %d, %q, %q", code, out, stderr)
	}
	if _, exported, _ := gable(t, "export", "--format", "csv"); !strings.Contains(exported, ",450000.00,") {
		t.Errorf("stored: %s", exported)
	}
	code, out, stderr = gable(t, "import", source, "--sheet", "Houses")
	if code != ExitFailed || out != "" ||
		!strings.Contains(stderr, `lacks the sheet "Houses"; its sheets are Homes, Notes`) {
		t.Errorf("another sheet: code %d, %q, %q", code, out, stderr)
	}
}

func TestADetectedEncodingIsSaidOnStandardError(t *testing.T) {
	inNewDatabase(t)
	source := newFile(t, "rows.csv", "reference,title,price,location\na-1,Caf\xe9,1,Here\n")
	code, _, stderr := gable(t, "import", source)
	if code != ExitOK || !strings.Contains(stderr, `read as windows-1252: "Café" on line 2.`) {
		t.Errorf("code %d, %q", code, stderr)
	}
}

func TestRejectedRowsAreNamedAndTheRestAreCounted(t *testing.T) {
	inNewDatabase(t)
	text := "reference,title,price,location\n"
	for i := range 14 {
		text += fmt.Sprintf("a-%d,House %d,many,Here\n", i, i)
	}
	source := newFile(t, "rows.csv", text+strings.Repeat("x", 300<<10)+"\n")
	code, out, _ := gable(t, "import", source)
	rejects := strings.TrimSuffix(source, ".csv") + ".rejects.csv"
	for _, want := range []string{
		`  line 2, a-0, "House 0": price must be a decimal number (column price is "many")`,
		`  line 11, a-9, "House 9": price`, "  … and 5 more in " + rejects + "\n",
		"Rows that are too long are not written to a file: 1.\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q: %s", want, out)
		}
	}
	if code != ExitRejected || strings.Contains(out, "a-10") {
		t.Errorf("code %d, %s", code, out)
	}
}

func TestNoRejectsFileIsLeftWithoutRejectedRows(t *testing.T) {
	inNewDatabase(t)
	source := newFile(t, "rows.csv", twoGoodRows)
	for _, flags := range [][]string{nil, {"--rejects", filepath.Join(filepath.Dir(source), "bad.csv")}} {
		if code, _, stderr := gable(t, append([]string{"import", source}, flags...)...); code != ExitOK {
			t.Errorf("code %d, %q", code, stderr)
		}
	}
	if files, err := os.ReadDir(filepath.Dir(source)); err != nil || len(files) != 1 {
		t.Errorf("%v, %v", files, err)
	}
}

func TestAPlaceForRejectsThatCannotBeWrittenIsFoundBeforeTheFirstRow(t *testing.T) {
	inNewDatabase(t)
	long := newFile(t, strings.Repeat("n", 250)+".csv", oneBadRow) // its rejects would have a name that is too long
	for want, args := range map[string][]string{
		"name another one with --rejects": {long},
		"no such file or directory": {
			newFile(t, "rows.csv", oneBadRow), "--rejects", filepath.Join(t.TempDir(), "x", "y.csv"),
		},
	} {
		code, out, stderr := gable(t, append([]string{"import"}, args...)...)
		if code != ExitFailed || out != "" || !strings.Contains(stderr, want) {
			t.Errorf("code %d, %q, %q; want %s", code, out, stderr, want)
		}
	}
	if _, out, _ := gable(t, "export"); out != "" {
		t.Errorf("stored all the same: %s", out)
	}
}

// expiring is a context that is interrupted after so many looks at it.
type expiring struct {
	context.Context
	looks atomic.Int64
}

func expiringAfter(ctx context.Context, looks int64) *expiring {
	e := &expiring{Context: ctx}
	e.looks.Store(looks)
	return e
}

func (e *expiring) Err() error {
	if e.looks.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

func TestAfterAnInterruptTheNumbersAddUpAndTheReportSaysHowToGoOn(t *testing.T) {
	inNewDatabase(t)
	text := "reference,title,price,location\n"
	for i := range 2_000 {
		text += fmt.Sprintf("a-%d,House,1,Here\nb,House,1,Here\n", i)
	}
	source := newFile(t, "rows.csv", text+"c,House,many,Here\n")
	var out, stderr bytes.Buffer
	ctx := expiringAfter(t.Context(), 4_001+3_500)
	code := Run(ctx, &Process{In: strings.NewReader(""), Out: &out, Err: &stderr}, []string{"import", source})
	report := out.String()
	numbers := regexp.MustCompile(`(?m)^ *(\d+) `).FindAllStringSubmatch(report, -1)
	sum := 0
	for _, n := range numbers[1:] {
		counted, err := strconv.Atoi(n[1])
		noError(t, err)
		sum += counted
	}
	if code != ExitFailed || numbers[0][1] != strconv.Itoa(sum) || sum < 1_000 || sum >= 4_001 ||
		!strings.Contains(report, "import the whole file again to complete it") ||
		!strings.Contains(stderr.String(), "gable: interrupted") {
		t.Errorf("code %d, %q\n%s", code, stderr.String(), report)
	}
	var silent bytes.Buffer
	early := expiringAfter(t.Context(), 100) // of the first reading
	if code := Run(early, &Process{In: strings.NewReader(""), Out: &silent, Err: io.Discard},
		[]string{"import", source}); code != ExitFailed || silent.Len() > 0 {
		t.Errorf("before anything is stored: code %d, %q", code, silent.String())
	}
	code, report, _ = gable(t, "import", source)
	if code != ExitRejected || !strings.Contains(report, "1999 superseded") {
		t.Errorf("again: code %d\n%s", code, report)
	}
	if _, stored, _ := gable(t, "export"); strings.Count(stored, "\n") != 2_001 {
		t.Errorf("%d listings are stored", strings.Count(stored, "\n"))
	}
}
