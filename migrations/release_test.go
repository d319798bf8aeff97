package migrations_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gable-listings/gable/migrations"
)

// A release replaces processes one by one: without the statement it is unknown whether they may run side by side.
func TestEveryMigrationAfterTheFirstReleaseSaysWhichProgramsRunOnItsSchema(t *testing.T) {
	for name, files := range map[string]fs.FS{"postgres": migrations.Postgres(), "sqlite": migrations.SQLite()} {
		ups, err := fs.Glob(files, "*.up.sql")
		if err != nil {
			t.Fatal(err)
		}
		known := map[string]bool{}
		for _, file := range ups {
			number, _, _ := strings.Cut(file, "_")
			known[number] = true
			oldest, err := migrations.OldestProgram(files, strings.TrimSuffix(file, ".tx.up.sql"))
			if err != nil || !known[oldest] {
				t.Errorf("%s: %s: oldest program %q, which brings no such migration; error %v", name, file, oldest, err)
			}
		}
		if !known[migrations.FirstRelease] {
			t.Errorf("%s: the first release brings no migration %s", name, migrations.FirstRelease)
		}
	}
}

func TestTheStatementOfAMigrationIsReadExactlyOrRefused(t *testing.T) {
	const name, at = "20261129000009_x", "-- Programs since 20261123000006 run on this schema.\n"
	for sql, want := range map[string]string{
		at: "20261123000006", at + "SELECT 1;": "20261123000006",
		"-- Programs since 20261129000009 run on this schema.\n": "20261129000009", // no other program
		"": "", "SELECT 1;\n": "", "\n" + at: "", "SELECT 1;\n" + at: "", strings.TrimSpace(at): "",
		"-- Programs since 20261123 run on this schema.\n":       "",
		"-- Programs since 20261129000010 run on this schema.\n": "", // one that does not exist yet
		"-- programs since 20261123000006 run on this schema.\n": "",
	} {
		files := fstest.MapFS{name + ".tx.up.sql": {Data: []byte(sql)}}
		got, err := migrations.OldestProgram(files, name)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: oldest program %q, want %q; error %v", sql, got, want, err)
		}
	}
	if got, err := migrations.OldestProgram(fstest.MapFS{}, "20261123000002_property_changes"); got != "20261123000002" ||
		err != nil {
		t.Errorf("a migration of the first release: %q, %v", got, err)
	}
}
