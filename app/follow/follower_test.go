package follow

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/eventbus"
	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// followed is a repository in memory, and a follower of its changes that runs in a bubble.
type followed struct {
	*Follower
	t     *testing.T
	store *memory.PropertyRepository
	feed  *watchedFeed
}

// watchedFeed counts its readings; each takes a millisecond, or as long as perChange says for every change asked for, and
// hook may bend it.
type watchedFeed struct {
	ports.ChangeFeed
	readings  atomic.Int64
	perChange atomic.Int64
	hook      atomic.Pointer[func(page *ports.FeedPage) error]
}

func (f *watchedFeed) bend(hook func(page *ports.FeedPage) error) { f.hook.Store(&hook) }

func (f *watchedFeed) Changes(ctx context.Context, after ports.FeedCursor, limit int) (ports.FeedPage, error) {
	f.readings.Add(1)
	page, err := f.ChangeFeed.Changes(ctx, after, limit)
	select {
	case <-time.After(max(time.Millisecond,
		time.Duration(f.perChange.Load())*time.Duration(min(limit, len(page.Changes))))):
	case <-ctx.Done():
		return ports.FeedPage{}, ctx.Err()
	}
	if hook := f.hook.Load(); hook != nil && err == nil {
		err = (*hook)(&page)
	}
	return page, err
}

// followChanges starts a follower with room for so many changes, which polls once an hour: what comes sooner was asked for.
func followChanges(t *testing.T, room int, change ...func(*Options)) *followed {
	store := memory.NewPropertyRepository(time.Now)
	f := &followed{t: t, store: store, feed: &watchedFeed{ChangeFeed: memory.NewChangeFeed(store)}}
	f.add(1)
	ledger := freshness.NewLedger(room, 1<<30, time.Second)
	bus := eventbus.New(func(_ string, r any) { panic(r) })
	bus.Subscribe("ledger", func(_ context.Context, events []property.Event) { Deliver(ledger, events) })
	o := Options{
		Feed: f.feed, Live: NewLiveFeed(f.feed, 1<<30, testEvents), Events: bus, Ledger: ledger, Log: zap.NewNop(),
		Poll: time.Hour, IdlePoll: time.Hour, Traffic: func() uint64 { return 0 }, History: 10, Retention: 100 * time.Hour,
	}
	for _, c := range change {
		c(&o)
	}
	f.Follower = NewFollower(o)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { f.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	synctest.Wait()
	time.Sleep(time.Second)
	return f
}

func (f *followed) add(n int) property.ID {
	f.t.Helper()
	id := property.ID{6: 0x70, 8: 0x80, 15: byte(n)}
	p, err := property.New(id, property.Details{Title: "House", Location: "Leeds", Price: 1, Currency: "USD"}, time.Now())
	if err == nil {
		_, err = f.store.Create(f.t.Context(), p, nil)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return id
}

func (f *followed) catchUp() {
	f.t.Helper()
	if err := f.CatchUp(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// knows reports whether the ledger calls an entry of a listing, cached at the position, stale.
func (f *followed) knows(id property.ID, at freshness.Position) bool {
	return f.Ledger.Check(freshness.NewEntry(at, freshness.OnItem(id))) == freshness.Stale
}

func TestCatchingUpBringsWhatWasCommittedBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 100)
		at, asked := f.Ledger.Position(), time.Now()
		id := f.add(2)
		f.catchUp()
		if !f.knows(id, at) {
			t.Error("the change is not known")
		}
		if got := f.Ledger.ConfirmedAt(); !got.Equal(asked) {
			t.Errorf("a reading that began at %v confirms %v", asked, got)
		}
	})
}

// A reading that is under way when somebody asks may have missed what was committed before they asked.
func TestCatchingUpIsAReadingThatBeginsAfterTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 100)
		go func() { _ = f.CatchUp(t.Context()) }()
		time.Sleep(time.Millisecond / 2) // its reading has seen the feed and is on its way
		at := f.Ledger.Position()
		id := f.add(2)
		f.catchUp()
		if !f.knows(id, at) {
			t.Error("a reading from before the change was taken for one after it")
		}
	})
}

func TestThoseWhoAskTogetherShareAReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 100)
		before := f.feed.readings.Load()
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(f.catchUp)
		}
		callers.Wait()
		if n := f.feed.readings.Load() - before; n > 2 {
			t.Errorf("a hundred callers took %d readings", n)
		}
	})
}

func TestCallersLearnWhenTheFeedFailsOrEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 100)
		broken := fmt.Errorf("no: %w", ports.ErrUnavailable)
		f.feed.bend(func(*ports.FeedPage) error { return broken })
		confirmed := f.Ledger.ConfirmedAt()
		if err := f.CatchUp(t.Context()); !errors.Is(err, broken) || f.Ledger.ConfirmedAt() != confirmed {
			t.Errorf("a reading that failed ended with %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond)
		defer cancel()
		if err := f.CatchUp(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller without patience received %v", err)
		}
		f.end()
		if err := f.CatchUp(t.Context()); !errors.Is(err, ports.ErrUnavailable) {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestAWakeUpHasTheFeedReadSoonAndManyOfThemNotOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 100)
		before, began := f.feed.readings.Load(), time.Now()
		at := f.Ledger.Position()
		id := f.add(2)
		f.Wake()
		synctest.Wait()
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if !f.knows(id, at) || time.Since(began) > 2*time.Millisecond {
			t.Error("a wake-up had no effect")
		}
		for time.Since(began) < 100*time.Millisecond {
			f.Wake()
			time.Sleep(100 * time.Microsecond)
		}
		if n := f.feed.readings.Load() - before; n < 20 || n > 51 {
			t.Errorf("within 100 ms of wake-ups the feed was read %d times", n)
		}
	})
}

// Readings that somebody asks for come between the polls, and most of them see no traffic since the one before.
func TestPollingIsQuickWhileThereIsTrafficWhoeverElseAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Uint64
		f := followChanges(t, 100, func(o *Options) {
			o.Traffic, o.Poll, o.IdlePoll = reads.Load, 50*time.Millisecond, 250*time.Millisecond
		})
		f.catchUp()
		for range 5 {
			reads.Add(1)
			f.catchUp()
			f.catchUp()
			before := f.feed.readings.Load()
			time.Sleep(60 * time.Millisecond)
			if f.feed.readings.Load() == before {
				t.Fatal("beside other readings the feed is polled as if nobody read")
			}
		}
		time.Sleep(time.Second)
		before := f.feed.readings.Load()
		if time.Sleep(time.Second); f.feed.readings.Load()-before > 5 {
			t.Errorf("while nobody reads the feed is polled %d times a second", f.feed.readings.Load()-before)
		}
	})
}

func TestALostPlaceMakesEverythingCachedUnknown(t *testing.T) {
	losses := map[string]func(f *followed, page *ports.FeedPage) error{
		"by pruning":       func(*followed, *ports.FeedPage) error { return ports.ErrFeedCursorGone },
		"by a bad cursor":  func(*followed, *ports.FeedPage) error { return ports.ErrInvalidFeedCursor },
		"to another epoch": func(_ *followed, page *ports.FeedPage) error { page.Point.Epoch = "restored"; return nil },
	}
	for name, lose := range losses {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := followChanges(t, 100)
				at := f.Ledger.Position()
				f.feed.bend(func(page *ports.FeedPage) error {
					f.feed.hook.Store(nil)
					return lose(f, page)
				})
				f.catchUp()
				if v := f.Ledger.Check(freshness.NewEntry(at, freshness.OnItem(property.ID{9}))); v != freshness.Unknown {
					t.Errorf("what was cached before is %v", v)
				}
				if f.Ledger.Figures().Length == 0 {
					t.Error("following begins anew without history")
				}
			})
		})
	}
}

// Those who wait for the feed to be read have asked for no place in it.
func TestAPlaceThatCannotBeFoundIsAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 100)
		f.feed.bend(func(*ports.FeedPage) error { return ports.ErrFeedCursorGone })
		if err := f.CatchUp(t.Context()); !errors.Is(err, ports.ErrUnavailable) || errors.Is(err, ports.ErrFeedCursorGone) {
			t.Errorf("the caller receives %v", err)
		}
		f.feed.hook.Store(nil)
		f.catchUp()
	})
}

