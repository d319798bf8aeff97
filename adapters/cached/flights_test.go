package cached_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// gate holds loads up after they have read their answer and before they return it, until it is opened.
type gate chan struct{}

func (g gate) hook(ctx context.Context) error {
	select {
	case <-g:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// openGated returns a shop whose loads wait at a gate.
func openGated(t *testing.T) (*shop, gate) {
	s, g := open(t), make(gate)
	s.store.hook = g.hook
	return s, g
}

func TestTwoHundredCallersOfAColdKeyAskOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, g := openGated(t)
		s.add(1, 10)
		var callers sync.WaitGroup
		for range 200 {
			callers.Go(func() {
				page, _, err := s.Search(t.Context(), cheap(5))
				if err != nil || !slices.Equal(prices(page), []property.Decimal{10}) {
					t.Errorf("got %v, %v", page, err)
				}
			})
		}
		synctest.Wait()
		close(g)
		callers.Wait()
		s.wantAsked(1)
		want := cachestat.Reads[uint64]{cachestat.OutcomeMiss: 1, cachestat.OutcomeCoalesced: 199}
		if got := s.counters.Figures(); got != (cachestat.Figures{Reads: want}) {
			t.Errorf("counted %+v, want %+v", got, want)
		}
	})
}

func TestACallerThatLeavesDoesNotHarmTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, g := openGated(t)
		p := s.add(1, 10)
		impatient, leave := context.WithCancel(t.Context())
		var callers sync.WaitGroup
		callers.Go(func() {
			if _, _, err := s.Find(impatient, p.ID); !errors.Is(err, context.Canceled) {
				t.Errorf("the caller that left got %v", err)
			}
		})
		synctest.Wait() // its load is under way
		callers.Go(func() {
			if got, _, err := s.Find(t.Context(), p.ID); err != nil || got.Price != 10 {
				t.Errorf("the caller that stayed got %+v, %v", got, err)
			}
		})
		synctest.Wait()
		leave()
		synctest.Wait()
		close(g)
		callers.Wait()
		s.wantAsked(1)
	})
}

func TestACallerThatLeavesIsNotHeldUpByTheLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, g := openGated(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, _, err := s.Find(ctx, idOf(1))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("a caller with a second to spend got %v after %v", err, time.Since(began))
		}
		close(g)
	})
}

func TestALoadThatTakesTooLongEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := openGated(t)
		began := time.Now()
		_, _, err := s.Find(t.Context(), idOf(1))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 11*time.Second {
			t.Errorf("a load bounded by ten seconds ended with %v after %v", err, time.Since(began))
		}
		if s.cache.sets() > 0 {
			t.Error("the answer of a load that failed was cached")
		}
	})
}

// asking is one way to ask the shop; it returns the answer as text.
type asking func(*shop) (string, error)

var askings = map[string]asking{
	"item": func(s *shop) (string, error) {
		p, _, err := s.Find(s.t.Context(), idOf(1))
		if errors.Is(err, property.ErrNotFound) {
			return "absent", nil
		}
		return fmt.Sprint(p.Price), err
	},
	"page": func(s *shop) (string, error) { return s.showing(5) },
	// This page is full and has to be loaded again when a listing leaves it.
	"full page": func(s *shop) (string, error) { return s.showing(1) },
	"count": func(s *shop) (string, error) {
		n, _, err := s.Count(s.t.Context(), &cheap(5).Filter)
		return fmt.Sprint(n), err
	},
}

func (s *shop) showing(limit int) (string, error) {
	page, _, err := s.Search(s.t.Context(), cheap(limit))
	if err != nil {
		return "", err
	}
	return fmt.Sprint(prices(page)), nil
}

// writings are writes, each of which changes some of the askings' answers. House 1 costs 10 and house 2 costs 50.
var writings = map[string]func(s *shop, p property.Property){
	"an edit":              func(s *shop, p property.Property) { s.price(p, 20) },
	"an edit out of sight": func(s *shop, p property.Property) { s.price(p, 500) },
	"a removal":            func(s *shop, p property.Property) { s.remove(p) },
	"a new listing":        func(s *shop, _ property.Property) { s.add(3, 5) },
	"two edits":            func(s *shop, p property.Property) { s.price(s.price(p, 500), 30) },
}

