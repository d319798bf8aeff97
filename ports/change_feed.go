package ports

import (
	"context"
	"errors"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// What can be wrong with a feed cursor.
var (
	// ErrInvalidFeedCursor says that a text is no cursor of this feed.
	ErrInvalidFeedCursor = errors.New("not a cursor of this change feed")
	// ErrFeedCursorGone says that changes behind the cursor have already been removed, or that it is of another history than
	// the store's: whoever follows with it has to begin again from a full reading.
	ErrFeedCursorGone = errors.New("changes after this cursor are no longer kept")
)

// ChangeFeed tells every committed change exactly once to whoever follows it from page to page, whoever made the change
// and in whatever order transactions committed. Changes of one listing come in the order in which they were made; that
// is the order of their versions, unless an id was inserted again by a writer who could not see its past. A change that
// cannot be read comes as a reset. Who made a change is not part of it: a feed may be read by anybody.
type ChangeFeed interface {
	// Changes returns the changes behind the cursor, at most limit of them, and fewer when they are large: a page ends
	// with the change that brings it to FeedPageBytes, if not before. The empty cursor stands before the oldest change
	// kept. Errors: ErrInvalidFeedCursor, ErrFeedCursorGone, ErrUnavailable.
	Changes(ctx context.Context, after FeedCursor, limit int) (FeedPage, error)

	// Head returns a cursor behind which the newest changes are told, about as many as back says and fewer where fewer are
	// kept; 0 stands behind every change committed so far. Every change that the place there has not seen is told behind
	// the cursor.
	Head(ctx context.Context, back int) (FeedCursor, freshness.Point, error)

	// Prune removes changes made before the given time, in small batches, and returns how many. Nothing else is
	// removed. One process at a time does the work; another that asks meanwhile returns 0 at once or waits for its
	// turn, and no change is removed or counted twice.
	Prune(ctx context.Context, before time.Time) (int64, error)
}

// FeedPageBytes is the weight at which a page of changes ends, however few they are. One change may go beyond it.
const FeedPageBytes = 2 << 20

// FeedCursor is a position in the feed: text that only the feed itself understands, safe in URLs.
type FeedCursor string

// FeedPage is a stretch of the feed.
type FeedPage struct {
	Changes []property.Change
	// Cursors has for each of the changes the cursor behind it.
	Cursors []FeedCursor
	// Next is the cursor behind all of them.
	Next FeedCursor
	// More says that further changes were already waiting when the page was read.
	More bool
	// Point is what has been seen at Next: every change that it has seen has been delivered. When More is set only its
	// epoch means something. A page of another epoch than the last one continues nothing: what came between is not known.
	Point freshness.Point
}
