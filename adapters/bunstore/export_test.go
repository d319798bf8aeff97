package bunstore

import (
	"context"
	"io/fs"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/property"
)

// SearchSQL is the statement of a search.
func (db *DB) SearchSQL(s *property.Search) string {
	return searchQuery(db.read.NewSelect().Model(&[]row{}), db.dialect, s).String()
}

// Distance is the expression of a distance between two places.
func Distance(from, at property.Coordinates) string {
	return strings.NewReplacer("p.latitude", literal(at.Latitude), "p.longitude", literal(at.Longitude)).
		Replace(sortKey(property.Sort{Key: property.SortDistance, From: from}))
}

// HistorySQL is the statement that reads a listing's history.
func (db *DB) HistorySQL(id property.ID, limit int) string {
	return db.History().query(id, 0, limit).String()
}

// Columns are the names in the table of columns, in its order.
func Columns() []string { return columns }

// ModelColumns are the columns that bun reads and writes for a listing.
func (db *DB) ModelColumns() (names []string) {
	for _, field := range db.read.Table(reflect.TypeFor[row]()).Fields {
		names = append(names, field.Name)
	}
	return names
}

// Writer is the pool that writes, for tests that write SQL by hand.
func (db *DB) Writer() *bun.DB { return db.write }

// Reader is the pool that reads.
func (db *DB) Reader() *bun.DB { return db.read }

// AfterWrite calls the hook when a transaction that writes has been committed, before anything else happens.
func (db *DB) AfterWrite(hook func()) { db.write = db.write.WithQueryHook(afterCommit(hook)) }

type afterCommit func()

func (afterCommit) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (f afterCommit) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	if e.Query == "COMMIT" {
		f()
	}
}

// IsPostgres reports whether the database is Postgres.
func (db *DB) IsPostgres() bool { return isPostgres(db.options.URL) }

// WholeXid is the transaction that a row names by half its number.
func WholeXid(low, present int64) uint64 { return wholeXid(low, present) }

// URL is what the database was opened with.
func (db *DB) URL() string { return db.options.URL }

// CheckAfter sets the silence after which a listener checks whether the server still answers.
func (b *Notifications) CheckAfter(silence time.Duration) { b.silence = silence }

// UseMigrations makes the database take its schema from these files.
func (db *DB) UseMigrations(files fs.FS) { db.dialect = otherFiles{db.dialect, files} }

// Files are the migrations of the database's dialect.
func (db *DB) Files() fs.FS { return db.dialect.files() }

type otherFiles struct {
	dialect
	of fs.FS
}

func (o otherFiles) files() fs.FS { return o.of }

// Contains reports whether the database finds the part in the text, as a search does.
func (db *DB) Contains(t testing.TB, text, part string) (found bool) {
	t.Helper()
	query := "SELECT " + contains("t.text") + " FROM (SELECT CAST(? AS text) AS text) AS t"
	err := db.read.NewRaw(query, likePattern(part), text).
		Scan(t.Context(), &found)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// MovedTables are the tables that a move copies, each with the columns that it copies.
func (db *DB) MovedTables() map[string][]string {
	tables := map[string][]string{}
	for _, table := range movedTables {
		for _, field := range db.read.Table(table.model).Fields {
			tables[table.name] = append(tables[table.name], field.Name)
		}
	}
	return tables
}

// NotMovedTables are the other tables, each with what becomes of it.
func NotMovedTables() map[string]string { return notMovedTables }
