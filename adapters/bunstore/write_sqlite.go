package bunstore

import (
	"context"
	"encoding/json"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// The triggers of SQLite correct a row after it has been written, too late for RETURNING. The result of a write is
// read from the change that the triggers recorded: the last one, since the transaction holds the only writer's lock.

func (sqliteDialect) writesInOneStatement() bool { return false }

// lastChange reads the last change, and first records its actor.
func lastChange(ctx context.Context, db bun.IDB) (property.Change, error) {
	read := db.NewRaw("SELECT " + changeColumns + " FROM property_changes ORDER BY seq DESC LIMIT 1")
	if actor := ports.ActorFrom(ctx); actor != "" {
		read = db.NewRaw("UPDATE property_changes SET actor = ? WHERE seq = (SELECT max(seq) FROM property_changes)"+
			" RETURNING "+changeColumns, actor)
	}
	var last changeRow
	if err := read.Scan(ctx, &last); err != nil {
		return property.Change{}, err
	}
	change := last.change()
	if change.Op == property.OpInsert {
		return change, nil
	}
	// A change's number is its transaction.
	err := db.NewRaw("SELECT coalesce(max(seq), 0) FROM property_changes WHERE property_id = ? AND seq < ?",
		last.PropertyID, last.Seq).
		Scan(ctx, &change.BeforeTx)
	return change, err
}

func (sqliteDialect) writeAsActor(ctx context.Context, tx bun.IDB, write func() error) error {
	actor := ports.ActorFrom(ctx)
	if actor == "" {
		return write()
	}
	var last int64
	if err := tx.NewRaw("SELECT coalesce(max(seq), 0) FROM property_changes").Scan(ctx, &last); err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	_, err := tx.NewRaw("UPDATE property_changes SET actor = ? WHERE seq > ?", actor, last).Exec(ctx)
	return err
}

func (sqliteDialect) insert(ctx context.Context, db bun.IDB, p property.Property) (property.Change, error) {
	written := rowOf(p)
	if _, err := db.NewInsert().Model(&written).Exec(ctx); err != nil {
		return property.Change{}, err
	}
	return lastChange(ctx, db)
}

func (sqliteDialect) update(ctx context.Context, db bun.IDB, p property.Property) (property.Change, error) {
	revised := rowOf(p)
	result, err := db.NewUpdate().Model(&revised).Column(detailColumns...).
		WherePK().Where("p.version = ?", p.Version).Exec(ctx)
	if err != nil {
		return property.Change{}, err
	}
	if changed, err := result.RowsAffected(); err != nil || changed == 0 {
		return property.Change{}, orConflictReason(ctx, db, p.ID, err)
	}
	return lastChange(ctx, db)
}

func (sqliteDialect) delete(
	ctx context.Context, db bun.IDB, id property.ID, version int64,
) (property.Change, error) {
	q := db.NewDelete().Model((*row)(nil)).Where("p.id = ?", uuid(id))
	if version != 0 {
		q = q.Where("p.version = ?", version)
	}
	result, err := q.Exec(ctx)
	if err != nil {
		return property.Change{}, err
	}
	if removed, err := result.RowsAffected(); err != nil || removed == 0 {
		return property.Change{}, orConflictReason(ctx, db, id, err)
	}
	return lastChange(ctx, db)
}

func orConflictReason(ctx context.Context, db bun.IDB, id property.ID, err error) error {
	if err != nil {
		return err
	}
	return conflictReason(ctx, db, id)
}

// insertAtVersions inserts the listings and then raises their versions, first in the recorded changes. An update to the
// version recorded last is what the triggers do themselves, and let pass.
func (sqliteDialect) insertAtVersions(ctx context.Context, tx bun.IDB, rows []row) error {
	var last int64
	if err := tx.NewRaw("SELECT coalesce(max(seq), 0) FROM property_changes").Scan(ctx, &last); err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return err
	}
	versions := make(map[uuid]int64, len(rows))
	for i := range rows {
		versions[rows[i].ID] = rows[i].Version
	}
	wanted, err := json.Marshal(versions)
	if err != nil {
		return err
	}
	_, err = tx.NewRaw(`UPDATE property_changes
		SET version = wanted.value, after = json_set(after, '$.version', wanted.value)
		FROM json_each(?) AS wanted
		WHERE seq > ? AND property_id = wanted.key AND version < wanted.value`, string(wanted), last).Exec(ctx)
	if err != nil {
		return err
	}
	_, err = tx.NewRaw(`UPDATE properties SET version = c.version FROM property_changes AS c
		WHERE c.seq > ? AND c.property_id = properties.id AND properties.version <> c.version`, last).Exec(ctx)
	return err
}

// lockRows has nothing to do: the transaction is the only one that writes.
func (sqliteDialect) lockRows(q *bun.SelectQuery) *bun.SelectQuery { return q }

// writerSQL finds the last change: its number is its transaction.
func (sqliteDialect) writerSQL() string {
	return "(SELECT coalesce(max(c.seq), 0) FROM property_changes AS c WHERE c.property_id = p.id)"
}

func (sqliteDialect) writerOf(found, _ int64) uint64 { return uint64(found) }

func (sqliteDialect) stampsSQL() string {
	return "SELECT p.id, p.version, p.created_at, p.updated_at, max(c.seq) AS tx" +
		" FROM properties AS p JOIN property_changes AS c ON c.property_id = p.id WHERE p.id IN (?) GROUP BY p.id"
}

// epochOf is empty: no crash takes back a number that this process has seen.
func (sqliteDialect) epochOf(string) string { return "" }
