package cached_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gable-listings/gable/adapters/cached"
	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// town is several processes over one store and one cache.
type town struct {
	t     *testing.T
	store *store
	feed  *memory.ChangeFeed
	cache *mapCache
	keys  *cached.Keyring
}

func newTown(t *testing.T) *town {
	repository := memory.NewPropertyRepository(time.Now)
	return &town{
		t, &store{PropertyRepository: repository}, memory.NewChangeFeed(repository), &mapCache{}, cached.OwnKeyring(),
	}
}

// branch is one process: a shop that follows the feed on demand.
type branch struct {
	*shop
	feed   *memory.ChangeFeed
	cursor ports.FeedCursor
}

// open starts a process that knows the last history changes.
func (w *town) open(history int, change ...func(*cached.Options)) *branch {
	ledger := freshness.NewLedger(1_000, 1<<30, 24*time.Hour)
	cursor, from, err := w.feed.Head(w.t.Context(), history)
	if err != nil {
		w.t.Fatal(err)
	}
	past, err := w.feed.Changes(w.t.Context(), cursor, 1_000)
	if err != nil {
		w.t.Fatal(err)
	}
	ledger.Restart(from, past.Point, past.Changes...)
	ledger.Confirm(time.Now())
	o := options()
	o.Keys = w.keys
	for _, c := range change {
		c(&o)
	}
	s := &shop{t: w.t, cache: w.cache, counters: &cachestat.Counters{}, store: w.store}
	s.announcing = &announcing{cached.New(w.store, w.cache, ledger, s.counters, o), ledger}
	return &branch{s, w.feed, past.Next}
}

// follow brings the process up to date.
func (b *branch) follow(ctx context.Context) error {
	page, err := b.feed.Changes(ctx, b.cursor, 1_000)
	if err != nil {
		return err
	}
	b.ledger.Append(page.Changes...)
	b.ledger.Reach(page.Point)
	b.ledger.Confirm(time.Now())
	b.cursor = page.Next
	return nil
}

