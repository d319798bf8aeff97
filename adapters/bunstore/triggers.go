package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/migrations"
)

// triggersName stands for triggers.sql in a list of migrations.
const triggersName = "triggers"

// TriggerState says which functions and triggers a database has.
type TriggerState struct {
	AppliedAt time.Time // zero when none are recorded, as before there was a triggers.sql
	Own       bool      // they are those of this program

	newest string // the number of the newest migration in their schema
	oldest string // the oldest program that runs beside them
}

func (t *TriggerState) applied() bool { return !t.AppliedAt.IsZero() }

// runBeside returns ErrSchemaNewer when the triggers need a newer program than this one.
func (t *TriggerState) runBeside(program string) error {
	if !t.Own && t.oldest > program {
		return fmt.Errorf("%w (its triggers need %s)", ErrSchemaNewer, t.oldest)
	}
	return nil
}

// check returns ErrSchemaOlder when the triggers are older than this program.
func (t *TriggerState) check(program string) error {
	if !t.Own && t.newest < program {
		return fmt.Errorf("%w (its triggers are those of another program)", ErrSchemaOlder)
	}
	return nil
}

// triggerRow is the single row of the table that says which triggers a database has. Programs older than triggers.sql
// do not read it.
type triggerRow struct {
	bun.BaseModel `bun:"table:gable_schema_triggers,alias:t"`

	Hash            string    `bun:"hash,pk"`
	NewestMigration string    `bun:"newest_migration,notnull"`
	OldestProgram   string    `bun:"oldest_program,notnull"`
	AppliedAt       time.Time `bun:"applied_at,notnull,nullzero,default:current_timestamp"`
}

// triggerState reads which triggers the database has. A table that does not exist is empty.
func (db *DB) triggerState(ctx context.Context, pool *bun.DB) (TriggerState, error) {
	own, err := migrations.ReadTriggers(db.dialect.files(), nil)
	if err != nil {
		return TriggerState{}, err
	}
	var row triggerRow
	err = pool.NewSelect().Model(&row).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) || db.dialect.missingTable(err) {
		return TriggerState{}, nil
	}
	return TriggerState{row.AppliedAt.UTC(), row.Hash == own.Hash(), row.NewestMigration, row.OldestProgram}, err
}

// applyTriggers applies the triggers of this program where the database has others, and reports whether it did. Where
// there are migrations that this program does not know, the triggers are those of the program that applied them, and
// stay.
func (db *DB) applyTriggers(ctx context.Context, pool *bun.DB) (applied bool, err error) {
	s, err := db.schema(ctx, pool)
	if err != nil || s.Newer() != "" || s.Triggers.Own {
		return false, err
	}
	return true, db.whenUnlocked(ctx, triggersName, func() error {
		return pool.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			if err := db.boundTableLocks(ctx, tx); err != nil {
				return err
			}
			return db.fitTriggers(ctx, tx, s.program())
		})
	})
}

// removeTriggers drops the triggers that the statements of a migration cannot run beside.
func (db *DB) removeTriggers(ctx context.Context, conn bun.IConn) error {
	own, err := migrations.ReadTriggers(db.dialect.files(), nil)
	if err != nil || own.Remove == "" {
		return err
	}
	_, err = conn.ExecContext(ctx, own.Remove)
	return err
}

// fitTriggers creates this program's triggers for the columns that the table has now, and records them. The argument
// newest is the newest migration of the schema as it is now.
func (db *DB) fitTriggers(ctx context.Context, conn bun.IConn, newest string) error {
	columns, err := columnsOf(ctx, conn)
	if err != nil {
		return err
	}
	fit, err := migrations.ReadTriggers(db.dialect.files(),
		func(column string) bool { return slices.Contains(columns, column) })
	if err != nil {
		return err
	}
	now := triggerRow{Hash: fit.Hash(), NewestMigration: newest, OldestProgram: fit.OldestProgram}
	unchanged, err := db.write.NewSelect().Conn(conn).Model((*triggerRow)(nil)).Where("hash = ?", now.Hash).Exists(ctx)
	if err != nil {
		return err
	}
	if !unchanged || fit.Remove != "" {
		if _, err := conn.ExecContext(ctx, fit.Create); err != nil {
			return fmt.Errorf("create the triggers: %w", err)
		}
	}
	if err := db.forgetTriggers(ctx, conn); err != nil {
		return err
	}
	_, err = db.write.NewInsert().Conn(conn).Model(&now).Exec(ctx)
	return err
}

// forgetTriggers removes the record of the triggers, which are then those of the migrations.
func (db *DB) forgetTriggers(ctx context.Context, conn bun.IConn) error {
	_, err := db.write.NewDelete().Conn(conn).Model((*triggerRow)(nil)).Where("TRUE").Exec(ctx)
	return err
}

func columnsOf(ctx context.Context, conn bun.IConn) ([]string, error) {
	rows, err := conn.QueryContext(ctx, "SELECT * FROM properties LIMIT 0")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // only read from
	columns, err := rows.Columns()
	return columns, errors.Join(err, rows.Err())
}
