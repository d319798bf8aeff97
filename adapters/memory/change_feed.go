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

// changeLog is every change in the order it was made. Each is a transaction of its own, numbered 1, 2, 3 …
type changeLog struct {
	epoch   string            // of this log, which ends with the process
	changes []property.Change // with their actors, which only a history tells
	pruned  uint64            // the number of the last change removed; those kept follow it without a gap
}

func (l *changeLog) last() uint64 { return l.pruned + uint64(len(l.changes)) }

// append gives the change its transaction number and its time, which never goes back, and keeps it with its actor.
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

// ChangeFeed tells the changes of one PropertyRepository. A cursor is the number of the last change told.
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
	told, err := log.position(after)
	if err != nil {
		return ports.FeedPage{}, fmt.Errorf("read changes after %.60q: %w", after, err)
	}
	waiting := log.changes[told-log.pruned:]
	stretch := waiting[:0]
	for weight := 0; len(stretch) < min(limit, len(waiting)) && weight < ports.FeedPageBytes; {
		stretch = waiting[:len(stretch)+1]
		weight += stretch[len(stretch)-1].Weight()
	}
	next := told + uint64(len(stretch))
	page := ports.FeedPage{
		Changes: slices.Clone(stretch),
		Next:    cursorAt(next),
		More:    len(stretch) < len(waiting),
		Point:   log.placeAt(next),
	}
	for i := range page.Changes {
		page.Changes[i].Actor = ""
		page.Cursors = append(page.Cursors, cursorAt(page.Changes[i].Tx))
	}
	return page, nil
}

// position is the number of the last change before the cursor.
func (l *changeLog) position(cursor ports.FeedCursor) (uint64, error) {
	if cursor == "" {
		return l.pruned, nil
	}
	told, err := strconv.ParseUint(string(cursor), 10, 64)
	switch {
	case err != nil || cursorAt(told) != cursor || told > l.last():
		return 0, ports.ErrInvalidFeedCursor
	case told < l.pruned:
		return 0, ports.ErrFeedCursorGone
	}
	return told, nil
}

// Head implements ports.ChangeFeed.
func (f *ChangeFeed) Head(ctx context.Context, back int) (ports.FeedCursor, freshness.Point, error) {
	if err := ctx.Err(); err != nil {
		return "", freshness.Point{}, fmt.Errorf("read the head of the changes: %w", err)
	}
	f.repository.mu.RLock()
	defer f.repository.mu.RUnlock()
	log := &f.repository.log
	told := log.last() - uint64(min(back, len(log.changes)))
	return cursorAt(told), log.placeAt(told), nil
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

func cursorAt(told uint64) ports.FeedCursor { return ports.FeedCursor(strconv.FormatUint(told, 10)) }

// placeAt has seen the changes up to a number; none is ever in flight.
func (l *changeLog) placeAt(told uint64) freshness.Point {
	return freshness.Point{Epoch: l.epoch, Snapshot: freshness.Snapshot{Xmin: told + 1, Xmax: told + 1}}
}
