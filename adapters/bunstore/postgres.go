package bunstore

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/gable-listings/gable/migrations"
)

// postgresDialect is the dialect of Postgres 14 and later.
type postgresDialect struct {
	last *atomic.Pointer[lastPoll] // nil inside before the first
}

var _ dialect = postgresDialect{}

const (
	connectTimeout = 3 * time.Second
	keepAlive      = 15 * time.Second
	// statementGrace is how much later than the program the database ends a statement, in case the cancellation never
	// arrives.
	statementGrace = time.Second
)

func (db *DB) openPostgres(ctx context.Context) error {
	db.dialect = postgresDialect{new(atomic.Pointer[lastPoll])}
	conns := db.options.MaxConns
	if conns == 0 {
		conns = defaultPostgresConns
	}
	limit := db.options.QueryTimeout + statementGrace
	pool, err := db.postgresPool(pageConns(conns), limit)
	if err != nil {
		return err
	}
	db.read, db.write = pool, pool
	if db.feed, err = db.postgresPool(feedConns, limit); err != nil {
		return errors.Join(err, pool.Close())
	}
	if db.probe, err = db.postgresPool(1, limit); err != nil {
		return errors.Join(err, db.Close())
	}
	err = db.openLanes(conns, func(conns int) (*bun.DB, error) {
		return db.postgresPool(conns, db.costlyTime()+statementGrace)
	})
	if err != nil {
		return errors.Join(err, db.Close())
	}
	if err := db.checkPostgres(ctx); err != nil {
		return errors.Join(err, db.Close())
	}
	return nil
}

// feedConns is enough for a poll of the feed, a notification, and a check of where the database stands.
const feedConns = 3

// postgresPool opens a pool whose statements the database ends after this time, or never when it is 0.
func (db *DB) postgresPool(conns int, statementTimeout time.Duration) (*bun.DB, error) {
	config, err := db.postgresConfig(statementTimeout)
	if err != nil {
		return nil, err
	}
	// Behind a pooler any connection may turn out to be one that listens; pgx would store each notification for ever.
	config.OnNotification = func(*pgconn.PgConn, *pgconn.Notification) {}
	return db.withTrace(bun.NewDB(boundPool(stdlib.OpenDB(*config), conns, idleTime), pgdialect.New())), nil
}

func (db *DB) postgresConfig(statementTimeout time.Duration) (*pgx.ConnConfig, error) {
	config, err := parsePostgres(db.options.URL)
	if err != nil {
		return nil, err
	}
	// bun writes arguments into the statement itself, so there is nothing to prepare, and caching statements is useless.
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	// A name or a list of hosts may lead to a standby, perhaps only while its primary restarts; it may lag by any time.
	if config.ValidateConnect == nil {
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsPrimary
	}
	config.DialFunc = (&net.Dialer{Timeout: config.ConnectTimeout, KeepAlive: keepAlive}).DialContext
	for name, value := range map[string]string{
		"client_encoding":             "UTF8",
		"standard_conforming_strings": "on", // bun quotes by this rule
		"timezone":                    "UTC",
		"datestyle":                   "ISO, MDY",
		"extra_float_digits":          "1",
		"jit":                         "off", // it takes half a second, and is chosen by an estimate that is often wrong
		"statement_timeout":           strconv.FormatInt(statementTimeout.Milliseconds(), 10),
	} {
		config.RuntimeParams[name] = value
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "gable"
	}
	return config, nil
}

// noIndex leaves the choice to the planner, which estimates how many rows match and knows how few are wanted.
func (postgresDialect) noIndex(column string) string { return column }

// alone sets the limit for the transaction only, since a pooler may hand the connection on. Workers beside the one
// that answers would take the processors from the queries of others.
func (postgresDialect) alone(
	ctx context.Context, pool *bun.DB, query func(ctx context.Context, pool bun.IDB) error,
) error {
	return pool.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.ExecContext(ctx, "SET LOCAL max_parallel_workers_per_gather = 0"); err != nil {
			return err
		}
		return query(ctx, tx)
	})
}

func (postgresDialect) violated(err error) uniqueness {
	var refusal *pgconn.PgError
	switch {
	case !errors.As(err, &refusal) || refusal.Code != "23505": // unique_violation
		return notViolated
	case strings.HasSuffix(refusal.ConstraintName, "_pkey"):
		return primaryKey
	}
	return uniqueColumn
}

// transient uses the codes in appendix A of the Postgres manual.
func (postgresDialect) transient(err error) transience {
	var refusal *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case errors.As(err, &refusal):
		return transience{
			outage: outageCode(refusal.Code),
			retry:  refusal.Code == "40001" || refusal.Code == "40P01",
			hungUp: refusal.Code == "57P01" || refusal.Code == "57P02",
		}
	case errors.As(err, &connect):
		return transience{outage: true}
	}
	return transience{
		outage: pgconn.SafeToRetry(err) || pgconn.Timeout(err),
		hungUp: unreachable(err) && !pgconn.Timeout(err),
	}
}

// outageCode reports whether a code means an outage. These are: no connection, out of resources, starting or shutting
// down, a cancelled statement, a standby that refuses writes, or a transaction that lost against another. The program
// never names a table, column, function or schema that does not exist, so one that is missing is being restored or
// migrated. 54000 is how a database out of transaction ids refuses writes.
func outageCode(code string) bool {
	switch code {
	case "57014", "57P01", "57P02", "57P03", "57P05", "25006", "40001", "40P01", "55P03",
		"42P01", "42703", "42883", "3F000", "54000":
		return true
	}
	return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "53") || strings.HasPrefix(code, "58")
}

// lockTable takes the weakest lock that conflicts with itself and with writing, and not with the look-up of a foreign
// key.
func (postgresDialect) lockTable(ctx context.Context, tx bun.IDB, table string) error {
	_, err := tx.NewRaw("LOCK TABLE ? IN SHARE ROW EXCLUSIVE MODE", bun.Ident(table)).Exec(ctx)
	return err
}

func (postgresDialect) orphaned(err error) bool { return postgresCode(err) == "23503" } // foreign_key_violation

func (postgresDialect) files() fs.FS { return migrations.Postgres() }

func (postgresDialect) migrationPool(db *DB) (*bun.DB, func() error, error) {
	pool, err := db.postgresPool(2, 0)
	if err != nil {
		return nil, nil, err
	}
	return pool, pool.Close, nil
}

// boundTableLocks is far below the time that a request waits for its query.
func (postgresDialect) boundTableLocks() string { return "SET LOCAL lock_timeout = '1s'" }

func (postgresDialect) tableLocked(err error) bool { return postgresCode(err) == "55P03" } // lock_not_available

// raced uses the codes for unique_violation, duplicate_object and duplicate_table. Two processes that create a table
// if it does not exist can meet in any of them.
func (postgresDialect) raced(err error) bool {
	return slices.Contains([]string{"23505", "42710", "42P07"}, postgresCode(err))
}

func (postgresDialect) missingTable(err error) bool { return postgresCode(err) == "42P01" } // undefined_table

func postgresCode(err error) string {
	var refusal *pgconn.PgError
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	return ""
}
