package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"go.uber.org/zap"
)

// follower brings every committed change, whoever made it, from the database's feed onto the bus, and confirms to the
// ledger what it has brought. It is what lets the caches see changes by other processes and by hand-written SQL.
type follower struct {
	followerOptions

	woken chan struct{} // somebody has heard of a change
	asked chan struct{} // somebody waits

	mu    sync.Mutex
	next  *reading    // what those wait for who ask before it begins; nil when nobody does; guarded by mu
	ended bool        // nobody reads any more; guarded by mu
	fault error       // of the last reading; guarded by mu
	anew  atomic.Bool // the next reading begins anew

	// The rest belongs to run.
	cursor  ports.FeedCursor
	placed  bool      // the cursor is one to go on from
	began   time.Time // the last reading
	forgot  time.Time // when following last began anew
	page    int       // how many changes are taken at a time
	failing bool
}

// reading is one reading of the feed, shared by all who wait for it.
type reading struct {
	done chan struct{} // closed at its end
	err  error         // to be read after that
}

func (r *reading) end(err error) {
	if r != nil {
		r.err = err
		close(r.done)
	}
}

// followerOptions are what a follower works with; all are required.
type followerOptions struct {
	feed     ports.ChangeFeed
	events   ports.EventPublisher
	ledger   *freshness.Ledger
	live     *liveFeed
	log      *zap.Logger
	poll     time.Duration // pause between readings while there is traffic
	idlePoll time.Duration // and while there is none
	traffic  func() uint64 // grows with every read
	history  int           // how many past changes a new process begins with
	// retention is how long the database remembers changes.
	retention time.Duration
}

// wakeGap is the shortest time from the beginning of one reading to that of the next which nobody waits for: when many
// write, their rings come closer than readings are worth.
const wakeGap = 2 * time.Millisecond

// newFollower makes a follower that reads nothing before it runs.
func newFollower(o followerOptions) *follower {
	return &follower{followerOptions: o, woken: make(chan struct{}, 1), asked: make(chan struct{}, 1), page: feedPage}
}

// run follows until the context ends.
func (f *follower) run(ctx context.Context) {
	defer f.end()
	timer := time.NewTimer(0)
	defer timer.Stop()
	seen, busy := f.traffic(), time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.woken:
			timer.Reset(time.Until(f.began.Add(wakeGap)))
			continue
		case <-f.asked:
			runtime.Gosched() // those whom the last reading has woken may ask for this one, too
		case <-timer.C:
		}
		f.read(ctx)
		if now := f.traffic(); now != seen {
			seen, busy = now, time.Now()
		}
		// Of two readings close together the second sees no traffic between them.
		pause := f.idlePoll
		if time.Since(busy) < f.idlePoll {
			pause = f.poll
		}
		timer.Reset(pause)
	}
}

// read is one reading of the feed, for everybody who asked before it begins.
func (f *follower) read(ctx context.Context) {
	f.mu.Lock()
	this := f.next
	f.next = nil
	f.mu.Unlock()
	err := f.step(ctx)
	f.mu.Lock()
	f.fault = err
	f.mu.Unlock()
	this.end(err)
}

// Fault is the error of the last reading, nil when that came to its end.
func (f *follower) Fault() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault
}

// end tells those who wait that nobody reads any more.
func (f *follower) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	f.next.end(errNotFollowing)
}

var errNotFollowing = fmt.Errorf("the change feed is not followed any more: %w", ports.ErrUnavailable)

// wake has the feed read soon, since something may have changed.
func (f *follower) wake() { nudge(f.woken) }

// beginAnew has the next reading start the ledger anew, so that nothing cached before is vouched for by its position.
func (f *follower) beginAnew() { f.anew.Store(true) }

// CatchUp returns when the ledger has been told of every change that was committed before the call. Callers who come
// together share one reading of the feed. The error is that of the reading, or of the context.
func (f *follower) CatchUp(ctx context.Context) error {
	f.mu.Lock()
	if f.ended {
		f.mu.Unlock()
		return errNotFollowing
	}
	first := f.next == nil
	if first {
		f.next = &reading{done: make(chan struct{})}
	}
	next := f.next
	f.mu.Unlock()
	if first {
		nudge(f.asked)
	}
	select {
	case <-next.done:
		return next.err
	case <-ctx.Done():
		return fmt.Errorf("wait for the change feed: %w", context.Cause(ctx))
	}
}

