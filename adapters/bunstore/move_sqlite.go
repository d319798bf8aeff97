package bunstore

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/migrations"
)

func (sqliteDialect) wholePool(db *DB) (*bun.DB, func() error, *sql.TxOptions, error) {
	return db.read, func() error { return nil }, nil, nil
}

func (d sqliteDialect) beginMove(ctx context.Context, tx bun.IDB) error {
	triggers, err := migrations.ReadTriggers(d.files(), nil)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, triggers.Remove)
	return err
}

func (d sqliteDialect) endMove(ctx context.Context, tx bun.IDB, last, pruned int64) error {
	triggers, err := migrations.ReadTriggers(d.files(), nil)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, triggers.Create); err != nil {
		return err
	}
	_, err = tx.NewRaw("DELETE FROM sqlite_sequence WHERE name = 'property_changes'").Exec(ctx)
	if err == nil {
		_, err = tx.NewRaw("INSERT INTO sqlite_sequence (name, seq) VALUES ('property_changes', ?)", last).Exec(ctx)
	}
	if err == nil && pruned > 0 {
		_, err = tx.NewRaw("INSERT INTO feed_retention (id, seq, mark) VALUES (1, ?, '')", pruned).Exec(ctx)
	}
	return err
}
