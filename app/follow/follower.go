package follow

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// Follower reads every committed change from the database's feed, publishes it on the bus, and confirms to the ledger
// how far it has read. Through it the caches see changes by other processes and by hand-written SQL.
type Follower struct {
	Options

	woken     chan struct{} // there may be a change
	requested chan struct{} // a caller waits for a poll

	mu      sync.Mutex
	next    *poll       // the poll for callers that ask before it begins; nil without callers; guarded by mu
	ended   bool        // there are no more polls; guarded by mu
	fault   error       // of the last poll; guarded by mu
	restart atomic.Bool // the next poll restarts the ledger

	// The rest belongs to run.
	cursor  ports.FeedCursor
	placed  bool      // the cursor is valid
	began   time.Time // the last poll
	forgot  time.Time // when the ledger was last restarted
	page    int       // changes per page
	failing bool
}

// poll is one poll of the feed, shared by all callers that wait for it.
type poll struct {
	done chan struct{} // closed at its end
	err  error         // valid after that
}

func (p *poll) end(err error) {
	if p != nil {
		p.err = err
		close(p.done)
	}
}

// Options of a Follower; all are required.
type Options struct {
	Feed     ports.ChangeFeed
	Events   ports.EventPublisher
	Ledger   *freshness.Ledger
	Live     *LiveFeed
	Log      *zap.Logger
	Poll     time.Duration // pause between polls while there is traffic
	IdlePoll time.Duration // and without traffic
	Traffic  func() uint64 // grows with every read
	History  int           // how many past changes the ledger starts with
	// Retention is how long the database stores changes.
	Retention time.Duration
}

// feedPage bounds the changes per page. Pages shrink when one does not arrive in time, as with large changes over a
// slow connection.
const feedPage = 1_000

// feedLimit bounds one query to the feed. Unconfirmed caches are bypassed, so a long wait on a connection that may be
// dead gains nothing.
const feedLimit = 2 * time.Second

// wakeGap is the shortest time between the starts of two polls that no caller waits for. Under many writers,
// notifications arrive faster than a poll is worth.
const wakeGap = 2 * time.Millisecond

// NewFollower makes a follower that reads nothing until Run.
func NewFollower(o Options) *Follower {
	return &Follower{Options: o, woken: make(chan struct{}, 1), requested: make(chan struct{}, 1), page: feedPage}
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
		case <-f.requested:
			runtime.Gosched() // callers that the last poll has woken may join this one
		case <-timer.C:
		}
		f.read(ctx)
		if now := f.Traffic(); now != seen {
			seen, busy = now, time.Now()
		}
		// Between two polls close together there may be no traffic.
		pause := f.IdlePoll
		if time.Since(busy) < f.IdlePoll {
			pause = f.Poll
		}
		timer.Reset(pause)
	}
}

// read polls the feed once, for all callers that asked before it begins.
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

// Fault returns the error of the last poll, nil after success.
func (f *Follower) Fault() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault
}

// end releases the waiting callers with an error, because there are no more polls.
func (f *Follower) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	f.next.end(errNotFollowing)
}

var errNotFollowing = fmt.Errorf("change feed follower stopped: %w", ports.ErrUnavailable)

// Wake requests a poll soon, because there may be a change.
func (f *Follower) Wake() { nudge(f.woken) }

// RestartLedger has the next poll restart the ledger, so that its position confirms no entry cached before.
func (f *Follower) RestartLedger() { f.restart.Store(true) }

// CatchUp returns when the ledger has received every change that was committed before the call. Concurrent callers
// share one poll of the feed. The error is that of the poll, or of the context.
func (f *Follower) CatchUp(ctx context.Context) error {
	f.mu.Lock()
	if f.ended {
		f.mu.Unlock()
		return errNotFollowing
	}
	first := f.next == nil
	if first {
		f.next = &poll{done: make(chan struct{})}
	}
	next := f.next
	f.mu.Unlock()
	if first {
		nudge(f.requested)
	}
	select {
	case <-next.done:
		return next.err
	case <-ctx.Done():
		return fmt.Errorf("wait for the change feed: %w", context.Cause(ctx))
	}
}

