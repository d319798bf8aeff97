package bunstore_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/migrations"
)

// withTriggers makes the database take triggers.sql, edited, and the rest of its files as they are.
func withTriggers(t *testing.T, db *bunstore.DB, edit func(sql string) string) {
	t.Helper()
	files := copyOf(t, db)
	files["triggers.sql"].Data = []byte(edit(string(files["triggers.sql"].Data)))
	db.UseMigrations(files)
}

// copyOf copies the files from which the database takes its schema.
func copyOf(t *testing.T, db *bunstore.DB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	base := db.Files()
	paths, err := fs.Glob(base, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		sql, err := fs.ReadFile(base, path)
		if err != nil {
			t.Fatal(err)
		}
		files[path] = &fstest.MapFile{Data: sql}
	}
	return files
}

// remarked is triggers.sql in a later release that changes no behaviour.
func remarked(sql string) string { return sql + "\n-- A remark.\n" }

// coloured is triggers.sql in a later release with a new column.
func coloured(sql string) string {
	return strings.Replace(sql, "\n        id reference", "\n        id colour reference", 1)
}

// hasColour reports whether the image recorded last has the member colour.
func hasColour(t *testing.T, db *bunstore.DB) bool {
	t.Helper()
	const last = "SELECT CAST(coalesce(after, before) AS text) FROM property_changes ORDER BY seq DESC LIMIT 1"
	return strings.Contains(lines(t, db, last)[0], `"colour"`)
}

func wantCheck(t *testing.T, db *bunstore.DB, want error, note string) {
	t.Helper()
	if err := db.CheckSchema(t.Context()); !errors.Is(err, want) || (err == nil) != (want == nil) {
		t.Fatalf("checking the schema gives %v, want %v", err, want)
	}
	if got := schemaOf(t, db).Note(); !strings.Contains(got, note) || (got == "") != (note == "") {
		t.Fatalf("the note on the schema is %q, want %q", got, note)
	}
}

func TestTriggersAreAppliedAgainWhenTheirFileHasChanged(t *testing.T) {
	onEach(t, func(t *testing.T, db *bunstore.DB) {
		const ours, theirs = "the id of a property cannot change", "an id is for ever"
		refusal := func() string {
			_, err := db.Writer().Exec("UPDATE properties SET id = '0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d22'")
			return fmt.Sprint(err)
		}
		store(t, db, listing(t, 1))
		withTriggers(t, db, func(sql string) string { return strings.Replace(sql, ours, theirs, 1) })
		if got := refusal(); !strings.Contains(got, ours) {
			t.Fatalf("before the migration: %s", got)
		}
		mustMigrate(t, db, "triggers")
		if got := refusal(); !strings.Contains(got, theirs) {
			t.Errorf("after the migration: %s", got)
		}
		wantCheck(t, db, nil, "")
		applied := schemaOf(t, db).Triggers.AppliedAt
		cursor := head(t, db)
		mustMigrate(t, db, "")
		if again := schemaOf(t, db).Triggers.AppliedAt; !again.Equal(applied) {
			t.Errorf("applied at %v and again at %v", applied, again)
		}
		if _, err := db.Feed().Changes(t.Context(), cursor, 10); err != nil {
			t.Errorf("a migration that had nothing to do ended the history: %v", err)
		}
	})
}

func TestADatabaseWithoutTheTriggersOfTheProgramIsOlder(t *testing.T) {
	onEach(t, func(t *testing.T, db *bunstore.DB) {
		for _, statement := range []string{
			"DELETE FROM gable_schema_triggers", "DROP TABLE gable_schema_triggers",
			"UPDATE gable_schema_triggers SET hash = 'x', newest_migration = '20261129000002'",
		} {
			if _, err := db.Writer().Exec(statement); err != nil {
				t.Fatal(err)
			}
			if err := db.CheckSchema(t.Context()); !errors.Is(err, bunstore.ErrSchemaOlder) ||
				!strings.Contains(err.Error(), "triggers") {
				t.Fatalf("after %s checking the schema gives %v", statement, err)
			}
			mustMigrate(t, db, "triggers")
			wantCheck(t, db, nil, "")
		}
	})
}

