package bunstore

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports"
)

// In Postgres a lower seq can commit after a higher one, so seq alone does not show which changes are new. A cursor
// is a snapshot. New are the changes that the next snapshot sees and the cursor's does not. They form a span, which
// is exact in whatever order transactions commit. A span longer than a page is delivered in the order of seq; a
// cursor inside it holds both snapshots and the last seq delivered.
//
// The changes of one listing come in the order in which they were made: a writer waits for the row until the writer
// before has committed, so it gets the higher seq, and no snapshot sees it without seeing the other.
//
// A snapshot belongs to a history: the same numbers mean other transactions in another cluster, in another database
// of it, and on another timeline of the same one. A timeline begins where a standby is promoted or a backup has been
// recovered up to some moment. A history also ends when listings change in a way that is not recorded: see
// recording_postgres.go. Cursors contain the history, since a cursor can only be followed in its own. An epoch is a
// history since the server was started or recovered from a crash: to put back the files of a cluster its server has
// to be stopped, and answers cached after the backup was made must not be trusted then.
//
// Within a history, too, a number can come back. A transaction that was never written to disk (one that was rolled
// back, or only sent a notification) is forgotten in a crash, and the next one gets its number. A seq does not come
// back once a change with it has been seen. So a snapshot is stored together with the highest seq it shows, and has
// seen a change only if it sees the transaction and the seq is not higher.

// span is a cursor: the changes between two watermarks. Its texts are "history;from" between two spans, and
// "history;from;to;last" inside one.
type span struct {
	history string
	from    watermark
	to      watermark // zero between two spans
	last    int64
}

// watermark is a snapshot and the highest seq visible in it; as text, "snapshot/seq".
type watermark struct {
	freshness.Snapshot

	seq int64
}

func (s watermark) String() string { return s.Snapshot.String() + "/" + strconv.FormatInt(s.seq, 10) }

func parseWatermark(text string) (watermark, bool) {
	left, right, _ := strings.Cut(text, "/")
	snapshot, err1 := freshness.ParseSnapshot(left)
	seq, err2 := strconv.ParseInt(right, 10, 64)
	return watermark{snapshot, seq}, err1 == nil && err2 == nil && snapshot.Xmin > 0 && seq >= 0
}

// nothingSeen is the watermark before every transaction.
var nothingSeen = watermark{Snapshot: freshness.Snapshot{Xmin: 1, Xmax: 1}}

// parseSpan reads a cursor. One of SQLite is gone: it is from before a move of the database.
func parseSpan(text string) (span, error) {
	if text == "" {
		return span{from: nothingSeen}, nil
	}
	if s, ok := readSpan(text); ok {
		return s, nil
	}
	return span{}, cursorError(text)
}

// cursorError is the error of a cursor that this kind of database has not made.
func cursorError(text string) error {
	_, ofPostgres := readSpan(text)
	if _, ofSQLite := readPoint(text); ofPostgres || ofSQLite {
		return ports.ErrFeedCursorGone
	}
	return fmt.Errorf("read feed cursor %.60q: %w", text, ports.ErrInvalidFeedCursor)
}

// readSpan is parseSpan without errors.
func readSpan(text string) (at span, ok bool) {
	parts := strings.Split(text, ";")
	if len(parts) != 2 && len(parts) != 4 {
		return span{}, false
	}
	at.history = parts[0]
	if at.from, ok = parseWatermark(parts[1]); !ok || len(parts) == 2 {
		return at, ok
	}
	var err error
	at.to, ok = parseWatermark(parts[2])
	at.last, err = strconv.ParseInt(parts[3], 10, 64)
	return at, ok && err == nil && at.last >= 0
}

func (s span) open() bool { return s.to.Xmax == 0 }

func (s span) String() string {
	if s.open() {
		return s.history + ";" + s.from.String()
	}
	return s.history + ";" + s.from.String() + ";" + s.to.String() + ";" + strconv.FormatInt(s.last, 10)
}

// gone reports whether changes of the span that are not delivered yet may have been removed. That is so when some
// removed change is not certainly seen by from, and not certainly delivered in this span. Changes of another history
// are gone, and so are those of a database that was put back to an earlier time and has not made them yet.
func (s span) gone(now *feedState) bool {
	if s.history != now.History || max(s.from.seq, s.to.seq) > now.LastSeq {
		return true
	}
	prunedTx := uint64(now.PrunedTx)
	delivered := !s.open() && s.to.Xmin > prunedTx && s.last >= now.PrunedSeq
	return (prunedTx >= s.from.Xmin || now.PrunedSeq > s.from.seq) && !delivered
}
