package bunstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io/fs"
	"net/url"
	"strconv"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/migrations"
)

// sqliteDialect is the dialect of SQLite, whose library is part of the program. A file does not know whether it is the one
// that was there before or a backup of it, so the epoch is a new one each time it is opened.
type sqliteDialect struct{ epoch string }

var _ dialect = sqliteDialect{}

const (
	memoryPath = ":memory:"
	// cacheKiB is the most memory that a connection keeps pages in. Writing touches a dozen indexes in random places.
	cacheKiB = 64 << 10
)

// openSQLite opens a file with several connections that read and one that writes; SQLite has a single writer anyway, and
// so writers wait in Go, where their deadlines count. A database in memory is one connection, which is never let go of.
func (db *DB) openSQLite(ctx context.Context) error {
	db.dialect = sqliteDialect{epoch: rand.Text()}
	path, err := sqlitePath(db.options.URL)
	if err != nil {
		return err
	}
	if db.write, err = db.sqlitePool(path, 1, "_txlock=immediate"); err != nil {
		return err
	}
	db.read = db.write
	if err := db.Ping(ctx); err != nil || path == memoryPath {
		return errors.Join(err, db.closeUnless(err == nil))
	}
	conns := db.options.MaxConns
	if conns == 0 {
		conns = defaultSQLiteConns
	}
	db.read, err = db.sqlitePool(path, conns, "_pragma=query_only(1)")
	return err
}

func (db *DB) closeUnless(fine bool) error {
	if fine {
		return nil
	}
	return db.Close()
}

// sqlitePool opens a pool. An acknowledged write is on the disk: with synchronous=NORMAL a power failure could take back
// the last ones.
func (db *DB) sqlitePool(path string, conns int, extra string) (*bun.DB, error) {
	escaped := (&url.URL{Path: path}).EscapedPath()
	busy := strconv.FormatInt(db.options.QueryTimeout.Milliseconds(), 10)
	pool, err := sql.Open("sqlite", "file:"+escaped+"?_pragma=busy_timeout("+busy+")&_pragma=journal_mode(WAL)"+
		"&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=temp_store(MEMORY)"+
		"&_pragma=cache_size(-"+strconv.Itoa(cacheKiB)+")&_dqs=0&"+extra)
	if err != nil {
		return nil, err
	}
	return bun.NewDB(pooled(pool, conns, 0), sqlitedialect.New()), nil
}

// containsFunction is property.ContainsFold for SQLite, which folds ASCII letters only.
const containsFunction = "gable_contains"

func init() {
	sqlite.MustRegisterDeterministicScalarFunction(containsFunction, 2,
		func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			text, ok1 := args[0].(string)
			part, ok2 := args[1].(string)
			return ok1 && ok2 && property.ContainsFold(text, part), nil
		})
}

// contains uses LIKE, which folds ASCII letters, where the part has no others that fold.
func (sqliteDialect) contains(expression, part string) (string, []any) {
	if property.ContainsText("", part) == property.Maybe {
		return containsFunction + "(" + expression + ", ?)", []any{part}
	}
	return expression + ` LIKE ? ESCAPE '\'`, []any{likePattern(part)}
}

// beside keeps SQLite from using the column's index: without statistics, which nobody gathers on an embedded database, it
// would rather sort a million listings than walk past a few. Walking past all of them is still quicker than that.
func (sqliteDialect) beside(column string) string { return "+" + column }

func (sqliteDialect) violated(err error) uniqueness {
	switch sqliteCode(err) {
	case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return primaryKey
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE:
		return uniqueColumn
	}
	return notViolated
}

func (sqliteDialect) transient(err error) transience {
	switch sqliteCode(err) & 0xff { // the primary code
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY:
		return transience{outage: true}
	}
	return transience{}
}

// sqliteCode is the extended result code of an error, or 0.
func sqliteCode(err error) int {
	var refusal *sqlite.Error
	if errors.As(err, &refusal) {
		return refusal.Code()
	}
	return 0
}

// lockAccounts has nothing to do: a transaction that writes is the only one from its beginning.
func (sqliteDialect) lockAccounts(context.Context, bun.IDB) error { return nil }

func (sqliteDialect) orphaned(err error) bool {
	return sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

func (sqliteDialect) files() fs.FS { return migrations.SQLite() }

func (sqliteDialect) migrationPool(db *DB) (*bun.DB, func() error, error) {
	return db.write, func() error { return nil }, nil
}

func (d sqliteDialect) raced(err error) bool { return d.violated(err) != notViolated }

// missingTable cannot be told from other mistakes in a statement by its code, and there is one statement that asks.
func (sqliteDialect) missingTable(err error) bool { return sqliteCode(err) == sqlite3.SQLITE_ERROR }
