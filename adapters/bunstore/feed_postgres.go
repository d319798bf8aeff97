package bunstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports"
)

// feedState is the state of the feed as a whole, as one statement has seen it.
type feedState struct {
	Snapshot  string `bun:"snapshot"`
	History   string `bun:"history"` // empty on a standby
	Started   string `bun:"started"`
	PrunedTx  int64  `bun:"pruned_tx"`
	PrunedSeq int64  `bun:"pruned_seq"`
	LastSeq   int64  `bun:"last_seq"`

	recording
}

// errStandby says that this server is a standby, which may lag behind its primary by any time.
var errStandby = fmt.Errorf("the database is a standby: %w", ports.ErrUnavailable)

// read parses the snapshot and seq, and shortens the history to fit into a cursor.
func (s *feedState) read() (watermark, error) {
	if s.History == "" {
		return watermark{}, errStandby
	}
	if err := s.check(); err != nil {
		return watermark{}, err
	}
	s.History = digest(s.History + "/" + s.Triggers + "/" + s.Columns)
	snapshot, err := freshness.ParseSnapshot(s.Snapshot)
	return watermark{snapshot, s.LastSeq}, err
}

func (s *feedState) epoch() string { return digest(s.History + s.Started) }

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// startedSQL identifies a server since it was started. A recovery from a crash resets the server's statistics, though
// the postmaster survives; so the time of that reset is part of it.
const startedSQL = "concat_ws('/', pg_postmaster_start_time(), pg_stat_get_bgwriter_stat_reset_time())"

// stateSQL is the columns of feedState. Every user may read all of them. The history ends when property_changes is
// truncated, which gives the table another file node: it may have held changes that were not delivered. A transaction
// that has not begun cannot have pruned anything here: such a record was copied from another database.
const stateSQL = `now.snapshot::text AS snapshot, ` + startedSQL + ` AS started,
    CASE WHEN pg_is_in_recovery() THEN '' ELSE concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
    left(pg_walfile_name(pg_current_wal_lsn()), 8), (SELECT oid FROM pg_database WHERE datname = current_database()),
        'properties'::regclass::oid, pg_relation_filenode('property_changes')) END AS history,
    coalesce((SELECT tx::text::bigint FROM feed_retention WHERE tx < pg_snapshot_xmax(now.snapshot)), 0) AS pruned_tx,
    coalesce((SELECT seq FROM feed_retention), 0) AS pruned_seq,
    greatest((SELECT max(seq) FROM property_changes), (SELECT seq FROM feed_retention), 0) AS last_seq,` +
	recordingSQL + `
`

// spanRow is a change and the state of the feed.
type spanRow struct {
	changeRow
	feedState
}

// One statement reads the new changes together with the snapshot, so that they agree; it returns at least one row.
// The changes of transactions that the snapshot does not see are invisible anyway, unless the table was copied from
// another database; then the statement leaves them out.
const (
	nowSQL = `
WITH now AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot)
SELECT ` + stateSQL + `,
    c.seq, c.tx::text::bigint AS tx, c.op, c.property_id, c.version, c.before, c.after, c.changed_at
FROM now LEFT JOIN `

	// beginningSQL begins a span. Most spans are short, and lie at the end of a long table. The transactions and the
	// numbers have two bounds each, though one would do. A planner without statistics estimates a range with two bounds
	// at few rows, which it finds by an index, and one with a single bound at a third of all, for which it reads
	// everything.
	beginningSQL = nowSQL + `property_changes AS c ON c.seq = ANY (ARRAY(
    SELECT seq FROM (
        SELECT seq, tx FROM property_changes
        WHERE tx >= pg_snapshot_xmin($1::pg_snapshot) AND tx < pg_snapshot_xmax(pg_current_snapshot())
            AND NOT pg_visible_in_snapshot(tx, $1::pg_snapshot)
        UNION ALL
        SELECT seq, tx FROM property_changes
        WHERE seq > $2 AND seq <= 9223372036854775807 AND pg_visible_in_snapshot(tx, $1::pg_snapshot)
    ) AS news
    WHERE pg_visible_in_snapshot(tx, (SELECT snapshot FROM now))
    ORDER BY seq LIMIT $3))
ORDER BY c.seq`

	// restSQL continues a span that is too long for a page, or begins with the oldest change. What follows next in the
	// table is most likely part of the span.
	restSQL = nowSQL + `LATERAL (
    SELECT * FROM property_changes
    WHERE (NOT pg_visible_in_snapshot(tx, ?0::pg_snapshot) OR seq > ?1)
        AND pg_visible_in_snapshot(tx, coalesce(?3::pg_snapshot, now.snapshot))
        AND seq <= coalesce(?4, seq) AND seq > ?5
    ORDER BY seq LIMIT ?2
) AS c ON true
ORDER BY c.seq`
)

// read reads the span from its cursor on, at most limit changes.
func (s span) read(ctx context.Context, db *bun.DB, limit int) (*sql.Rows, error) {
	args := []any{s.from.Snapshot.String(), s.from.seq, limit}
	switch {
	case !s.open():
		return db.QueryContext(ctx, restSQL, append(args, s.to.Snapshot.String(), s.to.seq, s.last)...)
	case s.from.seq == 0:
		return db.QueryContext(ctx, restSQL, append(args, nil, nil, s.last)...)
	}
	return queryRows(ctx, db, beginningSQL, args)
}

