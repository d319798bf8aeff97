package follow

import (
	"context"
	"errors"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// past reads about the last back changes, and the point from which on it has all of them.
func (f *Follower) past(ctx context.Context, back int) (from freshness.Point, past batch, err error) {
	limited, cancel := context.WithTimeout(ctx, feedLimit)
	defer cancel()
	cursor, from, err := f.Feed.Head(limited, back)
	if err != nil {
		return from, past, err
	}
	past, err = f.readOn(ctx, cursor)
	switch {
	case err == nil && past.point.Epoch != from.Epoch:
		err = errOtherHistory
	case past.tooMany:
		from = past.point
	}
	return from, past, err
}

// batch is the result of one poll. The changes are left out when they are more than the ledger can hold.
type batch struct {
	changes []property.Change
	pages   []readPage
	next    ports.FeedCursor
	point   freshness.Point
	tooMany bool
}

// began reports whether the first of the changes was made before this moment.
func (n *batch) began(before time.Time) bool {
	return len(n.changes) > 0 && n.changes[0].At.Before(before)
}

// readOn reads from the cursor to the end of the feed. It skips the rest as soon as the changes exceed what the
// ledger can hold.
func (f *Follower) readOn(ctx context.Context, cursor ports.FeedCursor) (batch, error) {
	ledger, weight := f.Ledger.Figures(), int64(0)
	for n := (batch{next: cursor}); ; {
		page, err := f.changes(ctx, n.next)
		if err != nil {
			return n, err
		}
		for i := range page.Changes {
			weight += int64(page.Changes[i].Weight())
		}
		if len(n.changes)+len(page.Changes) > ledger.Capacity || weight > ledger.MaxBytes {
			return f.skip(ctx)
		}
		n.changes = append(n.changes, page.Changes...)
		n.pages = append(n.pages, readPage{n.next, page})
		n.next, n.point = page.Next, page.Point
		if !page.More {
			f.page = min(2*f.page, feedPage)
			return n, nil
		}
	}
}

// skip goes to the end of the feed without the changes before it.
func (f *Follower) skip(ctx context.Context) (batch, error) {
	ctx, cancel := context.WithTimeout(ctx, feedLimit)
	defer cancel()
	next, point, err := f.Feed.Head(ctx, 0)
	return batch{next: next, point: point, tooMany: true}, err
}

func (f *Follower) changes(ctx context.Context, after ports.FeedCursor) (ports.FeedPage, error) {
	ctx, cancel := context.WithTimeout(ctx, feedLimit)
	defer cancel()
	page, err := f.Feed.Changes(ctx, after, f.page)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		f.page = max(f.page/2, 1)
	}
	return page, err
}
