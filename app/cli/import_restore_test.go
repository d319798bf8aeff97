package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// exported are lines as an export has them, the oldest listing first: with a reference and without one, and with times
// to the microsecond. Members that a release may add are absent.
const exported = `{"id":"0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d12","reference":null,"source":"","title":"No ref",` +
	`"description":"",` +
	`"price":"1.00","currency":"USD","location":"X","offer":"sale","kind":"other","status":"active","photos":[],` +
	`"version":7,"created_at":"2019-01-02T03:04:05.678901Z","updated_at":"2020-01-02T03:04:05.000001Z"}
{"id":"0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d11","reference":"r-1","source":"mls-a","title":"With ref",` +
	`"description":"",` +
	`"price":"2.00","currency":"EUR","location":"Y","offer":"rent","kind":"house","status":"sold","bedrooms":3,` +
	`"photos":[],"version":1,"created_at":"2021-01-02T03:04:05.678902Z","updated_at":"2021-01-02T03:04:05.678902Z"}
`

// wantExported checks that an export has these listings in this order, with all that the service had set.
func wantExported(t *testing.T, export string) {
	t.Helper()
	for i, want := range [][2]string{
		{`{"id":"0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d12","reference":null,"source":"","title":"No ref",`,
			`,"version":7,"created_at":"2019-01-02T03:04:05.678901Z","updated_at":"2020-01-02T03:04:05.000001Z"}`},
		{`{"id":"0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d11","reference":"r-1","source":"mls-a","title":"With ref",`,
			`,"version":1,"created_at":"2021-01-02T03:04:05.678902Z","updated_at":"2021-01-02T03:04:05.678902Z"}`},
	} {
		lines := strings.Split(export, "\n")
		if len(lines) != 3 || !strings.HasPrefix(lines[i], want[0]) || !strings.HasSuffix(lines[i], want[1]) {
			t.Fatalf("the export is\n%s", export)
		}
	}
}

// fileWith writes a file into a folder of its own.
func fileWith(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func restored(t *testing.T, path string) string {
	t.Helper()
	code, out, err := gable(t, "import", path, "--restore")
	if code != 0 {
		t.Fatalf("code %d, %q, %q", code, out, err)
	}
	return out
}

func exportedAs(t *testing.T, args ...string) string {
	t.Helper()
	code, out, err := gable(t, append([]string{"export"}, args...)...)
	if code != 0 {
		t.Fatalf("code %d, %q, %q", code, out, err)
	}
	return out
}

// Newcomers 3, 4 and 6: listings without a reference, their order and their times survive an export and a restore.
func TestAnExportIsRestoredIntoAnotherDatabaseAsItWas(t *testing.T) {
	file := fileWith(t, "x.ndjson", exported)
	for _, format := range []string{"ndjson", "csv"} {
		inNewDatabase(t)
		if out := restored(t, file); !strings.Contains(out, "2 created") || !strings.Contains(out, "0 rejected") {
			t.Errorf("%s", out)
		}
		whole := exportedAs(t)
		wantExported(t, whole)
		again := fileWith(t, "x."+format, exportedAs(t, "--format", format))
		inNewDatabase(t)
		restored(t, again)
		if got := exportedAs(t); got != whole {
			t.Errorf("by %s the export is\n%s", format, got)
		}
		if out := restored(t, again); !strings.Contains(out, "2 unchanged") {
			t.Errorf("again:\n%s", out)
		}
	}
}

func TestASortStillDecidesTheOrderOfAnExport(t *testing.T) {
	inNewDatabase(t)
	restored(t, fileWith(t, "x.ndjson", exported))
	for search, first := range map[string]string{
		"sort=-created_at": "With ref", "sort=price": "No ref", "max_price=9": "No ref",
	} {
		if got := exportedAs(t, search); !strings.Contains(strings.SplitN(got, "\n", 2)[0], first) {
			t.Errorf("with %s the first is\n%s", search, got)
		}
	}
}

func TestARestoreLeavesStoredListingsAloneAndSaysSo(t *testing.T) {
	inNewDatabase(t)
	file := fileWith(t, "x.ndjson", exported)
	restored(t, file)
	changed := strings.Replace(strings.Replace(exported, "No ref", "Other", 1), "8d11", "8d99", 1)
	path := fileWith(t, "y.ndjson", changed)
	code, out, _ := gable(t, "import", path, "--restore")
	for _, want := range []string{
		"2 rejected", `line 1, "Other": id belongs to a stored listing that differs, which a restore leaves alone`,
		`line 2, r-1, "With ref": reference belongs to another listing`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("code %d: %q is not in\n%s", code, want, out)
		}
	}
	wantExported(t, exportedAs(t))
	rejects, err := os.ReadFile(strings.TrimSuffix(path, ".ndjson") + ".rejects.ndjson")
	if err != nil || strings.Count(string(rejects), `"rejected_because":"`) != 2 {
		t.Errorf("%v, the rejects are\n%s", err, rejects)
	}
}

