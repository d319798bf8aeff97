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

	cursor  ports.FeedCursor
	placed  bool // the cursor is one to go on from
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

func (f *follower) catchUp(ctx context.Context) error {
	if !f.placed {
		head, _, err := f.feed.Head(ctx)
		if err != nil {
			return err
		}
		f.ledger.Reset() // answers from before this place were never checked against what came in between
		f.cursor, f.placed = head, true
	}
	for {
		page, err := f.feed.Changes(ctx, f.cursor, feedPage)
		if err != nil {
			return err
		}
		if len(page.Changes) > 0 {
			events := make([]property.Event, len(page.Changes))
			for i, change := range page.Changes {
				events[i] = property.Event{Change: change, Origin: property.OriginFeed}
			}
			f.events.Publish(ctx, events...)
		}
		f.cursor = page.Next
		if !page.More {
			return nil
		}
	}
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
