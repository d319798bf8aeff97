package bunstore_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/migrations"
	"github.com/gable-listings/gable/ports"
)

// These are migrations that a later program brings: two that expand, and one that programs without the second cannot
// run on.
const (
	colour = "29990101000001_colour"
	shape  = "29990101000002_shape"
	after  = "29990101000003_after_shape"
)

// laterProgram makes the database take its schema from this program's migrations and these, up and down.
func laterProgram(t *testing.T, db *bunstore.DB, names ...string) {
	t.Helper()
	files := copyOf(t, db)
	sql := map[string][2]string{
		colour: {"-- Programs since 20261123000006 run on this schema.\nALTER TABLE properties ADD COLUMN colour text;",
			"ALTER TABLE properties DROP COLUMN colour;"},
		shape: {"-- Programs since 20261123000006 run on this schema.\nCREATE TABLE shapes (id integer);",
			"DROP TABLE shapes;"},
		after: {"-- Programs since 29990101000002 run on this schema.\nCREATE TABLE more (id integer);",
			"DROP TABLE more;"},
	}
	for _, name := range names {
		files[name+".tx.up.sql"] = &fstest.MapFile{Data: []byte(sql[name][0])}
		files[name+".tx.down.sql"] = &fstest.MapFile{Data: []byte(sql[name][1])}
	}
	db.UseMigrations(files)
}

func names(list []bunstore.Migration) string {
	var all []string
	for _, m := range list {
		all = append(all, m.Name)
	}
	return strings.Join(all, " ")
}

func schemaOf(t *testing.T, db *bunstore.DB) *bunstore.Schema {
	t.Helper()
	s, err := db.Schema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustMigrate(t *testing.T, db *bunstore.DB, want string) {
	t.Helper()
	applied, err := db.Migrate(t.Context())
	if err != nil || names(applied) != want {
		t.Fatalf("applied %q, want %q; error %v", names(applied), want, err)
	}
}

// twoPrograms opens a database twice: as this program, and as a later one. It leaves out SQLite in memory, which
// belongs to one process.
func twoPrograms(t *testing.T, test func(t *testing.T, here, later *bunstore.DB)) {
	for _, kind := range bare[:2] {
		t.Run(kind.name, func(t *testing.T) {
			url := kind.url(t)
			test(t, open(t, url), openRaw(t, url))
		})
	}
}

func TestAProgramRunsOnANewerSchemaThatSaysSoAndRefusesAnother(t *testing.T) {
	twoPrograms(t, func(t *testing.T, here, later *bunstore.DB) {
		wantNewer := func(newer string, want error) {
			t.Helper()
			s := schemaOf(t, here)
			if err := s.Check(); s.Newer() != newer || !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Fatalf("newest unknown migration %q, want %q; check %v, want %v", s.Newer(), newer, err, want)
			}
			if err := here.CheckSchema(t.Context()); !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Fatalf("CheckSchema is %v, want %v", err, want)
			}
		}
		wantNewer("", nil)
		laterProgram(t, later, colour)
		mustMigrate(t, later, colour)
		wantNewer(colour, nil)
		store(t, here, listing(t, 1))
		mustMigrate(t, here, "")
		laterProgram(t, later, shape)
		mustMigrate(t, later, shape)
		wantNewer(shape, nil)
		laterProgram(t, later, after)
		mustMigrate(t, later, after)
		wantNewer(after, bunstore.ErrSchemaNewer)
		if _, err := here.Migrate(t.Context()); !errors.Is(err, bunstore.ErrSchemaNewer) {
			t.Errorf("migrating a schema that this program cannot run on gives %v", err)
		}
		if _, err := later.Rollback(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		wantNewer(shape, nil)
	})
}

func TestAnUnknownMigrationThatSaysNothingIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, db *bunstore.DB) {
		_, err := db.Writer().Exec("INSERT INTO gable_migrations (name, group_id) VALUES ('29991231000001', 2)")
		if err != nil {
			t.Fatal(err)
		}
		err = db.CheckSchema(t.Context())
		if !errors.Is(err, bunstore.ErrSchemaNewer) || !strings.Contains(err.Error(), "29991231000001") {
			t.Fatalf("a schema from the future is %v", err)
		}
	})
}

func TestTheTableOfTheFirstReleaseHoldsItsMigrationsAndNoOthers(t *testing.T) {
	twoPrograms(t, func(t *testing.T, _, later *bunstore.DB) {
		wantFirst := func(want int) {
			t.Helper()
			var first []string
			query := later.Writer().NewRaw("SELECT name FROM gable_migrations ORDER BY name")
			if err := query.Scan(t.Context(), &first); err != nil {
				t.Fatal(err)
			}
			if len(first) != want || slices.Max(first) > migrations.FirstRelease {
				t.Fatalf("the first release finds %q", first)
			}
		}
		wantFirst(6)
		laterProgram(t, later, colour, shape)
		mustMigrate(t, later, colour+" "+shape)
		wantFirst(6)
		all := len(schemaOf(t, later).Known)
		if back, err := later.Rollback(t.Context(), all-4); err != nil || len(back) != all-4 {
			t.Fatalf("rolled back %q, error %v", names(back), err)
		}
		wantFirst(4)
	})
}

