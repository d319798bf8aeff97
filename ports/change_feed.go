package ports

import (
	"context"
	"errors"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// The errors of feed cursors.
var (
	// ErrInvalidFeedCursor means that a text is not a cursor of this feed.
	ErrInvalidFeedCursor = errors.New("not a cursor of this change feed")
	// ErrFeedCursorGone means that the feed cannot continue from the cursor. Changes behind it have been removed,
	// or it is of another history than the store's. The reader must start again with a full read.
	ErrFeedCursorGone = errors.New("changes after this cursor are no longer stored")
)

// ChangeFeed delivers every committed change exactly once to a reader that follows it from page to page. The writer
// and the order of commits do not matter. The changes of one listing come in the order in which they were made.
// That is the order of their versions, unless an id was inserted again by a writer that could not see its past. A
// change that cannot be read comes as a reset. Changes come without their actors: everybody may read a feed.
type ChangeFeed interface {
	// Changes returns the changes behind the cursor, at most limit of them, fewer when they are large. A page ends
	// with the change that brings it to FeedPageBytes, if not before. The empty cursor stands before the oldest
	// stored change. Errors: ErrInvalidFeedCursor, ErrFeedCursorGone, ErrUnavailable.
	Changes(ctx context.Context, after FeedCursor, limit int) (FeedPage, error)

	// Head returns a cursor about back changes before the end of the feed, and the point where it stands. The
	// cursor is closer to the end when fewer changes are stored; with back 0 it stands behind every change
	// committed so far. The feed delivers every change that the point does not see behind the cursor.
	Head(ctx context.Context, back int) (FeedCursor, freshness.Point, error)

	// Prune removes changes made before the time, in small batches, and returns how many. Nothing else is removed.
	// One process at a time does the work; a concurrent call in another returns 0 at once or waits for its turn. No
	// change is removed or counted twice.
	Prune(ctx context.Context, before time.Time) (int64, error)
}

// FeedPageBytes is the weight at which a page of changes ends, however few they are. One change may exceed it.
const FeedPageBytes = 2 << 20

// FeedCursor is a position in the feed: text that only the feed itself can interpret, safe in URLs.
type FeedCursor string

// FeedPage is a page of the feed.
type FeedPage struct {
	Changes []property.Change
	// Cursors has for each change the cursor behind it.
	Cursors []FeedCursor
	// Next is the cursor behind the whole page.
	Next FeedCursor
	// More means that further changes were already waiting when the page was read.
	More bool
	// Point is where the feed stands at Next: the feed has delivered every change that Point sees. When More is
	// set, only its epoch is meaningful. A page of another epoch than the last one does not continue it: the
	// changes in between are unknown.
	Point freshness.Point
}