// Otherwise a page that is too large for its time is asked for again and again.
func TestWhatDoesNotComeInTimeIsAskedForInSmallerPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 2_000)
		at := f.Ledger.Position()
		var last property.ID
		for n := range 40 {
			last = f.add(2 + n)
		}
		f.feed.perChange.Store(int64(300 * time.Millisecond))
		for range 20 {
			if f.CatchUp(t.Context()) == nil {
				break
			}
		}
		if !f.knows(last, at) {
			t.Fatal("slow changes are never delivered")
		}
		f.feed.perChange.Store(0)
		for range 20 {
			f.catchUp()
		}
		if f.page != feedPage {
			t.Errorf("when all is well again, %d changes are taken at a time", f.page)
		}
	})
}

// A restart must find in the database whatever the ledger remembers. A listing that is deleted, and comes back when
// its deletion has been pruned, begins at version 1.
func TestHistoryGoesNoFurtherBackThanTheDatabaseWillRemember(t *testing.T) {
	for age, want := range map[time.Duration]int{0: 10, 20 * time.Hour: 10, 26 * time.Hour: 5, 40 * time.Hour: 0} {
		t.Run(age.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := followChanges(t, 100)
				for n := range 5 {
					f.add(2 + n)
				}
				f.catchUp()
				time.Sleep(min(age, 26*time.Hour) / 2)
				for n := range 5 {
					f.add(10 + n)
				}
				time.Sleep(age - min(age, 26*time.Hour)/2)
				f.feed.bend(func(*ports.FeedPage) error { f.feed.hook.Store(nil); return ports.ErrFeedCursorGone })
				f.catchUp()
				if got := f.Ledger.Figures().Length; got != want {
					t.Errorf("after %v the ledger begins with %d changes, not %d", age, got, want)
				}
			})
		})
	}
}

// The database has crashed and gives numbers anew, and this process has written before it has read the feed again.
func TestAnOwnWriteInAnotherEpochIsADoubtUntilTheFeedHasBeenRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 100)
		for epoch, trusted := range map[string]bool{f.Ledger.Point().Epoch: true, "after the crash": false} {
			f.catchUp()
			change := property.Inserted(99, property.Property{ID: property.ID{15: 9}, Version: 1})
			change.Epoch = epoch
			Deliver(f.Ledger, []property.Event{{Change: change, Origin: property.OriginSelf}})
			if f.Ledger.Trusted(time.Now()) != trusted {
				t.Errorf("after a write in the epoch %q the caches are trusted: %t", epoch, !trusted)
			}
		}
		f.catchUp()
		if !f.Ledger.Trusted(time.Now()) {
			t.Error("a reading since then confirms nothing")
		}
	})
}

func TestMoreChangesThanTheLedgerHasRoomForEmptyTheCaches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 5)
		at := f.Ledger.Position()
		place := f.Ledger.Point()
		news := f.Live.Changed()
		for n := range 6 {
			f.add(10 + n)
		}
		f.catchUp()
		if v := f.Ledger.Check(freshness.NewEntry(at, freshness.OnItem(property.ID{9}))); v != freshness.Unknown {
			t.Errorf("what was cached before is %v", v)
		}
		if _, known := f.Ledger.Locate(place); known {
			t.Error("what other processes cached before can still be judged")
		}
		if _, known := f.Ledger.Locate(f.Ledger.Point()); !known {
			t.Error("what is cached from now on cannot be judged")
		}
		select {
		case <-news:
		default:
			t.Error("streams are not woken")
		}
	})
}

func TestTheLiveFeedTellsFromMemoryWhatTheFollowerHasRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 100)
		cursor, _, err := f.Live.Head(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		news := f.Live.Changed()
		id := f.add(2)
		f.catchUp()
		<-news
		before := f.feed.readings.Load()
		page, err := f.stream(cursor, 10)
		if ids := idsIn(page); err != nil || !slices.Equal(ids, []string{id.String()}) || f.feed.readings.Load() != before {
			t.Fatalf("from memory come %v, %v, after %d readings", ids, err, f.feed.readings.Load()-before)
		}
		page, err = f.stream("", 10) // further back than memory goes
		if ids := idsIn(page); err != nil || len(ids) != 2 || f.feed.readings.Load() == before {
			t.Fatalf("from the beginning come %v, %v", ids, err)
		}
	})
}

