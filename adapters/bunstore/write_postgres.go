package bunstore

import (
	"context"
	"errors"
	"time"

	"database/sql"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/property"
)

// writtenRow is a listing as a statement that writes has found or left it.
type writtenRow struct {
	row

	Tx int64     `bun:"tx"`
	At time.Time `bun:"at"`
}

const currentTx = "pg_current_xact_id()::text::bigint AS tx"

func (postgresDialect) writesInOneStatement() bool { return true }

func (postgresDialect) insert(ctx context.Context, db bun.IDB, p property.Property) (property.Change, error) {
	given := rowOf(p)
	var stored writtenRow
	_, err := db.NewInsert().Model(&given).Returning("*, "+currentTx).Exec(ctx, &stored)
	if err != nil {
		return property.Change{}, err
	}
	return property.Inserted(uint64(stored.Tx), stored.property()), nil
}

// update locks the listing, changes it if it is at the version meant, and returns the state before and, when it was
// changed, the state after: one statement for the row, its lock and both images.
func (postgresDialect) update(ctx context.Context, db bun.IDB, p property.Property) (property.Change, error) {
	revised := rowOf(p)
	before := db.NewSelect().Model((*row)(nil)).Where("p.id = ?", revised.ID).For("NO KEY UPDATE")
	after := db.NewUpdate().Model(&revised).Column(detailColumns...).TableExpr("before").
		Where("p.id = before.id AND before.version = ?", p.Version).Returning("?TableColumns")
	var rows []writtenRow
	err := db.NewSelect().With("before", before).With("after", after).
		ColumnExpr("*, "+currentTx).TableExpr("(SELECT * FROM before UNION ALL SELECT * FROM after) AS images").
		OrderExpr("version").Scan(ctx, &rows)
	switch {
	case err != nil:
		return property.Change{}, err
	case len(rows) == 0:
		return property.Change{}, property.ErrNotFound
	case len(rows) == 1:
		return property.Change{}, property.ErrVersionConflict
	}
	return property.Updated(uint64(rows[1].Tx), rows[0].property(), rows[1].property()), nil
}

func (postgresDialect) remove(
	ctx context.Context, db bun.IDB, id property.ID, version int64,
) (property.Change, error) {
	q := db.NewDelete().Model((*row)(nil)).Where("p.id = ?", uuid(id))
	if version != 0 {
		q = q.Where("p.version = ?", version)
	}
	var removed writtenRow
	err := q.Returning("*, "+currentTx+", clock_timestamp() AS at").Scan(ctx, &removed)
	if errors.Is(err, sql.ErrNoRows) {
		return property.Change{}, whyNot(ctx, db, id)
	}
	if err != nil {
		return property.Change{}, err
	}
	return property.Deleted(uint64(removed.Tx), removed.property(), property.Instant(removed.At)), nil
}

func (postgresDialect) locked(q *bun.SelectQuery) *bun.SelectQuery { return q.For("NO KEY UPDATE") }

func (postgresDialect) stampsSQL() string {
	return "SELECT id, version, created_at, updated_at, " + currentTx + " FROM properties WHERE id IN (?)"
}