func TestMigrationsAreTakenBackOneByOneNewestFirst(t *testing.T) {
	twoPrograms(t, func(t *testing.T, here, later *bunstore.DB) {
		own := schemaOf(t, here).Known
		laterProgram(t, later, colour, shape)
		mustMigrate(t, later, colour+" "+shape)
		if back, err := here.Rollback(t.Context(), 1); !errors.Is(err, bunstore.ErrSchemaNewer) || len(back) != 0 {
			t.Fatalf("a program that does not know the newest migration rolled back %q, error %v", names(back), err)
		}
		for _, want := range []string{shape, colour, own[len(own)-1].Name} {
			if back, err := later.Rollback(t.Context(), 1); err != nil || names(back) != want {
				t.Fatalf("rolled back %q, want %q; error %v", names(back), want, err)
			}
		}
		for _, n := range []int{-1, 0, len(own)} {
			if back, err := here.Rollback(t.Context(), n); err == nil || len(back) != 0 {
				t.Fatalf("asked for %d of %d migrations, rolled back %q", n, len(own)-1, names(back))
			}
		}
	})
}

func TestAFailedMigrationIsNeitherDoneNorReportedAndThoseBeforeItAre(t *testing.T) {
	twoPrograms(t, func(t *testing.T, _, later *bunstore.DB) {
		laterProgram(t, later, colour, shape)
		if _, err := later.Writer().Exec("CREATE TABLE shapes (id integer)"); err != nil { // in the way
			t.Fatal(err)
		}
		applied, err := later.Migrate(t.Context())
		if err == nil || names(applied) != colour || !strings.Contains(err.Error(), shape) {
			t.Fatalf("applied %q, error %v", names(applied), err)
		}
		if _, err := later.Writer().Exec("DROP TABLE shapes"); err != nil {
			t.Fatal(err)
		}
		mustMigrate(t, later, shape)
		// What is not there cannot be dropped.
		if _, err := later.Writer().Exec("ALTER TABLE properties DROP COLUMN colour"); err != nil {
			t.Fatal(err)
		}
		back, err := later.Rollback(t.Context(), 2)
		if err == nil || names(back) != shape || !strings.Contains(err.Error(), colour) {
			t.Fatalf("rolled back %q, error %v", names(back), err)
		}
	})
}

// A process that dies between a migration and its record would leave a database that cannot be migrated.
func TestAMigrationAndItsRecordAreOneTransaction(t *testing.T) {
	for _, kind := range bare[:2] {
		t.Run(kind.name, func(t *testing.T) {
			db := open(t, kind.url(t))
			laterProgram(t, db, colour)
			refuse := "CREATE TRIGGER refuse BEFORE INSERT ON gable_schema_migrations BEGIN " +
				"SELECT RAISE(ABORT, 'refused'); END"
			if kind.name == "Postgres" {
				refuse = "ALTER TABLE gable_schema_migrations ADD CONSTRAINT refused CHECK (name = '') NOT VALID"
			}
			if _, err := db.Writer().Exec(refuse); err != nil {
				t.Fatal(err)
			}
			if applied, err := db.Migrate(t.Context()); err == nil || len(applied) != 0 {
				t.Fatalf("applied %q without a record", names(applied))
			}
			if _, err := db.Writer().Exec("SELECT colour FROM properties"); err == nil {
				t.Error("the migration is there and its record is not")
			}
		})
	}
}

// A migration that waits for a table would make every reader wait behind it.
func TestAMigrationThatWaitsForATableDoesNotMakeOthersWait(t *testing.T) {
	url := bare[0].url(t)
	db, later := open(t, url), openRaw(t, url)
	laterProgram(t, later, colour)
	p := store(t, db, listing(t, 1))
	impatient, err := bunstore.Open(t.Context(), bunstore.Options{URL: url, MigrationWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = impatient.Close() })
	laterProgram(t, impatient, colour)
	migrated := make(chan error, 1)
	holding(t, db, "SELECT FROM properties", func() {
		if _, err := impatient.Migrate(t.Context()); !errors.Is(err, ports.ErrUnavailable) {
			t.Errorf("a migration that has waited long enough gives %v", err)
		}
		go func() {
			_, err := later.Migrate(t.Context())
			migrated <- err
		}()
		deadline := time.Now().Add(3 * time.Second)
		for time.Now().Before(deadline) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			if _, _, err := db.Repository().Find(ctx, p.ID); err != nil {
				t.Errorf("a reader beside a waiting migration: %v", err)
			}
			cancel()
		}
		select {
		case err := <-migrated:
			t.Errorf("the migration did not wait: %v", err)
		default:
		}
	})
	if err := <-migrated; err != nil {
		t.Errorf("the migration after the transaction that was in its way: %v", err)
	}
}
