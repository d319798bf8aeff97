package migrations_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/migrate"
	"github.com/uptrace/bun/schema"
	_ "modernc.org/sqlite"

	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/migrations"
)

func TestMain(m *testing.M) { os.Exit(servicetest.Main(m)) }

var migrated = servicetest.NewTemplate(func(url string) error {
	db, err := open("pgx", url, pgdialect.New())
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	_, err = up(db, migrations.Postgres())
	return err
})

// onBoth runs a test on a migrated Postgres and on a migrated SQLite database.
func onBoth(t *testing.T, test func(t *testing.T, db *bun.DB)) {
	t.Run("postgres", func(t *testing.T) { test(t, openPostgres(t)) })
	t.Run("sqlite", func(t *testing.T) { test(t, openSQLite(t)) })
}

func openPostgres(t *testing.T) *bun.DB { return openURL(t, migrated.Postgres(t)) }

func openURL(t *testing.T, url string) *bun.DB {
	t.Helper()
	return must(t, "pgx", url, pgdialect.New())
}

func openSQLite(t *testing.T) *bun.DB {
	t.Helper()
	db := must(t, "sqlite", "file:"+filepath.Join(t.TempDir(), "gable.db"), sqlitedialect.New())
	if _, err := up(db, migrations.SQLite()); err != nil {
		t.Fatal(err)
	}
	return db
}

func must(t *testing.T, driver, url string, dialect schema.Dialect) *bun.DB {
	t.Helper()
	db, err := open(driver, url, dialect)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func open(driver, url string, dialect schema.Dialect) (*bun.DB, error) {
	conn, err := sql.Open(driver, url)
	if err != nil {
		return nil, err
	}
	conn.SetMaxOpenConns(4)
	return bun.NewDB(conn, dialect), nil
}

func newMigrator(db *bun.DB, files fs.FS, options ...migrate.MigratorOption) (*migrate.Migrator, error) {
	all := migrate.NewMigrations()
	if err := all.Discover(files); err != nil {
		return nil, err
	}
	m := migrate.NewMigrator(db, all, append(options, migrate.WithMarkAppliedOnSuccess(true))...)
	return m, m.Init(context.Background())
}

// up applies the numbered files, and triggers.sql around each as the program does.
func up(db *bun.DB, files fs.FS) (*migrate.Migrator, error) {
	return apply(db, files, aroundTriggers(files)...)
}

// apply applies the numbered files.
func apply(db *bun.DB, files fs.FS, options ...migrate.MigratorOption) (*migrate.Migrator, error) {
	m, err := newMigrator(db, files, options...)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err = m.Migrate(ctx)
	return m, err
}

func exec(t *testing.T, db bun.IDB, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := db.ExecContext(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// wantRefused checks that a statement fails, and that the error contains the reason.
func wantRefused(t *testing.T, db bun.IDB, sql, because string) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), sql)
	if err == nil {
		t.Errorf("stored: %.300s", sql)
	} else if !strings.Contains(err.Error(), because) {
		t.Errorf("%.300s: error %q does not mention %q", sql, err, because)
	}
}

// change is a row of the change feed.
type change struct {
	Seq           int64
	Op            string
	ID            sql.NullString
	Version       sql.NullInt64
	Before, After map[string]any
}

// readFeed returns all changes in the feed, oldest first.
func readFeed(t *testing.T, db *bun.DB) []change {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT seq, op, CAST(property_id AS text), version,
		coalesce(CAST(before AS text), 'null'), coalesce(CAST(after AS text), 'null') FROM property_changes ORDER BY seq`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var changes []change
	for rows.Next() {
		var c change
		var before, after string
		if err := rows.Scan(&c.Seq, &c.Op, &c.ID, &c.Version, &before, &after); err != nil {
			t.Fatal(err)
		}
		c.Before, c.After = image(t, before), image(t, after)
		changes = append(changes, c)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return changes
}

func image(t *testing.T, text string) map[string]any {
	t.Helper()
	var result map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&result); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return result
}

// ops returns the feed in short: "insert 1, update 2, delete 3, reset".
func ops(changes []change) string {
	var parts []string
	for _, c := range changes {
		part := c.Op
		if c.Version.Valid {
			part += " " + strconv.FormatInt(c.Version.Int64, 10)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

func TestMigrationsGoUpDownAndUpAgain(t *testing.T) {
	for name, c := range map[string]struct {
		open  func(t *testing.T) *bun.DB
		files fs.FS
		left  string
	}{
		"postgres": {
			func(t *testing.T) *bun.DB { return openURL(t, servicetest.Postgres(t)) }, migrations.Postgres(),
			`SELECT count(*) FROM (SELECT relname FROM pg_class c WHERE relnamespace = 'public'::regnamespace
			 AND relname NOT LIKE 'bun_%' UNION ALL SELECT proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
			 AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')) AS remaining`,
		},
		"sqlite": {
			func(t *testing.T) *bun.DB {
				return must(t, "sqlite", "file:"+filepath.Join(t.TempDir(), "x.db"), sqlitedialect.New())
			}, migrations.SQLite(),
			`SELECT count(*) FROM sqlite_master WHERE tbl_name NOT LIKE 'bun_%' AND name NOT LIKE 'sqlite_%'`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			db := c.open(t)
			if _, err := up(db, c.files); err != nil {
				t.Fatal(err)
			}
			exec(t, db, insertOne)
			m, err := newMigrator(db, c.files, aroundTriggers(c.files)...)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.Rollback(t.Context()); err != nil {
				t.Fatalf("down: %v", err)
			}
			var left int
			if err := db.QueryRowContext(t.Context(), c.left).Scan(&left); err != nil || left != 0 {
				t.Errorf("%d objects are left after going down (%v)", left, err)
			}
			if _, err := m.Migrate(t.Context()); err != nil {
				t.Fatalf("up again: %v", err)
			}
			exec(t, db, insertOne)
		})
	}
}

