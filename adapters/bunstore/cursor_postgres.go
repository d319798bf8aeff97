package bunstore

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports"
)

// In Postgres a lower seq can commit after a higher one, so seq alone does not say what is new. A cursor is a snapshot,
// and what is new is what the next snapshot sees and it does not: a stretch, exact whatever order transactions commit in.
// A stretch longer than a page is told in the order of seq; the cursor in its midst carries both snapshots and the last
// seq told.
//
// The changes of one listing come in the order in which they were made: a writer waits for the row until the writer
// before has committed, so it gets the higher seq, and no snapshot sees it without seeing the other.
//
// A snapshot belongs to a history: the same numbers mean other transactions in another cluster, in another database of it,
// and on another timeline of the same one, which begins where a standby is promoted or a backup has been recovered up to
// some moment. A history also ends when listings change in a way that is not recorded: see recording_postgres.go.
// Cursors carry the history, since theirs is the only one they can be followed in. An epoch is a history
// since the server was started or has recovered from a crash: whoever puts back the files of a cluster has to stop it, and
// what was kept from the time after the backup must not be believed.
//
// Within a history, too, a number can come back: a transaction that was never written to disk (one that was rolled back, or
// has only rung the bell) is forgotten in a crash, and the next one gets its number. A seq does not come back once a change
// with it has been seen. So a snapshot is kept together with the highest seq it shows, and has seen a change only if it
// sees the transaction and the seq is not higher.

// span is a cursor. Its texts are "history;from" between two stretches, and "history;from;to;last" in the midst of one.
type span struct {
	history string
	from    watermark
	to      watermark // zero between two stretches
	last    int64
}

// watermark is a snapshot and the highest seq that it shows; as text, "snapshot/seq".
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

// nothingSeen is the sight before every transaction.
var nothingSeen = watermark{Snapshot: freshness.Snapshot{Xmin: 1, Xmax: 1}}

func parseSpan(text string) (span, error) {
	if text == "" {
		return span{from: nothingSeen}, nil
	}
	invalid := fmt.Errorf("read feed cursor %.60q: %w", text, ports.ErrInvalidFeedCursor)
	parts := strings.Split(text, ";")
	if len(parts) != 2 && len(parts) != 4 {
		return span{}, invalid
	}
	from, ok := parseWatermark(parts[1])
	at := span{history: parts[0], from: from}
	if !ok {
		return span{}, invalid
	}
	if len(parts) == 2 {
		return at, nil
	}
	var err error
	at.to, ok = parseWatermark(parts[2])
	at.last, err = strconv.ParseInt(parts[3], 10, 64)
	if !ok || err != nil || at.last < 0 {
		return span{}, invalid
	}
	return at, nil
}

func (s span) open() bool { return s.to.Xmax == 0 }

func (s span) String() string {
	if s.open() {
		return s.history + ";" + s.from.String()
	}
	return s.history + ";" + s.from.String() + ";" + s.to.String() + ";" + strconv.FormatInt(s.last, 10)
}

// gone reports whether changes of the stretch that are not told yet may have been removed: some removed one is not
// certainly seen by from, nor certainly told in this stretch already. So are those of another history, and those that the
// database, put back to an earlier time, has yet to make.
func (s span) gone(now *feedState) bool {
	if s.history != now.History || max(s.from.seq, s.to.seq) > now.LastSeq {
		return true
	}
	prunedTx := uint64(now.PrunedTx)
	toldAlready := !s.open() && s.to.Xmin > prunedTx && s.last >= now.PrunedSeq
	return (prunedTx >= s.from.Xmin || now.PrunedSeq > s.from.seq) && !toldAlready
}
