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

// SQLite has one writer at a time, so changes are committed in the order of seq: a cursor is the last seq told, after a
// letter that keeps it from being taken for a cursor of Postgres.
const sqliteCursor = "s"

func parseSeq(text string) (int64, error) {
	digits, ok := strings.CutPrefix(text, sqliteCursor)
	seq, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || seq < 0 {
		return 0, fmt.Errorf("read feed cursor %.60q: %w", text, ports.ErrInvalidFeedCursor)
	}
	return seq, nil
}

// seqs is where the feed stands: the last change that was removed, and the last one made.
type seqs struct {
	Pruned int64 `bun:"pruned"`
	Last   int64 `bun:"last"`
}

const seqsSQL = `
SELECT coalesce((SELECT seq FROM feed_retention), 0) AS pruned,
    coalesce((SELECT max(seq) FROM property_changes), (SELECT seq FROM feed_retention), 0) AS last`

// changes reads where the feed stands and the changes in one transaction, so that they agree.
func (d sqliteDialect) changes(ctx context.Context, db *bun.DB, after string, limit int) (feedPage, error) {
	var page feedPage
	err := db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var at seqs
		if err := tx.NewRaw(seqsSQL).Scan(ctx, &at); err != nil {
			return err
		}
		seq := at.Pruned
		if after != "" {
			var err error
			if seq, err = parseSeq(after); err != nil {
				return err
			}
		}
		if seq < at.Pruned || seq > at.Last {
			return ports.ErrFeedCursorGone
		}
		var rows []changeRow
		if err := tx.NewSelect().Model(&rows).Where("c.seq > ?", seq).Order("c.seq").Limit(int64(limit) + 1).Scan(ctx); err != nil {
			return err
		}
		page = d.seqPage(rows, at.Last, limit)
		return nil
	})
	return page, err
}

// seqPage is the page of these changes, one more than the limit when there are more.
func (d sqliteDialect) seqPage(rows []changeRow, last int64, limit int) feedPage {
	page := feedPage{changes: rows[:min(len(rows), limit)], more: len(rows) > limit}
	for _, r := range page.changes {
		page.cursors = append(page.cursors, cursorBehind(r.Seq))
	}
	if page.more {
		last = page.changes[limit-1].Seq
	}
	page.next, page.place = cursorBehind(last), d.placeBehind(last)
	return page
}

func cursorBehind(seq int64) string { return sqliteCursor + strconv.FormatInt(seq, 10) }

// placeBehind has seen every change up to this one. A change's seq is its transaction.
func (d sqliteDialect) placeBehind(seq int64) freshness.Place {
	return freshness.Place{Epoch: d.epoch, Snapshot: freshness.Snapshot{Xmin: uint64(seq) + 1, Xmax: uint64(seq) + 1}}
}

func (d sqliteDialect) head(ctx context.Context, db bun.IDB, back int) (string, freshness.Place, error) {
	var at seqs
	if err := db.NewRaw(seqsSQL).Scan(ctx, &at); err != nil {
		return "", freshness.Place{}, err
	}
	seq := max(at.Last-int64(back), at.Pruned)
	return cursorBehind(seq), d.placeBehind(seq), nil
}

func (sqliteDialect) pruneBatch(ctx context.Context, tx bun.IDB, before instant) (int64, error) {
	var removed []int64
	err := tx.NewRaw(`DELETE FROM property_changes WHERE seq IN (
		SELECT seq FROM (SELECT seq, changed_at FROM property_changes ORDER BY seq LIMIT ?) AS oldest WHERE changed_at < ?)
		RETURNING seq`, pruneBatch, before).Scan(ctx, &removed)
	if err != nil || len(removed) == 0 {
		return 0, err
	}
	var last int64
	for _, seq := range removed {
		last = max(last, seq)
	}
	_, err = tx.NewRaw(`INSERT INTO feed_retention (id, seq) VALUES (1, ?)
		ON CONFLICT (id) DO UPDATE SET seq = max(seq, excluded.seq)`, last).Exec(ctx)
	return int64(len(removed)), err
}