func TestADryRestoreStoresNothing(t *testing.T) {
	inNewDatabase(t)
	code, out, err := gable(t, "import", fileWith(t, "x.ndjson", exported), "--restore", "--dry-run")
	if code != 0 || !strings.Contains(out, "2 created") || !strings.Contains(out, "nothing stored") {
		t.Errorf("code %d, %q, %q", code, out, err)
	}
	if got := exportedAs(t); got != "" {
		t.Errorf("stored is\n%s", got)
	}
}

func TestARowThatCannotBeRestoredIsRejectedWithItsReason(t *testing.T) {
	row := strings.SplitAfterN(exported, "\n", 2)[0]
	for name, c := range map[string]struct{ from, to, want string }{
		"no id":                  {`"id":"0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d12",`, ``, "id is required to restore a listing"},
		"a wrong id":             {`0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d12`, `7`, `id must be a UUID, not "7"`},
		"no version":             {`"version":7,`, ``, "version is required to restore a listing"},
		"version 0":              {`"version":7`, `"version":0`, `must be a whole number from 1 to 999999999999999, not "0"`},
		"a version that is text": {`"version":7`, `"version":"x"`, `version must be a whole number`},
		"a fraction":             {`"version":7`, `"version":7.5`, `version must be a whole number`},
		"too high a version":     {`"version":7`, `"version":1000000000000000`, `version must be a whole number`},
		"a date without a time":  {`2019-01-02T03:04:05.678901Z`, `2019-01-02`, "created_at must be a time such as"},
		"nanoseconds":            {`04:05.678901Z`, `04:05.678901234Z`, "created_at must have at most six digits"},
		"no time of the update":  {`"2020-01-02T03:04:05.000001Z"`, `null`, "updated_at is required to restore a listing"},
		"a wrong field, too":     {`"price":"1.00"`, `"price":"-1.00"`, "price must be from 0"},
	} {
		t.Run(name, func(t *testing.T) {
			inNewDatabase(t)
			changed := strings.Replace(row, c.from, c.to, 1)
			if changed == row {
				t.Fatal("the case changes nothing")
			}
			_, out, _ := gable(t, "import", fileWith(t, "x.ndjson", changed), "--restore")
			if !strings.Contains(out, "1 rejected") || !strings.Contains(out, c.want) {
				t.Errorf("%q is not in\n%s", c.want, out)
			}
			if got := exportedAs(t); got != "" {
				t.Errorf("stored is\n%s", got)
			}
		})
	}
}

func TestOnlyAnExportIsRestored(t *testing.T) {
	const csv = "reference,title,price,location,created_at\nr-1,House,1,Here,2019-01-02T03:04:05.678901Z\n"
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"without the columns": {[]string{fileWith(t, "x.csv", csv)},
			"lacks 3 columns, which a restore needs: id, version, updated_at"},
		"another mapping": {[]string{fileWith(t, "x.csv", csv), "--mapping", "king-county"}, "leave out --mapping"},
		"RESO":            {[]string{fileWith(t, "x.json", `{"value":[]}`)}, "cannot be restored with the mapping reso"},
	} {
		t.Run(name, func(t *testing.T) {
			inNewDatabase(t)
			code, _, err := gable(t, append(append([]string{"import"}, c.args...), "--restore")...)
			if code != 1 || !strings.Contains(err, c.want) {
				t.Errorf("code %d, %q", code, err)
			}
		})
	}
}

// D6: what an import leaves out of an export is said, in either format.
func TestAnImportSaysWhatItLeavesOut(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"NDJSON": {"x.ndjson", exported,
			"Not imported: id, version, created_at, updated_at, which the service sets. --restore"},
		"CSV": {"x.csv", "reference,title,price,location,created_at\nr-1,House,1,Here,2019-01-02T03:04:05Z\n",
			"Not imported: created_at, which the service sets."},
		"no reference": {"x.csv", "title,price,location\nHouse,1,Here\n",
			"A listing without a reference comes back from an export with --restore."},
		"nothing": {"x.csv", "reference,title,price,location\nr-1,House,1,Here\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			inNewDatabase(t)
			_, out, err := gable(t, "import", fileWith(t, c.file, c.text))
			if !strings.Contains(out, c.want) || c.want == "" && strings.Contains(out, "restore") {
				t.Errorf("%q is not in\n%s%s", c.want, out, err)
			}
		})
	}
}

func TestARestoredListingOfADeletedOneHasALaterVersion(t *testing.T) {
	inNewDatabase(t)
	file := fileWith(t, "x.ndjson", strings.SplitAfterN(exported, "\n", 2)[0])
	restored(t, file)
	deleteAll(t)
	out := restored(t, file)
	if !strings.Contains(out, "1 of the created have a later version than in the file") {
		t.Errorf("%s", out)
	}
	if got := exportedAs(t); !strings.Contains(got, `"version":9,"created_at":"2019-01-02T03:04:05.678901Z"`) {
		t.Errorf("%s", got)
	}
}
