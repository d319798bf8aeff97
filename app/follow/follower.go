package follow

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

// Follower brings every committed change, whoever made it, from the database's feed onto the bus, and confirms to the
// ledger what it has brought. It is what lets the caches see changes by other processes and by hand-written SQL.
type Follower struct {
	Options

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

// Options are what a follower works with; all are required.
type Options struct {
	Feed     ports.ChangeFeed
	Events   ports.EventPublisher
	Ledger   *freshness.Ledger
	Live     *LiveFeed
	Log      *zap.Logger
	Poll     time.Duration // pause between readings while there is traffic
	IdlePoll time.Duration // and while there is none
	Traffic  func() uint64 // grows with every read
	History  int           // how many past changes a new process begins with
	// Retention is how long the database remembers changes.
	Retention time.Duration
}

// feedPage is how many changes are taken at a time at most: fewer when so many have not come in time, as large ones over a
// slow connection do not.
const feedPage = 1_000

// feedLimit bounds one question to the feed. Caches that are not confirmed are passed by, so there is no use in waiting
// long on a connection that may be dead.
const feedLimit = 2 * time.Second

// wakeGap is the shortest time from the beginning of one reading to that of the next which nobody waits for: when many
// write, their rings come closer than readings are worth.
const wakeGap = 2 * time.Millisecond

// NewFollower makes a follower that reads nothing before it runs.
func NewFollower(o Options) *Follower {
	return &Follower{Options: o, woken: make(chan struct{}, 1), asked: make(chan struct{}, 1), page: feedPage}
}

// Run follows until the context ends.
func (f *Follower) Run(ctx context.Context) {
	defer f.end()
	timer := time.NewTimer(0)
	defer timer.Stop()
	seen, busy := f.Traffic(), time.Time{}
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
		if now := f.Traffic(); now != seen {
			seen, busy = now, time.Now()
		}
		// Of two readings close together the second sees no traffic between them.
		pause := f.IdlePoll
		if time.Since(busy) < f.IdlePoll {
			pause = f.Poll
		}
		timer.Reset(pause)
	}
}

// read is one reading of the feed, for everybody who asked before it begins.
func (f *Follower) read(ctx context.Context) {
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
func (f *Follower) Fault() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault
}

// end tells those who wait that nobody reads any more.
func (f *Follower) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	f.next.end(errNotFollowing)
}

var errNotFollowing = fmt.Errorf("the change feed is not followed any more: %w", ports.ErrUnavailable)

// Wake has the feed read soon, since something may have changed.
func (f *Follower) Wake() { nudge(f.woken) }

// BeginAnew has the next reading start the ledger anew, so that nothing cached before is vouched for by its position.
func (f *Follower) BeginAnew() { f.anew.Store(true) }

// CatchUp returns when the ledger has been told of every change that was committed before the call. Callers who come
// together share one reading of the feed. The error is that of the reading, or of the context.
func (f *Follower) CatchUp(ctx context.Context) error {
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
func (f *Follower) Now(ctx context.Context) (freshness.Point, error) {
	ctx, cancel := context.WithTimeout(ctx, feedLimit)
	defer cancel()
	_, place, err := f.Feed.Head(ctx, 0)
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
func (f *Follower) step(ctx context.Context) error {
	f.began = time.Now()
	err := f.catchUp(ctx)
	if lostCursor(err) {
		f.Log.Warn("lost the place in the change feed; the caches begin anew", zap.Error(err))
		f.placed = false
		if err = f.catchUp(ctx); lostCursor(err) { // those who wait have no place of their own that could be lost
			err = fmt.Errorf("find a place in the change feed: %w: %v", ports.ErrUnavailable, err) //nolint:errorlint // so it means no more
		}
	}
	switch {
	case err == nil:
		f.Ledger.Confirm(f.began)
		if f.failing {
			f.Log.Info("the change feed is back")
		}
		f.failing = false
	case ctx.Err() == nil && !f.failing:
		f.Log.Warn("cannot read the change feed; the caches are passed by until it is back", zap.Error(err))
		f.failing = true
	}
	return err
}

func lostCursor(err error) bool {
	return errors.Is(err, ports.ErrFeedCursorGone) || errors.Is(err, ports.ErrInvalidFeedCursor) || errors.Is(err, errOtherHistory)
}

// catchUp brings everything that has been committed since the last time. It is published at once, since of several
// changes to one listing the ledger has to know the newest before a reader comes.
func (f *Follower) catchUp(ctx context.Context) error {
	if f.anew.Swap(false) {
		f.placed = false
	}
	if !f.placed || time.Since(f.forgot) > f.Retention/2 {
		return f.begin(ctx)
	}
	news, err := f.readOn(ctx, f.cursor)
	if err != nil {
		return err
	}
	if news.place.Epoch != f.Ledger.Point().Epoch {
		return errOtherHistory
	}
	if news.tooMany {
		// It would make the ledger forget everything before anyway.
		f.Ledger.Restart(news.place, news.place)
	} else if len(news.changes) > 0 {
		f.Events.Publish(ctx, eventsOf(news.changes)...)
	}
	f.Ledger.Reach(news.place)
	f.cursor = news.next
	f.Live.tell(news.pages, news.tooMany)
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
func (f *Follower) begin(ctx context.Context) error {
	from, past, err := f.past(ctx, f.History)
	for back := f.History / 2; err == nil && past.began(time.Now().Add(-f.Retention/4)); back /= 2 {
		from, past, err = f.past(ctx, back)
	}
	if err != nil {
		return err
	}
	f.Ledger.Restart(from, past.place, past.changes...)
	f.cursor, f.placed, f.forgot = past.next, true, time.Now()
	f.Live.tell(nil, true) // what happened since the last reading is told to nobody else
	return nil
}