func (b *branch) catchUp() {
	b.t.Helper()
	if err := b.follow(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func TestWhatOneProcessHasLoadedAnotherNeedNotLoad(t *testing.T) {
	w := newTown(t)
	p := w.open(0).add(1, 10)
	a, b := w.open(0), w.open(0)
	for i, s := range []*branch{a, b, b} {
		how := map[bool]cachestat.Outcome{true: cachestat.OutcomeMiss, false: cachestat.OutcomeHit}[i == 0]
		s.wantPrice(p.ID, how, 10)
		s.wantPage(cheap(5), how, 10)
		s.wantCount(&cheap(5).Filter, how, 1)
		s.wantAbsent(idOf(9), how)
	}
	a.wantAsked(4)
}

func TestAChangeIsJudgedByEveryProcessForItself(t *testing.T) {
	w := newTown(t)
	a, b := w.open(0), w.open(0)
	p := a.add(1, 10)
	a.catchUp()
	b.catchUp()
	a.wantPage(cheap(5), cachestat.OutcomeMiss, 10)
	p = a.price(p, 20)
	a.wantPage(cheap(5), cachestat.OutcomePatched, 20) // and puts the patched page into the cache
	b.wantPage(cheap(5), cachestat.OutcomeHit, 20)     // newer than what b received, and current
	b.catchUp()
	b.wantPage(cheap(5), cachestat.OutcomeHit, 20)
	b.price(p, 30)
	a.catchUp()
	a.wantPage(cheap(5), cachestat.OutcomePatched, 30)
	a.wantAsked(1)
}

// A process that did not know of b's write loaded the record, and cached it after the write.
func TestAnOwnWriteIsSeenWhicheverProcessFillsTheCache(t *testing.T) {
	w := newTown(t)
	a, b := w.open(0), w.open(0)
	p := a.add(1, 10)
	a.catchUp()
	b.catchUp()
	a.wantPage(cheap(5), cachestat.OutcomeMiss, 10)
	old := w.cache.entries[w.cache.last]
	b.price(p, 20)
	w.cache.entries[w.cache.last] = old
	b.wantPage(cheap(5), cachestat.OutcomePatched, 20)
	b.catchUp()
	w.cache.entries[w.cache.last] = old
	b.wantPage(cheap(5), cachestat.OutcomePatched, 20)
}

func TestANewProcessUsesWhatTheCacheHoldsAsFarAsItKnowsHistory(t *testing.T) {
	w := newTown(t)
	a := w.open(0)
	p := a.add(1, 10)
	a.catchUp()
	a.wantPage(cheap(5), cachestat.OutcomeMiss, 10)
	p = a.price(p, 20)
	p = a.price(p, 500)
	a.price(p, 30)
	w.open(3).wantPage(cheap(5), cachestat.OutcomePatched, 30)
	a.wantAsked(1)
}

func TestANewProcessLeavesAloneWhatIsOlderThanItsHistory(t *testing.T) {
	w := newTown(t)
	a := w.open(0)
	p := a.add(1, 10)
	a.catchUp()
	a.wantPage(cheap(5), cachestat.OutcomeMiss, 10)
	p = a.price(p, 20)
	a.price(p, 30)
	w.open(1).wantPage(cheap(5), cachestat.OutcomeMiss, 30)
}

func TestARecordOfAnotherHistoryIsNotFound(t *testing.T) {
	w, restored := newTown(t), newTown(t)
	restored.cache = w.cache
	a, b := w.open(0), restored.open(0)
	a.add(1, 10)
	b.add(1, 77)
	a.catchUp()
	b.catchUp()
	a.wantPage(cheap(5), cachestat.OutcomeMiss, 10)
	b.wantPage(cheap(5), cachestat.OutcomeMiss, 77)
	a.wantPage(cheap(5), cachestat.OutcomeHit, 10)
}

// openLeased starts three processes that share their loads, with callers of each.
func openLeased(t *testing.T) (*town, []*branch) {
	w := newTown(t)
	var all []*branch
	for range 3 {
		all = append(all, w.open(0, func(o *cached.Options) { o.LeaseTTL = 500 * time.Millisecond }))
	}
	all[0].add(1, 10)
	for _, b := range all {
		b.catchUp()
	}
	return w, all
}

func TestAColdAnswerIsLoadedOnceByAllProcessesTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, all := openLeased(t)
		w.store.hook = func(context.Context) error { time.Sleep(100 * time.Millisecond); return nil }
		var callers sync.WaitGroup
		for _, b := range all {
			for range 200 {
				callers.Go(func() {
					if got, err := b.showing(5); err != nil || got != "[0.10]" {
						t.Errorf("got %s, %v", got, err)
					}
				})
			}
		}
		callers.Wait()
		all[0].wantAsked(1)
		var coalesced uint64
		for _, b := range all {
			coalesced += b.counters.Of(cachestat.OutcomeCoalesced)
		}
		if coalesced != 599 {
			t.Errorf("%d of 600 callers waited for another", coalesced)
		}
	})
}

func TestAProcessThatDiesWhileItLoadsDelaysTheOthersBriefly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, all := openLeased(t)
		lease := cached.EntryKey(all[0].ledger.Point().Epoch, "page:"+cheap(5).String()) + ":lease"
		if granted, err := w.cache.Add(t.Context(), lease, nil, 500*time.Millisecond); err != nil || !granted {
			t.Fatal("the lease is taken already", err) // this one will never load anything
		}
		began := time.Now()
		var callers sync.WaitGroup
		for _, b := range all {
			callers.Go(func() {
				if got, err := b.showing(5); err != nil || got != "[0.10]" {
					t.Errorf("got %s, %v", got, err)
				}
			})
		}
		callers.Wait()
		if took := time.Since(began); took < 450*time.Millisecond || took > 600*time.Millisecond {
			t.Errorf("it took %v to find out that a lease of 500 ms is not used", took)
		}
		all[0].wantAsked(1)
	})
}

