package bunstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports"
)

// In Postgres a lower seq can commit after a higher one, so seq alone does not say what is new. A cursor is a snapshot,
// and what is new is what the next snapshot sees and it does not: a stretch, exact whatever order transactions commit in.
// A stretch longer than a page is told in the order of seq; the cursor in its midst carries both snapshots and the last
// seq told.
//
// The changes of one listing come in the order of their versions: a writer waits for the row until the writer before has
// committed, so it gets the higher seq, and no snapshot sees it without seeing the other.

// stretch is a cursor. Its texts are "from" between two stretches, and "from;to;last" in the midst of one.
type stretch struct {
	from freshness.Snapshot
	to   freshness.Snapshot // zero between two stretches
	last int64
}

// nothingSeen is the snapshot before every transaction.
var nothingSeen = freshness.Snapshot{Xmin: 1, Xmax: 1}

func parseStretch(text string) (stretch, error) {
	if text == "" {
		return stretch{from: nothingSeen}, nil
	}
	parts := strings.Split(text, ";")
	from, err := freshness.ParseSnapshot(parts[0])
	if err != nil || from.Xmin == 0 || len(parts) != 1 && len(parts) != 3 {
		return stretch{}, fmt.Errorf("read feed cursor %.60q: %w", text, ports.ErrInvalidFeedCursor)
	}
	if len(parts) == 1 {
		return stretch{from: from}, nil
	}
	to, err := freshness.ParseSnapshot(parts[1])
	last, err2 := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || err2 != nil || to.Xmin == 0 || last < 0 {
		return stretch{}, fmt.Errorf("read feed cursor %.60q: %w", text, ports.ErrInvalidFeedCursor)
	}
	return stretch{from: from, to: to, last: last}, nil
}

func (s stretch) open() bool { return s.to.Xmax == 0 }

func (s stretch) String() string {
	if s.open() {
		return s.from.String()
	}
	return s.from.String() + ";" + s.to.String() + ";" + strconv.FormatInt(s.last, 10)
}

// gone reports whether changes of the stretch that are not told yet may have been removed: some removed one is not
// certainly seen by from, nor certainly told in this stretch already.
func (s stretch) gone(prunedTx uint64, prunedSeq int64) bool {
	toldAlready := !s.open() && s.to.Xmin > prunedTx && s.last >= prunedSeq
	return prunedTx >= s.from.Xmin && !toldAlready
}

// stretchRow is a change together with what the statement as a whole has seen.
type stretchRow struct {
	changeRow

	Snapshot  string `bun:"snapshot"`
	PrunedTx  int64  `bun:"pruned_tx"`
	PrunedSeq int64  `bun:"pruned_seq"`
}

// stretchSQL takes the snapshot and the changes in one statement, so that they agree. Always at least one row comes back.
// The changes of the transactions that the snapshot does not see are invisible anyway, unless the table was copied from
// another database; then they are left out.
const stretchSQL = `
WITH now AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot)
SELECT now.snapshot::text AS snapshot, coalesce(r.tx::text::bigint, 0) AS pruned_tx, coalesce(r.seq, 0) AS pruned_seq,
    c.seq, c.tx::text::bigint AS tx, c.op, c.property_id, c.version, c.before, c.after, c.changed_at
FROM now
LEFT JOIN feed_retention AS r ON true
LEFT JOIN LATERAL (
    SELECT * FROM property_changes
    WHERE tx >= pg_snapshot_xmin(?0::pg_snapshot) AND NOT pg_visible_in_snapshot(tx, ?0::pg_snapshot)
        AND pg_visible_in_snapshot(tx, coalesce(?1::pg_snapshot, now.snapshot)) AND seq > ?2
    ORDER BY seq LIMIT ?3
) AS c ON true
ORDER BY c.seq`

func (postgresDialect) changes(ctx context.Context, db bun.IDB, after string, limit int) (feedPage, error) {
	at, err := parseStretch(after)
	if err != nil {
		return feedPage{}, err
	}
	page, at, err := readStretch(ctx, db, at, limit, after == "")
	if err != nil || page.more || at.open() {
		return page, err
	}
	// The stretch is told to its end. What has been committed since is the beginning of the next one.
	next, _, err := readStretch(ctx, db, stretch{from: at.to}, limit-len(page.changes), false)
	next.changes = append(page.changes, next.changes...)
	return next, err
}

// readStretch tells the stretch from its cursor on, and returns the cursor as it was understood. An empty cursor stands
// before whatever is kept.
func readStretch(ctx context.Context, db bun.IDB, at stretch, limit int, fromOldest bool) (feedPage, stretch, error) {
	var to *string
	if !at.open() {
		text := at.to.String()
		to = &text
	}
	var rows []stretchRow
	err := db.NewRaw(stretchSQL, at.from.String(), to, at.last, limit+1).Scan(ctx, &rows)
	if err != nil {
		return feedPage{}, at, err
	}
	now, err := freshness.ParseSnapshot(rows[0].Snapshot)
	if err != nil {
		return feedPage{}, at, err
	}
	if !fromOldest && at.gone(uint64(rows[0].PrunedTx), rows[0].PrunedSeq) || max(at.from.Xmax, at.to.Xmax) > now.Xmax {
		return feedPage{}, at, ports.ErrFeedCursorGone
	}
	page := feedPage{changes: changeRows(rows, limit)}
	page.more = len(rows) > limit
	reached := now
	if !at.open() {
		reached = at.to
	}
	if page.more {
		last := at.last
		if n := len(page.changes); n > 0 {
			last = page.changes[n-1].Seq
		}
		page.next = stretch{from: at.from, to: reached, last: last}.String()
	} else {
		page.next, page.snapshot = stretch{from: reached}.String(), reached
	}
	return page, at, nil
}

// changeRows are the changes among the rows, at most limit of them.
func changeRows(rows []stretchRow, limit int) []changeRow {
	var changes []changeRow
	for _, r := range rows[:min(len(rows), limit)] {
		if r.Seq != 0 {
			changes = append(changes, r.changeRow)
		}
	}
	return changes
}

func (postgresDialect) head(ctx context.Context, db bun.IDB) (string, freshness.Snapshot, error) {
	var text string
	if err := db.NewRaw("SELECT pg_current_snapshot()::text").Scan(ctx, &text); err != nil {
		return "", freshness.Snapshot{}, err
	}
	snapshot, err := freshness.ParseSnapshot(text)
	return stretch{from: snapshot}.String(), snapshot, err
}

// pruneLock keeps two processes from pruning at once. Its number means nothing and must only stay the same.
const pruneLock = 7_061_626_001

// pruneSQL leaves alone what some snapshot, however old the transaction that holds it, may not have seen yet.
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
	var removed int64
	err := tx.NewRaw(pruneSQL, pruneBatch, before).Scan(ctx, &removed)
	return removed, err
}
