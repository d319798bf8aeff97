package migrations_test

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/gable-listings/gable/migrations"
)

// A page that is patched from an image without a column would show the listing without that column.
func TestEveryImageHasEveryColumn(t *testing.T) {
	onBoth(t, func(t *testing.T, db *bun.DB) {
		db.SetMaxOpenConns(1)
		columns := columnsOf(t, db)
		writes := []string{insertOne, insertTwo, "UPDATE properties SET price = 2 WHERE id = '" + one + "'",
			"UPDATE properties SET price = 3", "DELETE FROM properties"}
		exec(t, db, writes...)
		if db.Dialect().Name() == dialect.PG {
			exec(t, db, "SET session_replication_role = replica")
			exec(t, db, writes...)
		}
		changes := readFeed(t, db)
		if len(changes) < 7 {
			t.Fatalf("the feed has %s", ops(changes))
		}
		for _, c := range changes {
			if c.Op != "delete" {
				wantMembers(t, c.Op+" of "+c.ID.String+", after", c.After, columns)
			}
			if c.Op != "insert" {
				withoutPhotos := slices.DeleteFunc(slices.Clone(columns), func(name string) bool { return name == "photos" })
				wantMembers(t, c.Op+" of "+c.ID.String+", before", c.Before, withoutPhotos)
			}
		}
	})
}

func columnsOf(t *testing.T, db *bun.DB) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM properties LIMIT 0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err := errors.Join(err, rows.Err()); err != nil {
		t.Fatal(err)
	}
	return columns
}

func wantMembers(t *testing.T, what string, image map[string]any, columns []string) {
	t.Helper()
	got, want := slices.Sorted(maps.Keys(image)), sorted(columns)
	if !slices.Equal(got, want) {
		t.Errorf("the image of the %s has the members\n%q, and the table has the columns\n%q", what, got, want)
	}
}

// If a numbered file made a trigger, triggers.sql would have to repeat or undo it.
func TestNoMigrationSinceTheTriggersHaveAFileMakesTriggers(t *testing.T) {
	making := regexp.MustCompile(`(?i)\b(TRIGGER|FUNCTION|PROCEDURE)\b`)
	for name, files := range map[string]fs.FS{"postgres": migrations.Postgres(), "sqlite": migrations.SQLite()} {
		paths, err := fs.Glob(files, "2*.sql")
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s has %d migrations, error %v", name, len(paths), err)
		}
		for _, path := range paths {
			number, _, _ := strings.Cut(path, "_")
			sql, err := fs.ReadFile(files, path)
			if err != nil {
				t.Fatal(err)
			}
			word := making.Find(sqlComment.ReplaceAll(sql, nil))
			if cmp.Compare(number, migrations.LastWithTriggers) > 0 && word != nil {
				t.Errorf("%s/%s has %q, which belongs in triggers.sql", name, path, word)
			}
		}
	}
}

func TestTheTriggersSayWhichProgramsRunBesideThem(t *testing.T) {
	for name, files := range map[string]fs.FS{"postgres": migrations.Postgres(), "sqlite": migrations.SQLite()} {
		triggers, err := migrations.ReadTriggers(files, nil)
		if err != nil {
			t.Fatal(name, err)
		}
		if named, err := fs.Glob(files, triggers.OldestProgram+"_*.up.sql"); err != nil || len(named) != 1 {
			t.Errorf("%s: the oldest program %q brings no such migration (%v)", name, triggers.OldestProgram, err)
		}
	}
	files := fstest.MapFS{"triggers.sql": {Data: []byte(`SELECT 1;{{define "remove"}}{{end}}`)}}
	if _, err := migrations.ReadTriggers(files, nil); err == nil || !strings.Contains(err.Error(), "the first line") {
		t.Errorf("a file without the statement: %v", err)
	}
}

func TestTheTriggersLeaveOutColumnsThatATableLacks(t *testing.T) {
	const sql = "-- Programs since 20261123000006 run on this schema.\n" +
		`{{define "remove"}}DROP it;{{end}}{{range columns "a b:money  c"}}{{.Name}}/{{.Format}} {{end}}`
	files := fstest.MapFS{"triggers.sql": {Data: []byte(sql)}}
	all, err := migrations.ReadTriggers(files, nil)
	if err != nil {
		t.Fatal(err)
	}
	some, err := migrations.ReadTriggers(files, func(column string) bool { return column != "c" })
	if err != nil {
		t.Fatal(err)
	}
	_, expanded, _ := strings.Cut(all.Create, "\n")
	_, fewer, _ := strings.Cut(some.Create, "\n")
	if expanded != "a/ b/money c/ " || fewer != "a/ b/money " || all.Remove != "DROP it;" {
		t.Errorf("expanded %q, without a column %q, remove %q", expanded, fewer, all.Remove)
	}
	if all.Hash() == some.Hash() || len(all.Hash()) != 64 {
		t.Errorf("hashes %s and %s", all.Hash(), some.Hash())
	}
}