// stream is what a stream gets: from memory, or else from the feed.
func (f *followed) stream(after ports.FeedCursor, limit int) (api.EventPage, error) {
	if page, ok := f.Live.Recent(after, limit); ok {
		return api.EventPage{Events: page.Text(), Next: page.Next, More: page.More}, nil
	}
	page, err := f.Live.Changes(f.t.Context(), after, limit)
	return api.Events(&page), err
}

// testEvents writes the changes of a page as events.
func testEvents(page *ports.FeedPage) []byte { return api.Events(page).Events }

// idsIn are the listings that the events of a page are about.
func idsIn(page api.EventPage) (ids []string) {
	for _, found := range regexp.MustCompile(`data: {"op":"\w+","id":"([^"]+)"`).FindAllSubmatch(page.Events, -1) {
		ids = append(ids, string(found[1]))
	}
	return ids
}

// However many streams there are, what they are sent is the same text.
func TestAChangeIsEncodedOnceForAllStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 100)
		cursor, _, err := f.Live.Head(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		id := f.add(2)
		f.catchUp()
		pages := make([]api.EventPage, 10)
		var streams sync.WaitGroup
		for i := range pages {
			streams.Go(func() { pages[i], _ = f.stream(cursor, 10) })
		}
		streams.Wait()
		for _, page := range pages {
			if !slices.Equal(idsIn(page), []string{id.String()}) || &page.Events[0] != &pages[0].Events[0] {
				t.Fatalf("a stream is sent a text of its own: %s", page.Events)
			}
		}
	})
}

// readNumber is what a follower reads between two cursors that are numbers.
func readNumber(after, next, changes int) []readPage {
	cursor := func(n int) ports.FeedCursor { return ports.FeedCursor(fmt.Sprint(n)) }
	page := ports.FeedPage{Changes: make([]property.Change, changes), Next: cursor(next)}
	page.Cursors = make([]ports.FeedCursor, changes)
	return []readPage{{cursor(after), page}}
}

// Of changes of large listings fewer are held than of small ones.
func TestTheLiveFeedIsBoundedInBytes(t *testing.T) {
	live := NewLiveFeed(nil, 1<<20, testEvents)
	for n := range 50 {
		pages := readNumber(n, n+1, 2)
		for i := range pages[0].Changes {
			p := property.Property{Details: property.Details{Description: strings.Repeat("d", 60_000)}}
			pages[0].Changes[i] = property.Updated(0, p, p)
		}
		live.publish(pages, false)
	}
	text := 0
	for n := range 50 {
		if page, ok := live.lookup(ports.FeedCursor(fmt.Sprint(n))); ok {
			text += len(page.Text())
		} else if n > 45 {
			t.Errorf("page %d is not held", n)
		}
	}
	if text > 1<<20 || text < 1<<19 {
		t.Errorf("of %d bytes %d are held", 1<<20, text)
	}
	alone := NewLiveFeed(nil, 1_000, testEvents)
	alone.publish(readNumber(1, 2, 10), false)
	if _, ok := alone.lookup("1"); ok {
		t.Error("a page that is larger than all that may be held is held")
	}
	if page, ok := alone.lookup("2"); !ok || page.Next != "2" {
		t.Error("a stream that has read it is not at the end")
	}
}

func TestTheLiveFeedForgetsTheOldestPages(t *testing.T) {
	live := NewLiveFeed(nil, 1<<30, testEvents)
	for n := range 2 * livePages {
		live.publish(readNumber(n, n+1, 1), false)
	}
	if _, ok := live.lookup("0"); ok || len(live.pages) > livePages {
		t.Errorf("%d pages are held, the oldest among them: %t", len(live.pages), ok)
	}
	for n := 9_001; n <= 9_003; n++ {
		live.publish(readNumber(n, n+1, liveChanges/2), false)
	}
	_, last := live.lookup("9003")
	if _, first := live.lookup("9001"); first || !last {
		t.Errorf("of three large pages the first is held: %t, the last: %t", first, last)
	}
}

