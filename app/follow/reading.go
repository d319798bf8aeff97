package follow

import (
	"context"
	"errors"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// past reads the last changes of all, about so many, and from where on it has all of them.
func (f *Follower) past(ctx context.Context, back int) (from freshness.Point, past news, err error) {
	limited, cancel := context.WithTimeout(ctx, feedLimit)
	defer cancel()
	cursor, from, err := f.Feed.Head(limited, back)
	if err != nil {
		return from, past, err
	}
	past, err = f.readOn(ctx, cursor)
	switch {
	case err == nil && past.place.Epoch != from.Epoch:
		err = errOtherHistory
	case past.tooMany:
		from = past.place
	}
	return from, past, err
}

// news is what one reading has brought. When it is more than the ledger can remember, the changes are left out.
type news struct {
	changes []property.Change
	pages   []readPage
	next    ports.FeedCursor
	place   freshness.Point
	tooMany bool
}

// began reports whether the first of the changes was made before the moment.
func (n *news) began(before time.Time) bool {
	return len(n.changes) > 0 && n.changes[0].At.Before(before)
}

// readOn reads from the cursor to the end of the feed. Once that is more than the ledger can remember, the rest is left
// unread.
func (f *Follower) readOn(ctx context.Context, cursor ports.FeedCursor) (news, error) {
	ledger, weight := f.Ledger.Figures(), int64(0)
	for n := (news{next: cursor}); ; {
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
		n.next, n.place = page.Next, page.Point
		if !page.More {
			f.page = min(2*f.page, feedPage)
			return n, nil
		}
	}
}

// skip goes to the end of the feed without the changes before it.
func (f *Follower) skip(ctx context.Context) (news, error) {
	ctx, cancel := context.WithTimeout(ctx, feedLimit)
	defer cancel()
	next, place, err := f.Feed.Head(ctx, 0)
	return news{next: next, place: place, tooMany: true}, err
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
