package main

import (
	"context"
	"errors"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"go.uber.org/zap"
)

// follower brings every committed change, whoever made it, from the database's feed onto the bus, and confirms to the
// ledger what it has brought. It is what lets the caches see changes by other processes and by hand-written SQL.
type follower struct {
	feed     ports.ChangeFeed
	events   ports.EventPublisher
	ledger   *freshness.Ledger
	log      *zap.Logger
	poll     time.Duration // pause between readings while there is traffic
	idlePoll time.Duration // and while there is none
	traffic  func() uint64 // grows with every read
	// retention is how long the database remembers changes.
	retention time.Duration

	cursor  ports.FeedCursor
	placed  bool // the cursor is one to go on from
	forgot  time.Time
	failing bool
}

// feedPage is how many changes are taken at a time.
const feedPage = 1_000

// run follows until the context ends.
func (f *follower) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	seen := f.traffic()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		f.step(ctx)
		pause := f.idlePoll
		if now := f.traffic(); now != seen {
			pause, seen = f.poll, now
		}
		timer.Reset(pause)
	}
}

// step is one reading of the feed up to its end. The moment before it begins is what the ledger is confirmed to: every
// change committed by then has been delivered.
func (f *follower) step(ctx context.Context) {
	began := time.Now()
	err := f.catchUp(ctx)
	switch {
	case err == nil:
		f.ledger.Confirm(began)
		if f.failing {
			f.log.Info("the change feed is back")
		}
		f.failing = false
	case errors.Is(err, ports.ErrFeedCursorGone), errors.Is(err, ports.ErrInvalidFeedCursor):
		f.log.Warn("lost the place in the change feed; the caches begin anew", zap.Error(err))
		f.placed = false
	case ctx.Err() == nil && !f.failing:
		f.log.Warn("cannot read the change feed; the caches are passed by until it is back", zap.Error(err))
		f.failing = true
	}
}

// catchUp brings everything that has been committed since the last time. It is published at once, since of several
// changes to one listing the ledger has to know the newest before a reader comes. More than the ledger can remember
// would make it forget everything before anyway: then a reset takes the place of the changes.
func (f *follower) catchUp(ctx context.Context) error {
	if err := f.place(ctx); err != nil {
		return err
	}
	var events []property.Event
	cursor, tooMany := f.cursor, false
	for {
		page, err := f.feed.Changes(ctx, cursor, feedPage)
		if err != nil {
			return err
		}
		for _, change := range page.Changes {
			events = append(events, property.Event{Change: change, Origin: property.OriginFeed})
		}
		if len(events) > f.ledger.Figures().Capacity {
			events, tooMany = events[:0], true
		}
		cursor = page.Next
		if !page.More {
			break
		}
	}
	if tooMany {
		events = []property.Event{{Change: property.Change{Op: property.OpReset, At: time.Now()}, Origin: property.OriginFeed}}
	}
	if len(events) > 0 {
		f.events.Publish(ctx, events...)
	}
	f.cursor = cursor
	return nil
}

// place finds a place in the feed to go on from, when there is none. Now and then it also makes the ledger forget: a
// listing that is removed, and whose removal the database no longer keeps, may come back at version 1, and the ledger must
// not remember more of it than the database does.
func (f *follower) place(ctx context.Context) error {
	if f.placed {
		if time.Since(f.forgot) > f.retention/2 {
			f.forget()
		}
		return nil
	}
	head, _, err := f.feed.Head(ctx)
	if err != nil {
		return err
	}
	f.forget() // answers from before this place were never checked against what came in between
	f.cursor, f.placed = head, true
	return nil
}

func (f *follower) forget() {
	f.ledger.Reset()
	f.forgot = time.Now()
}

// janitor removes changes that have been kept long enough.
type janitor struct {
	feed      ports.ChangeFeed
	retention time.Duration
	log       *zap.Logger
}

const (
	janitorPause = 10 * time.Minute
	janitorLimit = time.Minute
)

// run cleans now and then until the context ends.
func (j *janitor) run(ctx context.Context) {
	ticker := time.NewTicker(janitorPause)
	defer ticker.Stop()
	for {
		j.clean(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (j *janitor) clean(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, janitorLimit)
	defer cancel()
	removed, err := j.feed.Prune(ctx, time.Now().Add(-j.retention))
	switch {
	case err != nil && ctx.Err() == nil:
		j.log.Warn("cannot remove old changes", zap.Error(err))
	case removed > 0:
		j.log.Info("removed old changes", zap.Int64("changes", removed))
	}
}