func TestALoadThatFailsIsTriedByTheNextProcessAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, all := openLeased(t)
		w.store.hook = func(context.Context) error {
			time.Sleep(10 * time.Millisecond)
			if w.store.asked.Load() == 1 {
				return errBroken
			}
			return nil
		}
		began := time.Now()
		var callers sync.WaitGroup
		var failed sync.Map
		for i, b := range all {
			callers.Go(func() {
				if _, err := b.showing(5); err != nil {
					failed.Store(i, err)
				}
			})
		}
		callers.Wait()
		failures := 0
		failed.Range(func(any, any) bool { failures++; return true })
		if failures != 1 || time.Since(began) > 100*time.Millisecond {
			t.Errorf("%d processes failed in %v; one load failed", failures, time.Since(began))
		}
	})
}

func TestAProcessThatCannotUseWhatWasLoadedLoadsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, all := openLeased(t)
		w.store.hook = func(context.Context) error { time.Sleep(10 * time.Millisecond); return nil }
		var callers sync.WaitGroup
		callers.Go(func() { _, _ = all[0].showing(1) })
		time.Sleep(5 * time.Millisecond)
		all[1].remove(*storedListing(t, all[1].shop, idOf(1))) // all[0] does not know
		callers.Go(func() {
			if got, err := all[1].showing(1); err != nil || got != "[]" {
				t.Errorf("the process that deleted the only listing shows %s, %v", got, err)
			}
		})
		callers.Wait()
	})
}

// away makes the store fail as an outage does, and the ledger too old to vouch for anything.
func (b *branch) away(ago time.Duration) {
	b.ledger.Confirm(time.Now().Add(-ago))
	b.store.hook = func(context.Context) error { return fmt.Errorf("gone: %w", ports.ErrUnavailable) }
}

func (b *branch) tolerating(tolerance time.Duration) (property.Property, ports.ReadInfo, error) {
	return b.Find(ports.WithReadOptions(b.t.Context(), ports.ReadOptions{Tolerance: tolerance}), idOf(1))
}

func TestInAnOutageCachedAnswersAreServedToReadersThatTolerateThem(t *testing.T) {
	w := newTown(t)
	b := w.open(0)
	b.add(1, 10)
	b.catchUp()
	b.wantPrice(idOf(1), cachestat.OutcomeMiss, 10)
	const day = 24 * time.Hour
	b.away(2 * day)
	p, r, err := b.tolerating(3 * day)
	if err != nil || p.Price != 10 || r.Outcome != cachestat.OutcomeStaleIfError || r.Age < 2*day ||
		r.Age > 2*day+time.Minute {
		t.Errorf("got %v (%v, age %v), %v", p.Price, r.Outcome, r.Age, err)
	}
	for _, tolerance := range []time.Duration{0, day} {
		if _, r, err := b.tolerating(tolerance); !errors.Is(err, ports.ErrUnavailable) || r.Age != 0 {
			t.Errorf("with a tolerance of %v the answer is of age %v, %v", tolerance, r.Age, err)
		}
	}
	asked := w.store.asked.Load()
	if asked != 2 {
		t.Errorf("the store was asked %d times; once to fill the cache and once to find out that it is gone", asked)
	}
	b.price(p, 20) // a write that got through, and is in the ledger
	if p, _, err := b.tolerating(3 * day); err != nil || p.Price != 20 {
		t.Errorf("after a write the price is %v, %v", p.Price, err)
	}
	b.store.hook = nil
	b.catchUp()
	b.wantPrice(idOf(1), cachestat.OutcomeHit, 20)
	b.away(2 * day)
	b.ledger.RequirePollAfter(time.Now())
	if _, _, err := b.tolerating(3 * day); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("an answer that may lack a served write is served, %v", err)
	}
}