// Now asks the database itself where it stands.
func (f *follower) Now(ctx context.Context) (freshness.Place, error) {
	ctx, cancel := context.WithTimeout(ctx, feedLimit)
	defer cancel()
	_, place, err := f.feed.Head(ctx, 0)
	return place, err
}

// nudge leaves a mark that stays until it is seen.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// errOtherHistory says that the feed goes on in another epoch, where cursors and snapshots mean something else.
var errOtherHistory = errors.New("the database was restarted, restored or replaced")

// step is one reading of the feed up to its end. The moment before it begins is what the ledger is confirmed to: every
// change committed by then has been delivered.
func (f *follower) step(ctx context.Context) error {
	f.began = time.Now()
	err := f.catchUp(ctx)
	if lostPlace(err) {
		f.log.Warn("lost the place in the change feed; the caches begin anew", zap.Error(err))
		f.placed = false
		if err = f.catchUp(ctx); lostPlace(err) { // those who wait have no place of their own that could be lost
			err = fmt.Errorf("find a place in the change feed: %w: %v", ports.ErrUnavailable, err) //nolint:errorlint // so it means no more
		}
	}
	switch {
	case err == nil:
		f.ledger.Confirm(f.began)
		if f.failing {
			f.log.Info("the change feed is back")
		}
		f.failing = false
	case ctx.Err() == nil && !f.failing:
		f.log.Warn("cannot read the change feed; the caches are passed by until it is back", zap.Error(err))
		f.failing = true
	}
	return err
}

func lostPlace(err error) bool {
	return errors.Is(err, ports.ErrFeedCursorGone) || errors.Is(err, ports.ErrInvalidFeedCursor) || errors.Is(err, errOtherHistory)
}

// catchUp brings everything that has been committed since the last time. It is published at once, since of several
// changes to one listing the ledger has to know the newest before a reader comes.
func (f *follower) catchUp(ctx context.Context) error {
	if f.anew.Swap(false) {
		f.placed = false
	}
	if !f.placed || time.Since(f.forgot) > f.retention/2 {
		return f.begin(ctx)
	}
	news, err := f.readOn(ctx, f.cursor)
	if err != nil {
		return err
	}
	if news.place.Epoch != f.ledger.Place().Epoch {
		return errOtherHistory
	}
	if news.tooMany {
		// It would make the ledger forget everything before anyway.
		f.ledger.Restart(news.place, news.place)
	} else if len(news.changes) > 0 {
		f.events.Publish(ctx, eventsOf(news.changes)...)
	}
	f.ledger.Reach(news.place)
	f.cursor = news.next
	f.live.tell(news.pages, news.tooMany)
	return nil
}

func eventsOf(changes []property.Change) []property.Event {
	events := make([]property.Event, len(changes))
	for i := range changes {
		events[i] = property.Event{Change: changes[i], Origin: property.OriginFeed}
	}
	return events
}

// begin finds a place in the feed to go on from: some way back, so that answers which other processes have kept can be
// judged at once. It is done again now and then, because the ledger must not remember more of a listing than the database
// does: one that is removed, and whose removal is no longer kept there, may come back at version 1.
//
// For the same reason it goes back no further than what the database still keeps by the next time.
func (f *follower) begin(ctx context.Context) error {
	from, past, err := f.past(ctx, f.history)
	for back := f.history / 2; err == nil && past.began(time.Now().Add(-f.retention/4)); back /= 2 {
		from, past, err = f.past(ctx, back)
	}
	if err != nil {
		return err
	}
	f.ledger.Restart(from, past.place, past.changes...)
	f.cursor, f.placed, f.forgot = past.next, true, time.Now()
	f.live.tell(nil, true) // what happened since the last reading is told to nobody else
	return nil
}
