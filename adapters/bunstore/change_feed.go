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

// ChangeFeed is a ports.ChangeFeed over property_changes, which triggers fill. What one transaction after another means
// differs between the databases, so each has a feed of its own: see feed_postgres.go and feed_sqlite.go.
type ChangeFeed struct {
	db   *DB
	pool *bun.DB // to read from
}

var _ ports.ChangeFeed = (*ChangeFeed)(nil)

// feedDialect is how each database tells what has been committed behind a cursor. Cursors are plain text here.
type feedDialect interface {
	changes(ctx context.Context, db *bun.DB, after string, left room) (feedPage, error)
	head(ctx context.Context, db bun.IDB, back int) (cursor string, place freshness.Point, err error)
	// committed says that a write of this process up to the transaction is committed, before anybody learns of it.
	committed(ctx context.Context, db *bun.DB, tx uint64)
	// pruneBatch removes some of the oldest changes and notes up to where; 0 when there are none left that may go, or when
	// another process is at it.
	pruneBatch(ctx context.Context, tx bun.IDB, before instant) (int64, error)
}

// feedPage is a ports.FeedPage as read.
type feedPage struct {
	changes []changeRow
	cursors []string
	next    string
	more    bool
	place   freshness.Point
}

// room is what a page may still take.
type room struct{ changes, bytes int }

// full says that another change has to wait for the next page.
func (r room) full() bool { return r.changes <= 0 || r.bytes <= 0 }

// less is the room that the changes leave.
func (r room) less(changes ...changeRow) room {
	for i := range changes {
		r.changes--
		r.bytes -= changes[i].Before.size + changes[i].After.size
	}
	return r
}

// firstBatch is how many changes are asked for before it is known how large they are.
const firstBatch = 32

// batch is the part of the room that one query is to fill. Postgres sends all that it is asked for, wanted or not, so
// it is asked for few changes first, and then for as many as there is room for if they are like those before.
func (r room) batch(before []changeRow) room {
	most := firstBatch
	if n := len(before); n > 0 {
		size := -room{}.less(before...).bytes / n
		most = r.bytes/max(size, 1) + 1
	}
	r.changes = min(r.changes, most)
	return r
}

// fill reads rows into changes as long as there is room, and says that more were waiting. The query may return one row
// more than there is room for. Each row is scanned into T, which take makes a change of, or none.
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

// changeRow is a row of property_changes. Reading nothing (an outer join without a match) leaves Seq 0.
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

// change is the change that the row records. One that cannot be read, as after a write past constraints that somebody
// has dropped, is a reset: something has changed, and nobody can say what. The feed goes on behind it.
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
	ctx, cancel := f.db.bounded(ctx)
	defer cancel()
	cursor, err := base64.RawURLEncoding.Strict().DecodeString(string(after))
	if err != nil {
		return ports.FeedPage{}, fmt.Errorf("read feed cursor %.60q: %w", after, ports.ErrInvalidFeedCursor)
	}
	var read feedPage
	err = f.db.reading(ctx, func() (err error) {
		read, err = f.db.dialect.changes(ctx, f.pool, string(cursor), room{limit, ports.FeedPageBytes})
		return err
	})
	if err != nil {
		return ports.FeedPage{}, f.db.explain(ctx, "read the change feed", err)
	}
	page := ports.FeedPage{Next: feedCursor(read.next), More: read.more, Point: read.place}
	for i := range read.changes {
		page.Changes = append(page.Changes, read.changes[i].change())
		page.Cursors = append(page.Cursors, feedCursor(read.cursors[i]))
	}
	return page, nil
}

// Head is described at ports.ChangeFeed.
func (f *ChangeFeed) Head(ctx context.Context, back int) (ports.FeedCursor, freshness.Point, error) {
	ctx, cancel := f.db.bounded(ctx)
	defer cancel()
	var cursor string
	var place freshness.Point
	err := f.db.reading(ctx, func() (err error) {
		cursor, place, err = f.db.dialect.head(ctx, f.pool, back)
		return err
	})
	if err != nil {
		return "", freshness.Point{}, f.db.explain(ctx, "read the head of the change feed", err)
	}
	return feedCursor(cursor), place, nil
}

// pruneBatch is how many changes are removed in one transaction: few enough for writers not to notice.
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
	ctx, cancel := f.db.bounded(ctx)
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