// A program must not remove the triggers of a newer one, and runs beside them if they say so.
func TestAProgramLeavesTheTriggersOfANewerOne(t *testing.T) {
	twoPrograms(t, func(t *testing.T, here, later *bunstore.DB) {
		p := store(t, here, listing(t, 1))
		write := func() {
			t.Helper()
			change, err := here.Repository().Update(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			p = *change.After
		}
		laterProgram(t, later, colour)
		withTriggers(t, later, func(sql string) string { return remarked(coloured(sql)) })
		mustMigrate(t, later, colour)
		write()
		if !hasColour(t, here) {
			t.Fatal("the new column is in no image")
		}
		wantCheck(t, here, nil, colour)
		mustMigrate(t, here, "")
		if write(); !hasColour(t, here) {
			t.Error("the older program has taken the newer triggers away")
		}

		if _, err := later.Rollback(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if write(); hasColour(t, here) {
			t.Error("the images have a column that the table lacks")
		}
		wantCheck(t, here, nil, "triggers are those of another program")
		wantCheck(t, later, bunstore.ErrSchemaOlder, "triggers are those of another program")
		mustMigrate(t, here, "triggers")
		wantCheck(t, here, nil, "")
		mustMigrate(t, later, colour)
		if write(); !hasColour(t, here) {
			t.Error("after the migration is back the new column is in no image")
		}
	})
}

func TestTriggersThatNeedANewerProgramRefuseAnOlderOne(t *testing.T) {
	twoPrograms(t, func(t *testing.T, here, later *bunstore.DB) {
		laterProgram(t, later, colour)
		withTriggers(t, later, func(sql string) string {
			return strings.Replace(sql, "since "+migrations.FirstRelease, "since "+colour[:14], 1)
		})
		mustMigrate(t, later, colour)
		if err := here.CheckSchema(t.Context()); !errors.Is(err, bunstore.ErrSchemaNewer) {
			t.Errorf("checking the schema gives %v", err)
		}
		if _, err := here.Migrate(t.Context()); !errors.Is(err, bunstore.ErrSchemaNewer) {
			t.Errorf("migrating gives %v", err)
		}
		wantCheck(t, later, nil, "")
	})
}

func TestBrokenTriggersLeaveThoseInForce(t *testing.T) {
	twoPrograms(t, func(t *testing.T, here, later *bunstore.DB) {
		before := schemaText(t, here)
		for name, broken := range map[string]func(sql string) string{
			"by themselves":    func(sql string) string { return remarked(sql) + "CREATE TRIGGER broken;" },
			"with a migration": func(sql string) string { return coloured(sql) + "CREATE TRIGGER broken;" },
		} {
			db := openRaw(t, later.URL())
			if name == "with a migration" {
				laterProgram(t, db, colour)
			}
			withTriggers(t, db, broken)
			if applied, err := db.Migrate(t.Context()); err == nil || len(applied) != 0 {
				t.Errorf("%s: applied %q, error %v", name, names(applied), err)
			}
			wantSameText(t, name, schemaText(t, here), before)
			wantCheck(t, here, nil, "")
		}
		store(t, here, listing(t, 1))
		if n := lines(t, here, "SELECT count(*) FROM property_changes")[0]; n != "1" {
			t.Errorf("%s changes are recorded", n)
		}
	})
}

func TestTakingBackAMigrationThatMadeTriggersLeavesItsOwn(t *testing.T) {
	twoPrograms(t, func(t *testing.T, here, _ *bunstore.DB) {
		before := schemaText(t, here)
		var newer int
		for _, m := range schemaOf(t, here).Known {
			if m.Name >= migrations.LastWithTriggers {
				newer++
			}
		}
		for range newer {
			if schemaOf(t, here).Triggers.AppliedAt.IsZero() {
				t.Fatal("the triggers are forgotten while no migration makes others")
			}
			if _, err := here.Rollback(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			byHand(t, here.Writer(), "INSERT INTO properties (title, price, location) VALUES ('A', 1, 'B')",
				"UPDATE properties SET price = 2", "DELETE FROM properties")
		}
		if s := schemaOf(t, here); !s.Triggers.AppliedAt.IsZero() {
			t.Error("the triggers are still those of triggers.sql, it says")
		}
		if _, err := here.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantSameText(t, "up again", schemaText(t, here), before)
		if n := lines(t, here, "SELECT count(*) FROM property_changes")[0]; n != fmt.Sprint(3*newer) {
			t.Errorf("%s changes are recorded, not %d", n, 3*newer)
		}
	})
}

// schemaText returns every table, column, index, constraint, function and trigger of the database, as the database
// prints them.
func schemaText(t *testing.T, db *bunstore.DB) []string {
	t.Helper()
	if !db.IsPostgres() { // triggers fire in the order of their rows
		return lines(t, db, `SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master
			ORDER BY type, iif(type = 'trigger', rowid, 0), name`)
	}
	return slices.Concat(
		lines(t, db, `SELECT pg_get_functiondef(p.oid) || coalesce(p.proacl::text, '') FROM pg_proc p
			WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS
				(SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') ORDER BY proname`),
		lines(t, db, `SELECT pg_get_triggerdef(oid) || ' ' || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
			ORDER BY tgname`),
		lines(t, db, `SELECT table_name || ' ' || rank() OVER (PARTITION BY table_name ORDER BY ordinal_position) || ' ' ||
			column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '')
			FROM information_schema.columns
			WHERE table_schema = 'public' ORDER BY table_name, ordinal_position`),
		lines(t, db, `SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname`),
		lines(t, db, `SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid)
			FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY conrelid::regclass::text, conname`))
}

func wantSameText(t *testing.T, what string, got, want []string) {
	t.Helper()
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("%s: in excess is\n%s", what, line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("%s: missing is\n%s", what, line)
		}
	}
	if len(got) == len(want) && !slices.Equal(got, want) {
		t.Errorf("%s: the order is another", what)
	}
}
