package cached_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/gable-listings/gable/adapters/cached"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

func TestAStalledFeedBypassesTheCacheUntilItIsConfirmedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		ledger := freshness.NewLedger(100, 1<<30, time.Second)
		ledger.Confirm(time.Now())
		s.announcing = &announcing{cached.New(s.store, s.cache, ledger, s.counters, options()), ledger}
		p := s.add(1, 10)
		s.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
		time.Sleep(time.Second)
		s.wantPrice(p.ID, cachestat.OutcomeHit, 10)

		time.Sleep(time.Millisecond) // now the feed has been silent for longer than the second allowed
		p.Price = 20                 // and another process changes the listing
		if _, err := s.store.Update(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		s.wantPrice(p.ID, cachestat.OutcomeBypassed, 20)
		s.wantPage(cheap(5), cachestat.OutcomeBypassed, 20)
		s.wantCount(&cheap(5).Filter, cachestat.OutcomeBypassed, 1)
		s.wantAbsent(idOf(9), cachestat.OutcomeBypassed)
		s.wantAsked(5)
		if n := s.cache.sets(); n != 1 {
			t.Errorf("%d answers were cached while the feed was silent", n-1)
		}
		want := cachestat.Reads[uint64]{cachestat.OutcomeHit: 1, cachestat.OutcomeMiss: 1, cachestat.OutcomeBypassed: 4}
		if got := s.counters.Figures(); got != (cachestat.Figures{Reads: want}) {
			t.Errorf("counted %+v, want %+v", got, want)
		}

		ledger.Append(property.Updated(0, draft(1, 10), *storedListing(t, s, p.ID))) // the feed is back and brings the change
		ledger.Confirm(time.Now())
		s.wantPrice(p.ID, cachestat.OutcomePatched, 20)
	})
}

func storedListing(t *testing.T, s *shop, id property.ID) *property.Property {
	t.Helper()
	p, _, err := s.store.PropertyRepository.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

func TestALedgerThatWasNeverConfirmedBypassesTheCache(t *testing.T) {
	s := open(t)
	ledger := freshness.NewLedger(100, 1<<30, time.Hour)
	s.announcing = &announcing{cached.New(s.store, s.cache, ledger, s.counters, options()), ledger}
	s.wantAbsent(idOf(1), cachestat.OutcomeBypassed)
	s.wantAbsent(idOf(1), cachestat.OutcomeBypassed)
	s.wantAsked(2)
}

func TestAReaderMayAskForTheStoresOwnAnswer(t *testing.T) {
	s := open(t)
	p := s.add(1, 10)
	s.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
	for range 2 {
		ctx := ports.WithReadOptions(t.Context(), ports.ReadOptions{Uncached: true})
		if _, info, err := s.Find(ctx, p.ID); err != nil || info.Outcome != cachestat.OutcomeBypassed {
			t.Errorf("%v, %v", info.Outcome, err)
		}
	}
	s.wantAsked(3)
	if s.cache.sets() != 1 {
		t.Error("the store's own answer was cached")
	}
}

func TestNothingIsServedBeyondItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t) // its cache does not look at the time
		p := s.add(1, 10)
		s.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
		time.Sleep(53 * time.Minute)
		s.wantPrice(p.ID, cachestat.OutcomeHit, 10)
		time.Sleep(7 * time.Minute)
		s.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
	})
}

func TestAnEntryThatIsPatchedLivesNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		p := s.add(1, 10)
		s.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
		time.Sleep(50 * time.Minute)
		p = s.price(p, 20)
		s.wantPrice(p.ID, cachestat.OutcomePatched, 20)
		if ttl := s.cache.ttls[1]; ttl > 10*time.Minute {
			t.Errorf("50 minutes after its load an answer is cached for another %v", ttl)
		}
		time.Sleep(10 * time.Minute)
		s.wantPrice(p.ID, cachestat.OutcomeMiss, 20)
	})
}

func TestEntriesMadeTogetherDoNotEndTogether(t *testing.T) {
	s := open(t)
	different := map[time.Duration]bool{}
	for n := range 200 {
		s.wantAbsent(idOf(n), cachestat.OutcomeMiss)
		ttl := s.cache.ttls[n]
		if ttl > time.Hour || ttl < 54*time.Minute-time.Second {
			t.Errorf("an entry is cached for %v, want an hour or up to a tenth less", ttl)
		}
		different[ttl.Truncate(time.Second)] = true
	}
	if len(different) < 50 {
		t.Errorf("200 entries end at %d different seconds", len(different))
	}
}

func TestAMuchCheckedEntryIsStoredAgainFromThePresent(t *testing.T) {
	s := open(t)
	p := s.add(1, 10)
	s.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
	for n := range 63 {
		s.add(100+n, 10)
	}
	s.wantPrice(p.ID, cachestat.OutcomeHit, 10)
	if s.cache.sets() != 1 {
		t.Error("after a few changes an untouched entry was written again")
	}
	s.add(99, 10)
	s.wantPrice(p.ID, cachestat.OutcomeHit, 10)
	s.wantPrice(p.ID, cachestat.OutcomeHit, 10)
	if s.cache.sets() != 2 {
		t.Errorf("after many changes an untouched entry was written %d times", s.cache.sets()-1)
	}
}