// Now queries the database for its current feed point.
func (f *Follower) Now(ctx context.Context) (freshness.Point, error) {
	ctx, cancel := context.WithTimeout(ctx, feedLimit)
	defer cancel()
	_, point, err := f.Feed.Head(ctx, 0)
	return point, err
}

// nudge sets a signal that stays until it is received.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// errOtherHistory reports that the feed continues in another epoch, where cursors and snapshots mean something else.
var errOtherHistory = errors.New("the database was restarted, restored or replaced")

// step polls the feed once, up to its end. It confirms the ledger as of the moment before the poll began: every
// change committed by then has been delivered.
func (f *Follower) step(ctx context.Context) error {
	f.began = time.Now()
	err := f.catchUp(ctx)
	if lostCursor(err) {
		f.Log.Warn("change feed cursor lost, resetting caches", zap.Error(err))
		f.placed = false
		if err = f.catchUp(ctx); lostCursor(err) { // callers have no cursor of their own, so for them it is an outage
			//nolint:errorlint // only ErrUnavailable may be found in it
			err = fmt.Errorf("restart at the end of the change feed: %w: %v", ports.ErrUnavailable, err)
		}
	}
	switch {
	case err == nil:
		f.Ledger.Confirm(f.began)
		if f.failing {
			f.Log.Info("change feed available")
		}
		f.failing = false
	case ctx.Err() == nil && !f.failing:
		f.Log.Warn("change feed unavailable, bypassing caches", zap.Error(err))
		f.failing = true
	}
	return err
}

func lostCursor(err error) bool {
	return errors.Is(err, ports.ErrFeedCursorGone) || errors.Is(err, ports.ErrInvalidFeedCursor) ||
		errors.Is(err, errOtherHistory)
}

// catchUp publishes everything that has been committed since the last poll. It publishes all of it at once, because
// of several changes to one listing the ledger must have the newest before a reader comes.
func (f *Follower) catchUp(ctx context.Context) error {
	if f.restart.Swap(false) {
		f.placed = false
	}
	if !f.placed || time.Since(f.forgot) > f.Retention/2 {
		return f.begin(ctx)
	}
	next, err := f.readOn(ctx, f.cursor)
	if err != nil {
		return err
	}
	if next.point.Epoch != f.Ledger.Point().Epoch {
		return errOtherHistory
	}
	if next.tooMany {
		// It would evict everything before from the ledger anyway.
		f.Ledger.Restart(next.point, next.point)
	} else if len(next.changes) > 0 {
		f.Events.Publish(ctx, eventsOf(next.changes)...)
	}
	f.Ledger.Reach(next.point)
	f.cursor = next.next
	f.Live.publish(next.pages, next.tooMany)
	return nil
}

func eventsOf(changes []property.Change) []property.Event {
	events := make([]property.Event, len(changes))
	for i := range changes {
		events[i] = property.Event{Change: changes[i], Origin: property.OriginFeed}
	}
	return events
}

// begin restarts the ledger and finds the cursor to continue from. It goes some way back, so that entries cached by
// other processes can be judged at once. It runs again now and then, because the ledger must not remember more of a
// listing than the database does: a listing whose deletion is no longer stored may come back at version 1.
//
// For the same reason it goes back no further than what the database still stores at the next restart.
func (f *Follower) begin(ctx context.Context) error {
	from, past, err := f.past(ctx, f.History)
	for back := f.History / 2; err == nil && past.began(time.Now().Add(-f.Retention/4)); back /= 2 {
		from, past, err = f.past(ctx, back)
	}
	if err != nil {
		return err
	}
	f.Ledger.Restart(from, past.point, past.changes...)
	f.cursor, f.placed, f.forgot = past.next, true, time.Now()
	f.Live.publish(nil, true) // streams read the changes since the last poll by themselves
	return nil
}
