package follow

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// What the follower calls seen must be known to the ledger, or be known to be unknown.

// wants checks the verdict of the ledger on an entry of a listing that was cached at the position.
func (f *followed) wants(want freshness.Verdict, id property.ID, at freshness.Position) {
	f.t.Helper()
	if got := f.Ledger.Check(freshness.NewEntry(at, freshness.OnItem(id))); got != want {
		f.t.Errorf("an entry of listing %s is %v, not %v", id, got, want)
	}
}

// lose has the next reading find that the place in the feed is lost.
func (f *followed) lose() {
	f.feed.bend(func(*ports.FeedPage) error {
		f.feed.hook.Store(nil)
		return ports.ErrFeedCursorGone
	})
}

// before runs a function before events are published.
type before struct {
	ports.EventPublisher
	run func([]property.Event)
}

func (b *before) Publish(ctx context.Context, events ...property.Event) {
	b.run(events)
	b.EventPublisher.Publish(ctx, events...)
}

// A token is met where its writes are seen: nobody may be said to have seen what the ledger does not know.
func TestThePlaceIsReachedWhenTheLedgerHasBeenTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f *followed
		published := 0
		f = followChanges(t, 100, func(o *Options) {
			o.Events = &before{o.Events, func(events []property.Event) {
				for _, e := range events {
					if published++; f.Ledger.Point().Snapshot.Sees(e.Change.Tx) {
						t.Errorf("transaction %d is said to be seen before it is published", e.Change.Tx)
					}
				}
			}}
		})
		f.add(2)
		f.add(3)
		f.catchUp()
		if _, place, err := f.feed.Head(t.Context(), 0); err != nil || published != 2 || !f.Ledger.Point().
			Snapshot.Covers(place.Snapshot) {
			t.Errorf("%d changes are published, and the point is %v, not %v; error %v", published, f.Ledger.Point(), place, err)
		}
	})
}

// The last page has room in the ledger, and those before it have not.
func TestOfMoreChangesThanTheLedgerHasRoomForNoneIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 100)
		at, id := f.Ledger.Position(), f.add(2)
		f.page = 30 // changes at a time
		for n := range 139 {
			f.add(10 + n)
		}
		cursor, _, err := f.feed.Head(t.Context(), 140)
		if err != nil {
			t.Fatal(err)
		}
		f.catchUp()
		f.wants(freshness.Unknown, id, at)
		if page, ok := f.Live.lookup(cursor); ok {
			t.Errorf("%d of the changes are held for streams", page.changes)
		}
	})
}

// Once it is clear that the ledger has no room, the rest is not read: it may be any amount.
func TestOfLargerChangesThanTheLedgerHasRoomForTheRestIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := freshness.NewLedger(1_000, 20_000, time.Second)
		f := followChanges(t, 1, func(o *Options) { o.Ledger = ledger })
		at, id := ledger.Position(), f.add(2)
		f.page = 5 // changes at a time
		for n := range 200 {
			f.add(10 + n)
		}
		before := f.feed.readings.Load()
		f.catchUp()
		f.wants(freshness.Unknown, id, at)
		if n := f.feed.readings.Load() - before; n > 8 {
			t.Errorf("of 40 pages %d are read, and the ledger has room for a few", n)
		}
		f.add(220)
		f.catchUp()
		if _, place, err := f.feed.Head(t.Context(), 0); err != nil || !ledger.Point().Snapshot.Covers(place.Snapshot) {
			t.Errorf("following goes on at %v, not %v; error %v", ledger.Point(), place, err)
		}
	})
}

// Following begins with so much history that the ledger has no room for it: others' answers from that time are unknown.
func TestAHistoryTooLongForTheLedgerIsNoHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 5)
		place := f.Ledger.Point()
		for n := range 8 {
			f.add(2 + n)
		}
		f.lose()
		f.catchUp()
		if _, known := f.Ledger.Locate(place); known {
			t.Error("what others cached before eight changes is judged by a ledger that knows five at most")
		}
		if _, known := f.Ledger.Locate(f.Ledger.Point()); !known {
			t.Error("what is cached from now on cannot be judged")
		}
	})
}

// What the ledger remembers is not older than half the time that the database does, however well all goes.
func TestFollowingBeginsAnewBeforeTheDatabaseForgetsWhatTheLedgerRemembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 100)
		at, id := f.Ledger.Position(), property.ID{9}
		time.Sleep(49 * time.Hour)
		f.catchUp()
		f.wants(freshness.Fresh, id, at)
		time.Sleep(2 * time.Hour)
		f.catchUp()
		f.wants(freshness.Unknown, id, at)
	})
}

// A stream that follows from memory has to read the feed after the follower has lost its place.
func TestStreamsAreToldThatFollowingBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 100)
		f.add(2)
		cursor, _, err := f.Live.Head(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		f.catchUp()
		news := f.Live.Changed()
		f.add(3)
		f.lose()
		f.catchUp()
		select {
		case <-news:
		default:
			t.Error("nobody is woken")
		}
		page, err := f.stream(cursor, 10)
		if ids := idsIn(page); err != nil || len(ids) != 2 {
			t.Errorf("behind the last change but one are changes of %v, error %v", ids, err)
		}
	})
}
