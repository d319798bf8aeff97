package bunstore

import (
	"context"

	"github.com/uptrace/bun"
)

// pruneLock prevents two processes from pruning at once. Its number is arbitrary, but must stay the same.
const pruneLock = 7_061_626_001

// adoptSQL marks changes that were copied from another database, by a dump or a replication, as changes of long ago.
// The numbers of their transactions are those of transactions that have yet to begin here. When these come, changes
// delivered elsewhere must not be taken for theirs. A row that is visible though its transaction is not is a copy.
const adoptSQL = `
WITH pruned AS (
    UPDATE feed_retention SET tx = '3' WHERE tx >= pg_snapshot_xmax(pg_current_snapshot())
)
UPDATE property_changes SET tx = '3'
WHERE tx >= pg_snapshot_xmin(pg_current_snapshot()) AND NOT pg_visible_in_snapshot(tx, pg_current_snapshot())`

// pruneSQL leaves changes that some snapshot may not have seen yet, however old the transaction that holds it.
const pruneSQL = `
WITH removed AS (
    DELETE FROM property_changes WHERE seq IN (
        SELECT seq FROM (SELECT seq, tx, changed_at FROM property_changes ORDER BY seq LIMIT ?0) AS oldest
        WHERE changed_at < ?1 AND tx < pg_snapshot_xmin(pg_current_snapshot()))
    RETURNING seq, tx
), noted AS (
    INSERT INTO feed_retention AS r (id, seq, tx)
    SELECT 1, max(seq), (array_agg(tx ORDER BY tx DESC))[1] FROM removed HAVING count(*) > 0
    ON CONFLICT (id) DO UPDATE SET seq = greatest(r.seq, excluded.seq), tx = greatest(r.tx, excluded.tx)
)
SELECT count(*) FROM removed`

func (postgresDialect) pruneBatch(ctx context.Context, tx bun.IDB, before instant) (int64, error) {
	var locked bool
	if err := tx.NewRaw("SELECT pg_try_advisory_xact_lock(?)", pruneLock).Scan(ctx, &locked); err != nil || !locked {
		return 0, err
	}
	if _, err := tx.NewRaw(adoptSQL).Exec(ctx); err != nil {
		return 0, err
	}
	var removed int64
	err := tx.NewRaw(pruneSQL, pruneBatch, before).Scan(ctx, &removed)
	return removed, err
}