var looks atomic.Int64 // at the columns of properties

// aroundTriggers removes the triggers before a migration that leaves them to triggers.sql, and creates them after it
// for the columns of the table then.
func aroundTriggers(files fs.FS) []migrate.MigratorOption {
	triggers := func(then func(*migrations.Triggers) string) func(context.Context, bun.IConn, *migrate.Migration) error {
		return func(ctx context.Context, conn bun.IConn, m *migrate.Migration) error {
			if m.Name <= migrations.LastWithTriggers {
				return nil
			}
			query := fmt.Sprintf("SELECT * FROM properties AS p%d LIMIT 0", looks.Add(1)) // no plan is reused
			rows, err := conn.QueryContext(ctx, query)
			if err != nil {
				return err
			}
			columns, err := rows.Columns()
			if err := errors.Join(err, rows.Err(), rows.Close()); err != nil {
				return err
			}
			read, err := migrations.ReadTriggers(files, func(name string) bool { return slices.Contains(columns, name) })
			if err == nil {
				_, err = conn.ExecContext(ctx, then(read))
			}
			return err
		}
	}
	return []migrate.MigratorOption{
		migrate.BeforeMigration(triggers(func(t *migrations.Triggers) string { return t.Remove })),
		migrate.AfterMigration(triggers(func(t *migrations.Triggers) string { return t.Create })),
	}
}

func TestEveryMigrationHasADown(t *testing.T) {
	for name, files := range map[string]fs.FS{"postgres": migrations.Postgres(), "sqlite": migrations.SQLite()} {
		ups, err := fs.Glob(files, "*.tx.up.sql")
		if err != nil || len(ups) == 0 {
			t.Errorf("%s: no migrations (%v)", name, err)
		}
		for _, file := range ups {
			if _, err := fs.Stat(files, strings.Replace(file, ".up.", ".down.", 1)); err != nil {
				t.Error(name, err)
			}
		}
	}
}

func TestChangesFromBeforeActorsWereRecordedHaveNone(t *testing.T) {
	for name, c := range map[string]struct {
		open  func(t *testing.T) *bun.DB
		files fs.FS
	}{
		"postgres": {func(t *testing.T) *bun.DB { return openURL(t, servicetest.Postgres(t)) }, migrations.Postgres()},
		"sqlite": {func(t *testing.T) *bun.DB {
			return must(t, "sqlite", "file:"+filepath.Join(t.TempDir(), "x.db"), sqlitedialect.New())
		}, migrations.SQLite()},
	} {
		t.Run(name, func(t *testing.T) {
			db := c.open(t)
			if _, err := apply(db, earlier{c.files}); err != nil {
				t.Fatal(err)
			}
			exec(t, db, insertOne)
			if _, err := up(db, c.files); err != nil {
				t.Fatal(err)
			}
			if got := actors(t, db); !slices.Equal(got, []string{""}) {
				t.Errorf("the actors are %q", got)
			}
		})
	}
}

// earlier is the migrations before the one that records actors.
type earlier struct{ fs.FS }

func (e earlier) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(e.FS, name)
	return slices.DeleteFunc(entries, func(entry fs.DirEntry) bool { return entry.Name() >= "20261123000005" }), err
}

// actors returns the actors of the changes in the feed, oldest first; "" for a change without one.
func actors(t *testing.T, db *bun.DB) []string {
	t.Helper()
	var list []string
	if err := db.NewRaw("SELECT coalesce(actor, '') FROM property_changes ORDER BY seq").
		Scan(t.Context(), &list); err != nil {
		t.Fatal(err)
	}
	return list
}
