package bunstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"
)

// A statement that runs very often is prepared, once in every connection, because to parse and plan it costs Postgres
// as much as to run it. There are only a few such texts, so prepared statements do not pile up.

// queryRow runs a statement that returns one row. In a transaction it is sent as text, because an error there could
// not be repaired.
func queryRow(ctx context.Context, db bun.IDB, statement string, args, into []any) error {
	switch db := db.(type) {
	case *bun.DB:
		prepared := append([]any{pgx.QueryExecModeCacheStatement}, args...)
		err := db.DB.QueryRowContext(ctx, statement, prepared...).Scan(into...)
		if unprepared(err) {
			err = db.DB.QueryRowContext(ctx, statement, args...).Scan(into...)
		}
		return err
	case bun.Tx:
		return db.Tx.QueryRowContext(ctx, statement, args...).Scan(into...)
	}
	return fmt.Errorf("cannot query a %T", db)
}

// queryRows runs a statement that returns rows.
func queryRows(ctx context.Context, db *bun.DB, statement string, args []any) (*sql.Rows, error) {
	rows, err := db.DB.QueryContext(ctx, statement, append([]any{pgx.QueryExecModeCacheStatement}, args...)...)
	if unprepared(err) {
		return db.DB.QueryContext(ctx, statement, args...)
	}
	return rows, err
}

// unprepared reports whether a statement failed because it was not prepared, or because its plan does not fit the
// table any more. Nothing has been run then. It uses the codes invalid_sql_statement_name,
// duplicate_prepared_statement and feature_not_supported. The first two come from poolers that hand one connection to
// many clients.
func unprepared(err error) bool {
	return slices.Contains([]string{"26000", "42P05", "0A000"}, postgresCode(err))
}
