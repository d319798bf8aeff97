package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// Options says which database to open and how.
type Options struct {
	// URL is a Postgres or SQLite URL. For Postgres it is postgres://user@host/database?… (or postgresql://…, as
	// libpq understands it). For SQLite it is sqlite:PATH, where PATH is absolute or relative to the working directory
	// (sqlite:///absolute/path means the same), or sqlite::memory: for a database that lives in this process for as long
	// as the DB is open.
	URL string
	// MustExist makes Open refuse an SQLite file that does not exist, which it creates otherwise.
	MustExist bool
	// MaxConns bounds the connections to Postgres, or those that read an SQLite file; 0 is 16 for Postgres and 4 for
	// SQLite. An eighth of them counts, and an eighth searches text without an index; at least one for each, and one for
	// the rest.
	MaxConns int
	// QueryTimeout is the longest that any call may take, including the wait for a connection; 0 is 5 seconds. A
	// caller's context may ask for less.
	QueryTimeout time.Duration
	// MigrationWait is how long Migrate and Rollback wait for others; 0 is 30 seconds. They wait for other processes
	// that migrate, and for transactions that hold the tables which they change.
	MigrationWait time.Duration
	// Trace, if not nil, records each statement that belongs to a recorded span.
	Trace ports.Trace
}

const (
	defaultQueryTimeout  = 5 * time.Second
	defaultPostgresConns = 16
	defaultSQLiteConns   = 4
	idleTime             = 5 * time.Minute
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	read, write *bun.DB // the same pool, except for an SQLite file, which has a single writer
	// feed is a pool reserved for the change feed, so that the feed never waits behind queries. A late feed makes
	// requests bypass the caches, which adds load. Where no pool can be reserved it is read.
	feed *bun.DB
	// probe is a connection for readiness checks: a busy database is not an outage. A database in memory has one
	// connection for everything.
	probe *bun.DB
	// lanes run the queries about listings, by their cost.
	lanes   map[property.Cost]*lane
	dialect dialect
	options Options
}

// dialect is what Postgres and SQLite do differently.
type dialect interface {
	// noIndex marks a column in a condition so that its index is not used where that would need a sort. It is for a
	// database that cannot compare the costs of the two.
	noIndex(column string) string
	// violated returns the kind of uniqueness that an error reports as violated, if any.
	violated(err error) uniqueness
	// transient says whether an error may go away by itself.
	transient(err error) transience
	// alone runs a query that uses at most one processor of the database, where that can be limited.
	alone(ctx context.Context, pool *bun.DB, query func(ctx context.Context, pool bun.IDB) error) error

	repositoryDialect
	feedDialect
	accountDialect
	migrationDialect
	moveDialect
}

