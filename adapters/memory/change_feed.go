package memory

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// changeLog holds every change in the order it was made. Each is a transaction of its own, numbered 1, 2, 3 …
type changeLog struct {
	epoch   string            // of this log, which ends with the process
	changes []property.Change // with their actors, which only histories show
	pruned  uint64            // the number of the last change removed; the next one is the first of changes
}

func (l *changeLog) last() uint64 { return l.pruned + uint64(len(l.changes)) }

// append adds the change with its actor, sets its transaction number and its time, which never goes back, and returns
// it.
func (l *changeLog) append(c property.Change, now time.Time, actor string) property.Change {
	c.Tx, c.At = l.last()+1, property.Instant(now)
	if n := len(l.changes); n > 0 && l.changes[n-1].At.After(c.At) {
		c.At = l.changes[n-1].At
	}
	signed := c
	signed.Actor = actor
	l.changes = append(l.changes, signed)
	return c
}

// ChangeFeed delivers the changes of one PropertyRepository. A cursor is the number of the last change delivered.
type ChangeFeed struct {
	repository *PropertyRepository
}

var _ ports.ChangeFeed = (*ChangeFeed)(nil)

// NewChangeFeed makes the feed of a repository.
func NewChangeFeed(repository *PropertyRepository) *ChangeFeed {
	return &ChangeFeed{repository: repository}
}

// Changes implements ports.ChangeFeed.
func (f *ChangeFeed) Changes(ctx context.Context, after ports.FeedCursor, limit int) (ports.FeedPage, error) {
	if err := ctx.Err(); err != nil {
		return ports.FeedPage{}, fmt.Errorf("read changes: %w", err)
	}
	f.repository.mu.RLock()
	defer f.repository.mu.RUnlock()
	log := &f.repository.log
	last, err := log.position(after)
	if err != nil {
		return ports.FeedPage{}, fmt.Errorf("read changes after %.60q: %w", after, err)
	}
	waiting := log.changes[last-log.pruned:]
	span := waiting[:0]
	for weight := 0; len(span) < min(limit, len(waiting)) && weight < ports.FeedPageBytes; {
		span = waiting[:len(span)+1]
		weight += span[len(span)-1].Weight()
	}
	next := last + uint64(len(span))
	page := ports.FeedPage{
		Changes: slices.Clone(span),
		Next:    cursorAt(next),
		More:    len(span) < len(waiting),
		Point:   log.pointAt(next),
	}
	for i := range page.Changes {
		page.Changes[i].Actor = ""
		page.Cursors = append(page.Cursors, cursorAt(page.Changes[i].Tx))
	}
	return page, nil
}

// position returns the number of the last change before the cursor.
func (l *changeLog) position(cursor ports.FeedCursor) (uint64, error) {
	if cursor == "" {
		return l.pruned, nil
	}
	last, err := strconv.ParseUint(string(cursor), 10, 64)
	switch {
	case err != nil || cursorAt(last) != cursor || last > l.last():
		return 0, ports.ErrInvalidFeedCursor
	case last < l.pruned:
		return 0, ports.ErrFeedCursorGone
	}
	return last, nil
}

// Head implements ports.ChangeFeed.
func (f *ChangeFeed) Head(ctx context.Context, back int) (ports.FeedCursor, freshness.Point, error) {
	if err := ctx.Err(); err != nil {
		return "", freshness.Point{}, fmt.Errorf("read the head of the changes: %w", err)
	}
	f.repository.mu.RLock()
	defer f.repository.mu.RUnlock()
	log := &f.repository.log
	last := log.last() - uint64(min(back, len(log.changes)))
	return cursorAt(last), log.pointAt(last), nil
}

// Prune implements ports.ChangeFeed.
func (f *ChangeFeed) Prune(ctx context.Context, before time.Time) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("prune changes before %s: %w", before.Format(time.RFC3339), err)
	}
	f.repository.mu.Lock()
	defer f.repository.mu.Unlock()
	log := &f.repository.log
	old := sort.Search(len(log.changes), func(i int) bool { return !log.changes[i].At.Before(before) })
	log.changes = slices.Clone(log.changes[old:])
	log.pruned += uint64(old)
	return int64(old), nil
}

func cursorAt(last uint64) ports.FeedCursor { return ports.FeedCursor(strconv.FormatUint(last, 10)) }

// pointAt returns the point that has seen the changes up to a number. No change is ever in flight.
func (l *changeLog) pointAt(last uint64) freshness.Point {
	return freshness.Point{Epoch: l.epoch, Snapshot: freshness.Snapshot{Xmin: last + 1, Xmax: last + 1}}
}
