package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"strconv"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/gable-listings/gable/migrations"
)

// sqliteDialect is the dialect of SQLite, whose library is part of the program.
type sqliteDialect struct {
	history *sqliteHistory
	file    *sqliteFile // nil for a database in memory
}

var _ dialect = sqliteDialect{}

const (
	memoryPath = ":memory:"
	// cacheKiB is the most memory in which a connection caches pages. Writing touches a dozen indexes in random places.
	cacheKiB = 64 << 10
	// walBytes is the size to which the write-ahead log is cut, twice what it takes between two checkpoints. A reader
	// that holds on to an old state makes the log longer.
	walBytes = 8 << 20
)

// openSQLite opens a file with several connections that read and one that writes. SQLite has a single writer anyway,
// and so writers wait in Go, where their deadlines count. A database in memory is one connection, which stays open.
func (db *DB) openSQLite(ctx context.Context) error {
	path, err := sqlitePath(db.options.URL)
	if err != nil {
		return err
	}
	d := sqliteDialect{history: newSQLiteHistory()}
	if path != memoryPath {
		if err := db.findFile(path); err != nil {
			return err
		}
		d.file = &sqliteFile{path: path}
	}
	db.dialect = d
	if err := db.sqlitePools(path, d.file); err != nil {
		return err
	}
	if err := db.Ping(ctx); err != nil {
		return errors.Join(err, db.Close())
	}
	return nil
}

// sqlitePools opens the pools. The feed is read by a connection that caches no pages of the file: it sees the present
// content even when another file was copied over this one, which SQLite does not expect.
func (db *DB) sqlitePools(path string, file *sqliteFile) (err error) {
	conns := db.options.MaxConns
	if conns == 0 {
		conns = defaultSQLiteConns
	}
	if db.write, err = db.sqlitePool(path, file, 1, false, "_txlock=immediate"); err != nil {
		return err
	}
	if file == nil {
		db.read, db.feed, db.probe = db.write, db.write, db.write
		return db.openLanes(1, func(int) (*bun.DB, error) { return db.write, nil })
	}
	if db.read, err = db.sqlitePool(path, file, pageConns(conns), false, readOnly); err != nil {
		return err
	}
	if db.feed, err = db.sqlitePool(path, file, 1, true, readOnly); err != nil {
		return err
	}
	if db.probe, err = db.sqlitePool(path, file, 1, true, readOnly); err != nil {
		return err
	}
	return db.openLanes(conns, func(conns int) (*bun.DB, error) {
		return db.sqlitePool(path, file, conns, false, readOnly)
	})
}

// alone runs the query as it is: every SQLite query uses one processor.
func (sqliteDialect) alone(
	ctx context.Context, pool *bun.DB, query func(ctx context.Context, pool bun.IDB) error,
) error {
	return query(ctx, pool)
}

const readOnly = "_pragma=query_only(1)"

// sqlitePool opens a pool. An acknowledged write is on the disk: with synchronous=NORMAL a power failure could undo
// the last ones.
func (db *DB) sqlitePool(path string, file *sqliteFile, conns int, uncached bool, extra string) (*bun.DB, error) {
	escaped := (&url.URL{Path: path}).EscapedPath()
	busy := strconv.FormatInt(db.options.QueryTimeout.Milliseconds(), 10)
	connector, err := sqlite.NewConnector("file:" + escaped + "?_pragma=busy_timeout(" + busy + ")" +
		"&_pragma=journal_mode(WAL)" +
		"&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=temp_store(MEMORY)" +
		"&_pragma=cache_size(-" + strconv.Itoa(cacheKiB) + ")&_pragma=journal_size_limit(" + strconv.Itoa(walBytes) + ")" +
		"&_dqs=0&" + extra)
	if err != nil {
		return nil, err
	}
	if file != nil {
		connector = sqliteConnector{connector, file, uncached}
	}
	pool := boundPool(sql.OpenDB(connector), conns, 0)
	if file != nil {
		file.pools = append(file.pools, pool)
	}
	return db.withTrace(bun.NewDB(pool, sqlitedialect.New())), nil
}

// noIndex stops SQLite from using the column's index. Without statistics, which an embedded database lacks as a rule,
// it would sort a million listings rather than walk past a few. Walking past all of them is still quicker than the
// sort.
func (sqliteDialect) noIndex(column string) string { return "+" + column }

func (sqliteDialect) violated(err error) uniqueness {
	switch sqliteCode(err) {
	case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return primaryKey
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE:
		return uniqueColumn
	}
	return notViolated
}

// transient closes the connections to a file that seems malformed. A longer file that is copied over an open one
// seems so until the last connection closes and discards the length that SQLite has in shared memory.
func (d sqliteDialect) transient(err error) transience {
	if sqliteCode(err)&0xff == sqlite3.SQLITE_CORRUPT && d.file != nil {
		d.file.recycle()
		return transience{hungUp: true}
	}
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

// lockTable has nothing to do: a transaction that writes is the only one from its beginning.
func (sqliteDialect) lockTable(context.Context, bun.IDB, string) error { return nil }

func (sqliteDialect) orphaned(err error) bool {
	return sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

func (sqliteDialect) files() fs.FS { return migrations.SQLite() }

func (sqliteDialect) migrationPool(db *DB) (*bun.DB, func() error, error) {
	return db.write, func() error { return nil }, nil
}

func (sqliteDialect) boundTableLocks() string { return "" }

func (sqliteDialect) tableLocked(error) bool { return false }

func (d sqliteDialect) raced(err error) bool { return d.violated(err) != notViolated }

// missingTable uses the code of any mistake in a statement; the statements in question only read a table.
func (sqliteDialect) missingTable(err error) bool { return sqliteCode(err) == sqlite3.SQLITE_ERROR }