// Open connects to the database and checks that it can be used. It does not look at the schema: see CheckSchema. The
// error wraps ErrInvalidURL, or ports.ErrUnavailable when the database cannot be reached.
func Open(ctx context.Context, options Options) (*DB, error) {
	if options.QueryTimeout == 0 {
		options.QueryTimeout = defaultQueryTimeout
	}
	if options.MigrationWait == 0 {
		options.MigrationWait = defaultMigrationWait
	}
	db := &DB{options: options}
	var err error
	if isPostgres(options.URL) {
		err = db.openPostgres(ctx)
	} else {
		err = db.openSQLite(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return db, nil
}

// Repository stores the listings.
func (db *DB) Repository() *PropertyRepository { return &PropertyRepository{db: db} }

// Feed is the change feed for this process itself: no other query can delay it.
func (db *DB) Feed() *ChangeFeed { return &ChangeFeed{db: db, pool: db.feed} }

// PublicFeed is the change feed for clients; it waits in line with all other queries.
func (db *DB) PublicFeed() *ChangeFeed { return &ChangeFeed{db: db, pool: db.read} }

// History reads the history of a listing.
func (db *DB) History() *ChangeHistory { return &ChangeHistory{db: db} }

// Keys stores the API keys.
func (db *DB) Keys() *KeyRepository { return &KeyRepository{db: db} }

// Accounts stores the accounts of the people who sign in.
func (db *DB) Accounts() *AccountRepository { return &AccountRepository{db: db} }

// Sessions stores their sessions.
func (db *DB) Sessions() *SessionRepository { return &SessionRepository{db: db} }

// Browsers stores the browsers from which people have signed in.
func (db *DB) Browsers() *BrowserRepository { return &BrowserRepository{db: db} }

// SigningKeys stores the keys that sign the entries of a shared cache.
func (db *DB) SigningKeys() *SigningKeyRepository { return &SigningKeyRepository{db: db} }

// Ping returns nil when the database answers; otherwise the error wraps ports.ErrUnavailable. It waits for no query.
func (db *DB) Ping(ctx context.Context) error {
	ctx, cancel := db.withTimeout(ctx)
	defer cancel()
	_, err := db.probe.ExecContext(ctx, "SELECT 1")
	return db.explain(ctx, "ping database", err)
}

// Stats describes the connections that MaxConns bounds.
func (db *DB) Stats() sql.DBStats {
	var sum sql.DBStats
	for _, pool := range db.lanePools() {
		one := pool.Stats()
		sum.MaxOpenConnections += one.MaxOpenConnections
		sum.OpenConnections += one.OpenConnections
		sum.InUse += one.InUse
		sum.Idle += one.Idle
		sum.WaitCount += one.WaitCount
		sum.WaitDuration += one.WaitDuration
	}
	return sum
}

// lanePools are the pools that run the queries about listings; a single one in memory.
func (db *DB) lanePools() []*bun.DB {
	pools := []*bun.DB{db.read}
	for _, l := range db.lanes {
		if l.pool != db.read {
			pools = append(pools, l.pool)
		}
	}
	return pools
}

// Close closes all connections. A database in memory is gone then.
func (db *DB) Close() error {
	var err error
	for _, pool := range db.lanePools() {
		err = errors.Join(err, pool.Close())
	}
	for _, other := range []*bun.DB{db.write, db.feed, db.probe} {
		if other != nil && other != db.read { // nil where opening failed before
			err = errors.Join(err, other.Close())
		}
	}
	return err
}

// withTimeout returns the context with the longest time that a call may take.
func (db *DB) withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, db.options.QueryTimeout)
}

// attempts is how often a write is tried that the database aborts because of another transaction, and a query whose
// connection was ended.
const attempts = 4

// atomically runs the steps in one transaction that writes: all or nothing.
func (db *DB) atomically(ctx context.Context, steps func(ctx context.Context, tx bun.IDB) error) error {
	return db.retryWrite(ctx, func() error {
		return db.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error { return steps(ctx, tx) })
	})
}

// singly runs the steps that write one listing. Where the dialect needs a single statement for that, the statement is
// its own transaction, which saves two round trips.
func (db *DB) singly(ctx context.Context, steps func(ctx context.Context, tx bun.IDB) error) error {
	if !db.dialect.writesInOneStatement() {
		return db.atomically(ctx, steps)
	}
	return db.retryWrite(ctx, func() error { return steps(ctx, db.write) })
}

// recordCommit records a write of this process up to the transaction. The write is done, though its caller may have
// left meanwhile. It is looked up on a connection that no other query uses: a write that cannot be looked up ends the
// history.
func (db *DB) recordCommit(ctx context.Context, tx uint64) {
	ctx, cancel := db.withTimeout(context.WithoutCancel(ctx))
	defer cancel()
	db.dialect.recordCommit(ctx, db.feed, tx)
}

// retryWrite repeats a write while another transaction is in its way.
func (db *DB) retryWrite(ctx context.Context, write func() error) error {
	for attempt := 1; ; attempt++ {
		err := write()
		if err == nil || attempt == attempts || !db.dialect.transient(err).retry || ctx.Err() != nil {
			return err
		}
	}
}

// retryRead runs a query, and runs it again when the server has ended the connection from the pool meanwhile. A restart
// of the server ends all of them. Writes are not repeated but fail, since what they sent may have been done.
func (db *DB) retryRead(ctx context.Context, read func() error) error {
	for attempt := 1; ; attempt++ {
		err := read()
		if err == nil || attempt == attempts || !db.dialect.transient(err).hungUp || ctx.Err() != nil {
			return err
		}
	}
}

// boundPool sets the most connections of a pool, and how long it holds idle ones open.
func boundPool(pool *sql.DB, conns int, idle time.Duration) *sql.DB {
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(idle)
	return pool
}