// A database moves on for other reasons than changes, so cursors differ between which nothing has happened.
func TestWhoKeepsUpWithTheLiveFeedStaysWithIt(t *testing.T) {
	live := NewLiveFeed(nil, 1<<30, testEvents)
	follow := func(after string, next string, changes int) {
		t.Helper()
		page, ok := live.lookup(ports.FeedCursor(after))
		if !ok || string(page.Next) != next || page.changes != changes || page.More {
			t.Errorf("behind %s are %d changes up to %q, in memory: %t", after, page.changes, page.Next, ok)
		}
	}
	live.publish(readNumber(1, 2, 1), false)
	follow("1", "2", 1)
	news := live.Changed()
	live.publish(readNumber(2, 3, 0), false)
	live.publish(readNumber(3, 4, 0), false)
	follow("2", "4", 0) // a heartbeat
	live.publish(readNumber(4, 4, 0), false)
	live.publish(readNumber(4, 5, 0), false)
	live.publish(readNumber(5, 6, 0), false)
	select {
	case <-news:
		t.Error("there are no changes and a stream is woken")
	default:
	}
	live.publish(readNumber(6, 7, 3), false)
	for _, after := range []string{"2", "4", "6"} {
		follow(after, "7", 3)
	}
	for n := range 3 * liveEnds {
		live.publish(readNumber(7+n, 8+n, 0), false)
		follow("7", fmt.Sprint(8+n), 0)
		if n > liveEnds/2 {
			break
		}
	}
	for n := range 3 * liveEnds {
		live.publish(readNumber(20_000+n, 20_001+n, 0), false)
		follow(fmt.Sprint(20_001+n), fmt.Sprint(20_001+n), 0)
	}
	if len(live.ends) > liveEnds {
		t.Errorf("%d cursors are held", len(live.ends))
	}
}

func TestWhatTheFollowerHasNotReadIsNotToldFromMemory(t *testing.T) {
	live := NewLiveFeed(nil, 1<<30, testEvents)
	live.publish(readNumber(1, 2, 1), false)
	news := live.Changed()
	live.publish(nil, true) // it has begun anew
	<-news
	for _, after := range []ports.FeedCursor{"1", "2"} {
		if page, ok := live.lookup(after); ok {
			t.Errorf("behind %s come %d changes, and what was passed over is never delivered", after, page.changes)
		}
	}
	live.publish(readNumber(9, 10, 1), false)
	if page, ok := live.lookup("2"); ok {
		t.Errorf("behind 2 come %d changes, which are not all", page.changes)
	}
	if _, ok := live.lookup("9"); !ok {
		t.Error("who is where the follower has begun anew is not served from memory")
	}
}

// countingNotifications counts notifications; nobody listens.
type countingNotifications struct{ rings atomic.Int64 }

func (b *countingNotifications) Notify(context.Context) error { b.rings.Add(1); return nil }

func (b *countingNotifications) Listen(ctx context.Context, ready, _ func()) error {
	ready()
	<-ctx.Done()
	return ctx.Err()
}

func TestOwnWritesNotifyAtOnceAndThenNotTooOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		notifications := &countingNotifications{}
		var woken atomic.Int64
		r := NewNotifier(notifications, func() { woken.Add(1) }, zap.NewNop())
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { r.Run(ctx) })
		defer running.Wait()
		defer cancel()
		own := []property.Event{{Origin: property.OriginSelf}}
		r.Observe([]property.Event{{Origin: property.OriginFeed}})
		if synctest.Wait(); notifications.rings.Load() != 0 {
			t.Error("others' changes cause a notification")
		}
		r.Observe(own)
		if synctest.Wait(); notifications.rings.Load() != 1 || woken.Load() != 1 {
			t.Errorf("after a write there were %d notifications", notifications.rings.Load())
		}
		for range 1_000 {
			r.Observe(own)
			time.Sleep(100 * time.Microsecond)
		}
		if n := notifications.rings.Load(); n < 15 || n > 22 {
			t.Errorf("a hundred milliseconds of writing notified %d times", n)
		}
	})
}