func TestAnOutageIsNoExcuseWhileTheStoreAnswers(t *testing.T) {
	w := newTown(t)
	b := w.open(0)
	p := b.add(1, 10)
	b.catchUp()
	b.wantPrice(idOf(1), cachestat.OutcomeMiss, 10)
	p.Price = 20
	if _, err := w.store.Update(t.Context(), p); err != nil { // another process
		t.Fatal(err)
	}
	b.ledger.Confirm(time.Now().Add(-48 * time.Hour))
	if p, r, err := b.tolerating(72 * time.Hour); err != nil || p.Price != 20 || r.Outcome != cachestat.OutcomeBypassed {
		t.Errorf("with a silent feed and a working store the price is %v (%v), %v", p.Price, r.Outcome, err)
	}
}

func TestOnlyCachedReadsNeverReachTheStore(t *testing.T) {
	w := newTown(t)
	b := w.open(0)
	p := b.add(1, 10)
	b.catchUp()
	only := func() (property.Property, error) {
		p, _, err := b.Find(ports.WithReadOptions(t.Context(), ports.ReadOptions{OnlyCached: true}), p.ID)
		return p, err
	}
	if _, err := only(); !errors.Is(err, ports.ErrNotCached) {
		t.Errorf("with an empty cache: %v", err)
	}
	b.wantAsked(0)
	b.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
	p = b.price(p, 20)
	if got, err := only(); err != nil || got.Price != 20 {
		t.Errorf("with a record that can be patched: %v, %v", got.Price, err)
	}
	b.ledger.Confirm(time.Now().Add(-48 * time.Hour))
	if _, err := only(); !errors.Is(err, ports.ErrNotCached) {
		t.Errorf("with a silent feed: %v", err)
	}
	b.wantAsked(1)
}

func TestAPatchedRecordIsAsYoungAsThePatch(t *testing.T) {
	w := newTown(t)
	a := w.open(0)
	p := a.add(1, 10)
	a.catchUp()
	a.wantPage(cheap(5), cachestat.OutcomeMiss, 10)
	p = a.price(p, 20)
	a.catchUp()
	a.wantPage(cheap(5), cachestat.OutcomePatched, 20)
	a.price(p, 30)
	w.open(1).wantPage(cheap(5), cachestat.OutcomePatched, 30) // it knows the last change only
}

// The feed point of a record is that from before its load:
//
//  1. A asks, and its load reads the store.
//  2. B writes, and the feed delivers that to A.
//  3. A's load ends, and its answer from before the write is cached.
//  4. C, which knows of the write, too, finds it.
func TestAChangeThatArrivesDuringALoadIsNotTakenForSeen(t *testing.T) {
	w := newTown(t)
	a, b := w.open(0), w.open(0)
	p := b.add(1, 10)
	a.catchUp()
	w.store.hook = func(ctx context.Context) error {
		b.price(p, 20) // 2
		return a.follow(ctx)
	}
	a.wantPage(cheap(5), cachestat.OutcomeMiss, 10) // 1, 3
	w.store.hook = nil
	w.open(100).wantPage(cheap(5), cachestat.OutcomePatched, 20) // 4
	a.wantPage(cheap(5), cachestat.OutcomeHit, 20)
}

// A process that misses, and is granted the lease only after another has loaded the answer and let the lease go.
func TestALeaseGrantedTooLateCostsNoLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, all := openLeased(t)
		w.cache.beforeAdd = func() {
			w.cache.beforeAdd = nil
			if got, err := all[1].showing(5); err != nil || got != "[0.10]" {
				t.Errorf("the other process is shown %s, %v", got, err)
			}
		}
		if got, err := all[0].showing(5); err != nil || got != "[0.10]" {
			t.Errorf("got %s, %v", got, err)
		}
		all[0].wantAsked(1)
	})
}
