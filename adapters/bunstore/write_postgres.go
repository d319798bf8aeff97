package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

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

// revisedRow is a listing after an update, and what it was before.
type revisedRow struct {
	writtenRow

	Before row `bun:"embed:before_"`
}

// beforeColumns are the columns of o, named as revisedRow wants them.
var beforeColumns = func() string {
	var list strings.Builder
	for _, column := range append([]string{"id", "version", "created_at", "updated_at"}, detailColumns...) {
		list.WriteString(", o." + column + " AS before_" + column)
	}
	return list.String()
}()

// update gets both images in one statement. The state before is the statement's snapshot of the row: if that has been
// changed since, it is no longer at the version meant, and nothing is updated.
func (postgresDialect) update(ctx context.Context, db bun.IDB, p property.Property) (property.Change, error) {
	revised := rowOf(p)
	var stored revisedRow
	err := db.NewUpdate().Model(&revised).Column(detailColumns...).TableExpr("properties AS o").
		Where("p.id = ? AND p.version = ? AND o.id = p.id AND o.version = p.version", revised.ID, p.Version).
		Returning("?TableColumns, "+currentTx+beforeColumns).Scan(ctx, &stored)
	if errors.Is(err, sql.ErrNoRows) {
		return property.Change{}, whyNot(ctx, db, p.ID)
	}
	if err != nil {
		return property.Change{}, err
	}
	return property.Updated(uint64(stored.Tx), stored.Before.property(), stored.property()), nil
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