// eachWriteMeetsEachRead runs a scenario in a bubble, for every kind of write and of read.
func eachWriteMeetsEachRead(t *testing.T, scenario func(s *shop, g gate, ask asking, write func())) {
	for writing, write := range writings {
		for asked, ask := range askings {
			t.Run(writing+" and "+asked, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, g := openGated(t)
					p := s.add(1, 10)
					s.add(2, 50)
					scenario(s, g, ask, func() { write(s, p) })
				})
			})
		}
	}
}

// wantTruth asks and compares with what the store itself says.
func (s *shop) wantTruth(ask asking) {
	s.t.Helper()
	direct := &shop{t: s.t, announcing: &announcing{s.store.PropertyRepository, s.ledger}}
	want, err1 := ask(direct)
	got, err2 := ask(s)
	if err := errors.Join(err1, err2); err != nil || got != want {
		s.t.Errorf("the answer is %s (%v), want %s", got, err, want)
	}
}

// The interleaving that single flight by itself gets wrong:
//
//  1. A asks. Its load reads the store and is held up.
//  2. A write is stored, appended to the ledger and acknowledged.
//  3. B, who knows of the write, asks the same and finds A's load under way.
//  4. A's load ends with the answer from before the write.
//
// A may get that answer: it was current during A's request. B may not.
func TestACallerAfterAWriteNeverGetsALoadFromBeforeIt(t *testing.T) {
	eachWriteMeetsEachRead(t, func(s *shop, g gate, ask asking, write func()) {
		var callers sync.WaitGroup
		callers.Go(func() { // 1
			if _, err := ask(s); err != nil {
				s.t.Error(err)
			}
		})
		synctest.Wait()
		write()                                 // 2
		callers.Go(func() { s.wantTruth(ask) }) // 3
		synctest.Wait()
		if n := s.store.asked.Load(); n != 1 {
			s.t.Fatalf("%d loads are under way, B should have joined A's", n)
		}
		close(g) // 4
		callers.Wait()
	})
}

// A late fill:
//
//  1. A asks. Its load reads the store and is held up.
//  2. A write is stored, appended to the ledger and acknowledged.
//  3. A's load ends, and its answer is put into the cache after the write.
//  4. B asks and finds that answer.
func TestALateFillDoesNoHarm(t *testing.T) {
	eachWriteMeetsEachRead(t, func(s *shop, g gate, ask asking, write func()) {
		var caller sync.WaitGroup
		caller.Go(func() { // 1
			if _, err := ask(s); err != nil {
				s.t.Error(err)
			}
		})
		synctest.Wait()
		write()  // 2
		close(g) // 3
		caller.Wait()
		s.wantTruth(ask) // 4
		s.wantTruth(ask)
	})
}

// A fill that comes even later, after another one:
//
//  1. A's answer from before a write is set aside.
//  2. The write is acknowledged, and the answer from after it is cached.
//  3. A's answer overwrites it.
func TestAnOldRecordPutBackOverANewerOneDoesNoHarm(t *testing.T) {
	eachWriteMeetsEachRead(t, func(s *shop, g gate, ask asking, write func()) {
		close(g)
		s.wantTruth(ask) // 1
		key := s.cache.last
		old := s.cache.entries[key]
		write()
		s.wantTruth(ask)           // 2
		s.cache.entries[key] = old // 3
		s.wantTruth(ask)
	})
}

// Those who came after the write cannot use A's load. They share one more: a load older than their arrival can no
// longer be joined.
func TestAJoinedLoadThatCannotBePatchedIsFollowedByOneMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		s.store.hook = func(context.Context) error { time.Sleep(time.Second); return nil }
		p := s.add(1, 10)
		s.add(2, 50)
		var callers sync.WaitGroup
		callers.Go(func() {
			if got, err := s.showing(1); err != nil || got != "[0.10]" {
				t.Errorf("the caller before the write got %s, %v", got, err)
			}
		})
		synctest.Wait()
		s.remove(p)
		for range 10 {
			callers.Go(func() {
				if got, err := s.showing(1); err != nil || got != "[0.50]" {
					t.Errorf("a caller after the write got %s, %v", got, err)
				}
			})
		}
		callers.Wait()
		s.wantAsked(2)
	})
}

