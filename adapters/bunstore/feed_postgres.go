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

// feedState is what a statement about the feed as a whole has seen.
type feedState struct {
	Snapshot  string `bun:"snapshot"`
	History   string `bun:"history"` // empty on a standby
	Started   string `bun:"started"`
	PrunedTx  int64  `bun:"pruned_tx"`
	PrunedSeq int64  `bun:"pruned_seq"`
	LastSeq   int64  `bun:"last_seq"`

	recording
}

// errStandby says that this server follows another one, and may be behind it by any time.
var errStandby = fmt.Errorf("the database is a standby: %w", ports.ErrUnavailable)

// read parses what the statement has seen, and shortens the history to what a cursor has room for.
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

// startedSQL is a server since it was started. Its own figures begin anew with it when it recovers from a crash, though the
// postmaster has lived on.
const startedSQL = "concat_ws('/', pg_postmaster_start_time(), pg_stat_get_bgwriter_stat_reset_time())"

// stateSQL is the columns of feedState. Everybody may ask for all of it. The history ends when somebody truncates
// property_changes, which gives the table another file node: changes that nobody had read may have been in there. A
// transaction that has yet to begin has pruned nothing here: what is said of it was copied from another database.
const stateSQL = `now.snapshot::text AS snapshot, ` + startedSQL + ` AS started,
    CASE WHEN pg_is_in_recovery() THEN '' ELSE concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
        left(pg_walfile_name(pg_current_wal_lsn()), 8), (SELECT oid FROM pg_database WHERE datname = current_database()),
        'properties'::regclass::oid, pg_relation_filenode('property_changes')) END AS history,
    coalesce((SELECT tx::text::bigint FROM feed_retention WHERE tx < pg_snapshot_xmax(now.snapshot)), 0) AS pruned_tx,
    coalesce((SELECT seq FROM feed_retention), 0) AS pruned_seq,
    greatest((SELECT max(seq) FROM property_changes), (SELECT seq FROM feed_retention), 0) AS last_seq,` +
	recordingSQL + `
`

// spanRow is a change and the state.
type spanRow struct {
	changeRow
	feedState
}

// What is new is taken together with the snapshot, in one statement, so that they agree; always at least one row comes back.
// The changes of the transactions that the snapshot does not see are invisible anyway, unless the table was copied from
// another database; then they are left out.
const (
	nowSQL = `
WITH now AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot)
SELECT ` + stateSQL + `,
    c.seq, c.tx::text::bigint AS tx, c.op, c.property_id, c.version, c.before, c.after, c.changed_at
FROM now LEFT JOIN `

	// beginningSQL begins a stretch: most are short, and lie at the end of a long table. The transactions and the numbers
	// looked for have two bounds each, though one would do: a planner that knows nothing about the table yet takes a range
	// for few rows, which are found by an index, and what has one bound for a third of all, for which it reads everything.
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

	// restSQL goes on in a stretch that is too long for a page, or begins with the oldest change of all: what follows next
	// in the table is most likely part of it.
	restSQL = nowSQL + `LATERAL (
    SELECT * FROM property_changes
    WHERE (NOT pg_visible_in_snapshot(tx, ?0::pg_snapshot) OR seq > ?1)
        AND pg_visible_in_snapshot(tx, coalesce(?3::pg_snapshot, now.snapshot)) AND seq <= coalesce(?4, seq) AND seq > ?5
    ORDER BY seq LIMIT ?2
) AS c ON true
ORDER BY c.seq`
)

// read reads the stretch from its cursor on, at most so many changes.
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
		if page, quiet, err := d.nothingNew(ctx, db, after); err != nil || quiet {
			return page, err
		}
	}
	page, at, err := d.readStretch(ctx, db, at, left.batch(nil), after == "")
	for err == nil {
		rest := left.less(page.changes...)
		if page.more && rest.full() || !page.more && at.open() {
			return page, nil
		}
		// A stretch is told to its end. What has been committed since is the beginning of the next one.
		on := span{history: at.history, from: at.to}
		if page.more {
			if on, err = parseSpan(page.next); err != nil {
				return feedPage{}, err
			}
		}
		before := page
		page, at, err = d.readStretch(ctx, db, on, rest.batch(before.changes), false)
		page.changes = append(before.changes, page.changes...)
		page.cursors = append(before.cursors, page.cursors...)
	}
	return feedPage{}, err
}

// lastReading is what the last reading of the feed to its end has seen.
type lastReading struct {
	cursor   string // behind it
	snapshot string
	started  string
	place    freshness.Point
}

const quietSQL = "SELECT pg_current_snapshot()::text, " + startedSQL

// nothingNew tells the cheap way that no transaction has ended since the last reading: then there is nothing to look for.
// That is how most readings end, and they are what a reader waits for who wants the newest answer. It has to be the very
// server that was read last, since it was started; then it is no standby, and its history is the same.
func (d postgresDialect) nothingNew(ctx context.Context, db *bun.DB, after string) (page feedPage, quiet bool, err error) {
	last := d.last.Load()
	if last == nil || last.cursor != after {
		return page, false, nil
	}
	var snapshot, started string
	if err := queryRow(ctx, db, quietSQL, nil, []any{&snapshot, &started}); err != nil {
		return page, false, err
	}
	return feedPage{next: after, place: last.place}, snapshot == last.snapshot && started == last.started, nil
}

// readStretch tells the stretch from its cursor on, and returns the cursor as it was understood. An empty cursor stands
// before whatever is kept.
func (d postgresDialect) readStretch(
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
	page.place = freshness.Point{Epoch: state.epoch(), Snapshot: reached.Snapshot}
	midst := span{history: state.History, from: at.from, to: reached, last: at.last}
	for _, c := range page.changes {
		midst.last = c.Seq
		page.cursors = append(page.cursors, midst.String())
	}
	page.next = midst.String()
	if !page.more {
		page.next = span{history: state.History, from: reached}.String()
	}
	if at.open() && !page.more {
		d.last.Store(&lastReading{page.next, state.Snapshot, state.Started, page.place})
	}
	return page, at, nil
}

// headRow is the state and the newest transaction that is not to be told any more, 0 when all that is kept is.
type headRow struct {
	feedState

	Behind int64 `bun:"behind"`
}

const headSQL = `
WITH now AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot)
SELECT ` + stateSQL + `,
    coalesce((SELECT tx::text::bigint FROM property_changes AS c ORDER BY c.tx DESC OFFSET ?0 LIMIT 1), 0) AS behind
FROM now`

// head goes back to the beginning of a transaction. Those before it that are still in flight will be told.
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
	place := freshness.Point{Epoch: row.epoch(), Snapshot: from.Snapshot}
	return span{history: row.History, from: from}.String(), place, nil
}

// committed has nothing to note: nobody puts a running server back.
func (postgresDialect) committed(context.Context, *bun.DB, uint64) {}
