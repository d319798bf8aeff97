package bunstore_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/migrations"
)

// bare are databases without a schema.
var bare = []database{
	{"Postgres", func(t testing.TB) string { return servicetest.Postgres(t) }},
	{"SQLite file", sqliteFile},
	{"SQLite memory", func(testing.TB) string { return "sqlite::memory:" }},
}

func TestSchemaGoesUpAndDownAndUpAgain(t *testing.T) {
	for _, kind := range bare {
		t.Run(kind.name, func(t *testing.T) {
			db := openRaw(t, kind.url(t))
			wantSchema(t, db, bunstore.ErrSchemaOlder, 0)
			applied, err := db.Migrate(t.Context())
			if err != nil || len(applied) == 0 {
				t.Fatalf("migrating up applied %v, error %v", applied, err)
			}
			wantSchema(t, db, nil, len(applied))
			store(t, db, listing(t, 1))
			if again, err := db.Migrate(t.Context()); err != nil || len(again) != 0 {
				t.Fatalf("migrating twice applied %v, error %v", again, err)
			}
			if undone, err := db.Rollback(t.Context(), len(applied)); err != nil || len(undone) != len(applied) {
				t.Fatalf("migrating down rolled back %v, error %v", undone, err)
			}
			wantSchema(t, db, bunstore.ErrSchemaOlder, 0)
			if _, err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantSchema(t, db, nil, len(applied))
			store(t, db, listing(t, 1))
		})
	}
}

// Anything that a migration leaves behind when it is rolled back would be in the way of the next time.
func TestMigrationsTakenBackOneByOneAreAppliedAgain(t *testing.T) {
	for _, kind := range bare {
		t.Run(kind.name, func(t *testing.T) {
			db := openRaw(t, kind.url(t))
			all, err := db.Migrate(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			whole := schemaText(t, db)
			for back := 1; all[len(all)-back].Name > migrations.LastWithTriggers; back++ {
				if _, err := db.Rollback(t.Context(), back); err != nil {
					t.Fatalf("rolling back %d: %v", back, err)
				}
				if _, err := db.Migrate(t.Context()); err != nil {
					t.Fatalf("applying the last %d again: %v", back, err)
				}
				wantSameText(t, "schema", schemaText(t, db), whole)
			}
			store(t, db, listing(t, 1))
		})
	}
}

// wantSchema checks the result of CheckSchema and how many of this program's migrations are applied.
func wantSchema(t *testing.T, db *bunstore.DB, want error, applied int) {
	t.Helper()
	if err := db.CheckSchema(t.Context()); !errors.Is(err, want) || (err == nil) != (want == nil) {
		t.Fatalf("checking the schema gives %v, not %v", err, want)
	}
	s, err := db.Schema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range s.Known {
		if !m.AppliedAt.IsZero() != (i < applied) || !strings.Contains(m.Name, "_") {
			t.Fatalf("after %d migrations the state of number %d is %+v", applied, i+1, m)
		}
	}
}

func TestTwoProcessesMayMigrateAtOnce(t *testing.T) {
	for _, kind := range bare[:2] {
		t.Run(kind.name, func(t *testing.T) {
			url := kind.url(t)
			var both sync.WaitGroup
			for range 2 {
				db := openRaw(t, url)
				both.Go(func() {
					if _, err := db.Migrate(t.Context()); err != nil {
						t.Error(err)
					}
					if err := db.CheckSchema(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			both.Wait()
		})
	}
}

func TestLeftoverMigrationLockIsExplained(t *testing.T) {
	onEach(t, func(t *testing.T, db *bunstore.DB) {
		_, err := db.Writer().Exec("INSERT INTO gable_migration_locks (table_name) VALUES ('gable_migrations')")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, err = db.Rollback(ctx, 1)
		if !errors.Is(err, bunstore.ErrMigrationLocked) || !strings.Contains(err.Error(),
			"DELETE FROM gable_migration_locks") {
			t.Fatalf("a leftover lock is reported as %v", err)
		}
	})
}