// holdUp makes loads wait at a gate. It reports when the context of one ends before the gate opens.
func (s *shop) holdUp(g gate) (ended chan error) {
	ended = make(chan error, 100)
	s.store.hook = func(ctx context.Context) error {
		err := g.hook(ctx)
		if err != nil {
			ended <- err
		}
		return err
	}
	return ended
}

func TestALoadEndsWithItsLastCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		ended := s.holdUp(make(gate))
		p := s.add(1, 10)
		var leave [3]context.CancelFunc
		var callers sync.WaitGroup
		for i := range leave {
			ctx, cancel := context.WithCancel(t.Context())
			leave[i] = cancel
			callers.Go(func() {
				if _, _, err := s.Find(ctx, p.ID); !errors.Is(err, context.Canceled) {
					t.Errorf("a caller that left got %v", err)
				}
			})
			synctest.Wait()
		}
		for i, cancel := range leave {
			if len(ended) > 0 {
				t.Errorf("the load ended when %d of 3 had left", i)
			}
			cancel()
			synctest.Wait()
		}
		callers.Wait()
		select {
		case err := <-ended:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the load ended with %v", err)
			}
		default:
			t.Error("the load goes on without callers")
		}
		s.wantAsked(1)
	})
}

// A caller comes at the moment when the last one leaves:
//
//  1. A asks. Its load is held up.
//  2. A leaves, and B comes: before, while or after the load is canceled.
//  3. The gate opens.
//
// B gets the answer, from A's load or from one more, and never the end of A's.
func TestACallerThatComesAsTheLastOneLeavesGetsAnAnswer(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			s, g := open(t), make(gate)
			s.holdUp(g)
			p := s.add(1, 10)
			first, leave := context.WithCancel(t.Context())
			var callers sync.WaitGroup
			callers.Go(func() { _, _, _ = s.Find(first, p.ID) }) // 1
			synctest.Wait()
			callers.Go(leave) // 2
			callers.Go(func() {
				if got, _, err := s.Find(t.Context(), p.ID); err != nil || got.Price != 10 {
					t.Errorf("the caller that came as the other one left got %+v, %v", got, err)
				}
			})
			synctest.Wait()
			close(g) // 3
			callers.Wait()
		})
	}
}

// A load that has lost its last caller may not end the one that came after it.
func TestALoadLeftBehindDoesNotEndTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, slow, g := open(t), make(chan struct{}), make(gate)
		p := s.add(1, 10)
		s.store.hook = func(context.Context) error { <-slow; return context.Canceled } // it does not look at its context
		first, leave := context.WithCancel(t.Context())
		var callers sync.WaitGroup
		callers.Go(func() { _, _, _ = s.Find(first, p.ID) })
		synctest.Wait()
		leave()
		synctest.Wait()
		s.store.hook = g.hook
		for range 2 {
			callers.Go(func() {
				if got, _, err := s.Find(t.Context(), p.ID); err != nil || got.Price != 10 {
					t.Errorf("the later caller got %+v, %v", got, err)
				}
			})
			synctest.Wait()
			if slow != nil {
				close(slow) // the first load ends while the second is under way, and can still be joined
				slow = nil
				synctest.Wait()
			}
		}
		close(g)
		callers.Wait()
		s.wantAsked(2)
	})
}

func TestReadersStandAsideWhileTheStoreIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, g := openGated(t)
		p := s.add(1, 10)
		aside := 0
		var mu sync.Mutex
		count := func(by int) { mu.Lock(); aside += by; mu.Unlock() }
		var callers sync.WaitGroup
		for i := range 5 {
			ctx := ports.WithReadOptions(t.Context(), ports.ReadOptions{
				Uncached: i == 4, Aside: func(wait func()) { count(1); wait(); count(-1) },
			})
			callers.Go(func() {
				if got, _, err := s.Find(ctx, p.ID); err != nil || got.Price != 10 {
					t.Errorf("got %+v, %v", got, err)
				}
			})
		}
		synctest.Wait()
		if aside != 5 {
			t.Errorf("%d of 5 stand aside: one that loads, three that wait for it, one that passes the cache by", aside)
		}
		close(g)
		callers.Wait()
		if aside != 0 {
			t.Errorf("%d still stand aside", aside)
		}
	})
}