func (d postgresDialect) changes(ctx context.Context, db *bun.DB, after string, left room) (feedPage, error) {
	at, err := parseSpan(after)
	if err != nil {
		return feedPage{}, err
	}
	if at.open() && after != "" {
		if page, quiet, err := d.checkQuiet(ctx, db, after); err != nil || quiet {
			return page, err
		}
	}
	page, at, err := d.readSpan(ctx, db, at, left.batch(nil), after == "")
	for err == nil {
		rest := left.less(page.changes...)
		if page.more && rest.full() || !page.more && at.open() {
			return page, nil
		}
		// A span is delivered to its end. What has been committed since begins the next one.
		on := span{history: at.history, from: at.to}
		if page.more {
			if on, err = parseSpan(page.next); err != nil {
				return feedPage{}, err
			}
		}
		before := page
		page, at, err = d.readSpan(ctx, db, on, rest.batch(before.changes), false)
		page.changes = append(before.changes, page.changes...)
		page.cursors = append(before.cursors, page.cursors...)
	}
	return feedPage{}, err
}

// lastPoll is what the last poll of the feed that reached its end has seen.
type lastPoll struct {
	cursor   string // after it
	snapshot string
	started  string
	point    freshness.Point
}

const quietSQL = "SELECT pg_current_snapshot()::text, " + startedSQL

// checkQuiet finds out cheaply that no transaction has ended since the last poll: then nothing is new. Most polls end
// like that, and a read that wants the newest answer waits for one. The server has to be the one polled last, not
// restarted since; then it is not a standby, and its history is the same.
func (d postgresDialect) checkQuiet(
	ctx context.Context, db *bun.DB, after string,
) (page feedPage, quiet bool, err error) {
	last := d.last.Load()
	if last == nil || last.cursor != after {
		return page, false, nil
	}
	var snapshot, started string
	if err := queryRow(ctx, db, quietSQL, nil, []any{&snapshot, &started}); err != nil {
		return page, false, err
	}
	return feedPage{next: after, point: last.point}, snapshot == last.snapshot && started == last.started, nil
}

// readSpan reads the span from its cursor on, and returns the cursor as parsed. An empty cursor stands before every
// stored change.
func (d postgresDialect) readSpan(
	ctx context.Context, db *bun.DB, at span, left room, fromOldest bool,
) (feedPage, span, error) {
	rows, err := at.read(ctx, db, left.changes+1)
	if err != nil {
		return feedPage{}, at, err
	}
	var state feedState
	var page feedPage
	page.changes, page.more, err = fill(ctx, db, rows, left, func(r *spanRow) *changeRow {
		state = r.feedState
		if r.Seq == 0 {
			return nil
		}
		return &r.changeRow
	})
	if err != nil {
		return feedPage{}, at, err
	}
	reached, err := state.read()
	if err != nil {
		return feedPage{}, at, err
	}
	if !fromOldest && at.gone(&state) {
		return feedPage{}, at, ports.ErrFeedCursorGone
	}
	if !at.open() {
		reached = at.to
	}
	page.point = freshness.Point{Epoch: state.epoch(), Snapshot: reached.Snapshot}
	inside := span{history: state.History, from: at.from, to: reached, last: at.last}
	for _, c := range page.changes {
		inside.last = c.Seq
		page.cursors = append(page.cursors, inside.String())
	}
	page.next = inside.String()
	if !page.more {
		page.next = span{history: state.History, from: reached}.String()
	}
	if at.open() && !page.more {
		d.last.Store(&lastPoll{page.next, state.Snapshot, state.Started, page.point})
	}
	return page, at, nil
}

// headRow is the state and the newest transaction not to be delivered any more, 0 when every stored change is.
type headRow struct {
	feedState

	Behind int64 `bun:"behind"`
}

const headSQL = `
WITH now AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot)
SELECT ` + stateSQL + `,
    coalesce((SELECT tx::text::bigint FROM property_changes AS c ORDER BY c.tx DESC OFFSET ?0 LIMIT 1), 0) AS behind
FROM now`

// head goes back to the beginning of a transaction. Those before it that are still in flight will be delivered.
func (postgresDialect) head(ctx context.Context, db bun.IDB, back int) (string, freshness.Point, error) {
	var row headRow
	if err := db.NewRaw(headSQL, back).Scan(ctx, &row); err != nil {
		return "", freshness.Point{}, err
	}
	from, err := row.read()
	if err != nil {
		return "", freshness.Point{}, err
	}
	if back > 0 {
		from.Snapshot = from.Before(uint64(max(row.Behind, row.PrunedTx)) + 1)
	}
	point := freshness.Point{Epoch: row.epoch(), Snapshot: from.Snapshot}
	return span{history: row.History, from: from}.String(), point, nil
}

// recordCommit records nothing: a running server is never put back.
func (postgresDialect) recordCommit(context.Context, *bun.DB, uint64) {}
