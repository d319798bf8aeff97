package bunstore

import (
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// ChangeFeed is a ports.ChangeFeed over property_changes, which triggers fill. The order of transactions differs
// between the databases, so each has a feed of its own: see feed_postgres.go and feed_sqlite.go.
type ChangeFeed struct {
	db   *DB
	pool *bun.DB // to read from
}

var _ ports.ChangeFeed = (*ChangeFeed)(nil)

// feedDialect is how each database finds the changes committed after a cursor. Cursors are plain text here.
type feedDialect interface {
	changes(ctx context.Context, db *bun.DB, after string, left room) (feedPage, error)
	head(ctx context.Context, db bun.IDB, back int) (cursor string, point freshness.Point, err error)
	// recordCommit records that a write of this process is committed up to the transaction, before any client gets its
	// answer.
	recordCommit(ctx context.Context, db *bun.DB, tx uint64)
	// pruneBatch removes some of the oldest changes and records the last one removed. It returns 0 when no more may be
	// removed, or while another process prunes.
	pruneBatch(ctx context.Context, tx bun.IDB, before instant) (int64, error)
}

// feedPage is a ports.FeedPage as read.
type feedPage struct {
	changes []changeRow
	cursors []string
	next    string
	more    bool
	point   freshness.Point
}

// room is how many changes and bytes still fit on a page.
type room struct{ changes, bytes int }

// full reports whether another change has to wait for the next page.
func (r room) full() bool { return r.changes <= 0 || r.bytes <= 0 }

// less is the room that is left after the changes.
func (r room) less(changes ...changeRow) room {
	for i := range changes {
		r.changes--
		r.bytes -= changes[i].Before.size + changes[i].After.size
	}
	return r
}

// firstBatch is how many changes the first query asks for, before their size is known.
const firstBatch = 32

// batch is the part of the room that one query fills. Postgres sends all rows that it is asked for, wanted or not. So
// the first query asks for few changes, and the next for as many as fit if they are like those before.
func (r room) batch(before []changeRow) room {
	most := firstBatch
	if n := len(before); n > 0 {
		size := -room{}.less(before...).bytes / n
		most = r.bytes/max(size, 1) + 1
	}
	r.changes = min(r.changes, most)
	return r
}

// fill reads rows into changes while they fit, and reports whether more were waiting. The query may return one row
// more than fits. Each row is scanned into T; take makes a change of it, or returns nil to skip it.
func fill[T any](
	ctx context.Context, db *bun.DB, rows *sql.Rows, left room, take func(*T) *changeRow,
) (changes []changeRow, more bool, err error) {
	defer func() { _ = rows.Close() }() // only read from
	for rows.Next() {
		var scanned T
		if err := db.ScanRow(ctx, rows, &scanned); err != nil {
			return nil, false, err
		}
		change := take(&scanned)
		if change == nil {
			continue
		}
		if left.full() {
			return changes, true, rows.Close()
		}
		changes, left = append(changes, *change), left.less(*change)
	}
	return changes, false, rows.Err()
}

// changeRow is a row of property_changes. In an outer join without a match Seq stays 0.
type changeRow struct {
	bun.BaseModel `bun:"table:property_changes,alias:c"`

	Seq        int64   `bun:"seq"`
	Tx         int64   `bun:"tx"`
	Op         string  `bun:"op"`
	PropertyID *uuid   `bun:"property_id"`
	Version    int64   `bun:"version"`
	Before     image   `bun:"before"`
	After      image   `bun:"after"`
	ChangedAt  instant `bun:"changed_at"`
}

// changeColumns are the columns of a changeRow, in either database.
const changeColumns = "seq, CAST(CAST(tx AS text) AS bigint) AS tx, op, property_id, version, before, after, changed_at"

// change is the change that the row records. A row that cannot be read, as after a write past constraints that were
// dropped, is a reset: something has changed, and it is unknown what. The feed continues after it.
func (r *changeRow) change() property.Change {
	if !r.readable() {
		return property.Change{Tx: uint64(r.Tx), Op: property.OpReset, At: r.ChangedAt.time()}
	}
	c := property.Change{
		Tx: uint64(r.Tx), Op: property.Op(r.Op), Version: r.Version,
		Before: r.Before.property(), After: r.After.property(), At: r.ChangedAt.time(),
	}
	if r.PropertyID != nil {
		c.ID = property.ID(*r.PropertyID)
	}
	return c.Compact()
}

func (r *changeRow) readable() bool {
	switch property.Op(r.Op) {
	case property.OpInsert, property.OpUpdate, property.OpDelete:
		return r.PropertyID != nil && r.Before.broken == nil && r.After.broken == nil
	}
	return false
}

// Changes is described at ports.ChangeFeed.
func (f *ChangeFeed) Changes(ctx context.Context, after ports.FeedCursor, limit int) (ports.FeedPage, error) {
	ctx, cancel := f.db.withTimeout(ctx)
	defer cancel()
	cursor, err := base64.RawURLEncoding.Strict().DecodeString(string(after))
	if err != nil {
		return ports.FeedPage{}, fmt.Errorf("read feed cursor %.60q: %w", after, ports.ErrInvalidFeedCursor)
	}
	var read feedPage
	err = f.db.retryRead(ctx, func() (err error) {
		read, err = f.db.dialect.changes(ctx, f.pool, string(cursor), room{limit, ports.FeedPageBytes})
		return err
	})
	if err != nil {
		return ports.FeedPage{}, f.db.explain(ctx, "read the change feed", err)
	}
	page := ports.FeedPage{Next: feedCursor(read.next), More: read.more, Point: read.point}
	for i := range read.changes {
		page.Changes = append(page.Changes, read.changes[i].change())
		page.Cursors = append(page.Cursors, feedCursor(read.cursors[i]))
	}
	return page, nil
}

// Head is described at ports.ChangeFeed.
func (f *ChangeFeed) Head(ctx context.Context, back int) (ports.FeedCursor, freshness.Point, error) {
	ctx, cancel := f.db.withTimeout(ctx)
	defer cancel()
	var cursor string
	var point freshness.Point
	err := f.db.retryRead(ctx, func() (err error) {
		cursor, point, err = f.db.dialect.head(ctx, f.pool, back)
		return err
	})
	if err != nil {
		return "", freshness.Point{}, f.db.explain(ctx, "read the head of the change feed", err)
	}
	return feedCursor(cursor), point, nil
}

// pruneBatch is how many changes are removed in one transaction: few enough not to slow down writers.
const pruneBatch = 5_000

// Prune is described at ports.ChangeFeed.
func (f *ChangeFeed) Prune(ctx context.Context, before time.Time) (int64, error) {
	var total int64
	for {
		removed, err := f.prune(ctx, instant(before))
		total += removed
		if removed < pruneBatch || err != nil {
			return total, err
		}
	}
}

func (f *ChangeFeed) prune(ctx context.Context, before instant) (removed int64, err error) {
	ctx, cancel := f.db.withTimeout(ctx)
	defer cancel()
	err = f.db.atomically(ctx, func(ctx context.Context, tx bun.IDB) (err error) {
		removed, err = f.db.dialect.pruneBatch(ctx, tx, before)
		return err
	})
	if err != nil {
		return 0, f.db.explain(ctx, "prune the change feed", err)
	}
	return removed, nil
}

func feedCursor(text string) ports.FeedCursor {
	return ports.FeedCursor(base64.RawURLEncoding.EncodeToString([]byte(text)))
}
