package cached_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// find, shows and counts ask the shop and report the cache's part in the answer. The outcome of a read must match the
// explanation just before it.
func (s *shop) find(id property.ID) (property.Property, error, cachestat.Outcome) {
	s.t.Helper()
	ctx := s.t.Context()
	explained := s.cached().ExplainItem(ctx, id)
	p, info, err := s.Find(ctx, id)
	s.wantExplained(explained, info.Outcome)
	return p, err, info.Outcome
}

func (s *shop) wantPage(q *property.Search, how cachestat.Outcome, want ...property.Decimal) {
	s.t.Helper()
	ctx := s.t.Context()
	explained := s.cached().ExplainPage(ctx, q)
	page, info, err := s.Search(ctx, q)
	if err != nil {
		s.t.Fatal(err)
	}
	s.wantExplained(explained, info.Outcome)
	if got := prices(page); !slices.Equal(got, want) || info.Outcome != how {
		s.t.Fatalf("the page shows %v (%v), want %v (%v)", got, info.Outcome, want, how)
	}
}

func (s *shop) wantPrice(id property.ID, how cachestat.Outcome, want property.Decimal) {
	s.t.Helper()
	p, err, outcome := s.find(id)
	if err != nil || p.Price != want || outcome != how {
		s.t.Fatalf("listing %s costs %v (%v, %v), want %v (%v)", id, p.Price, err, outcome, want, how)
	}
}

func (s *shop) wantAbsent(id property.ID, how cachestat.Outcome) {
	s.t.Helper()
	if _, err, outcome := s.find(id); !errors.Is(err, property.ErrNotFound) || outcome != how {
		s.t.Fatalf("listing %s: %v (%v), want it not found (%v)", id, err, outcome, how)
	}
}

func (s *shop) wantCount(f *property.Filter, how cachestat.Outcome, want int64) {
	s.t.Helper()
	ctx := s.t.Context()
	explained := s.cached().ExplainCount(ctx, f)
	n, info, err := s.Count(ctx, f)
	s.wantExplained(explained, info.Outcome)
	if err != nil || n != want || info.Outcome != how {
		s.t.Fatalf("the count is %d (%v, %v), want %d (%v)", n, err, info.Outcome, want, how)
	}
}

// wantAsked checks how many questions the store has answered so far.
func (s *shop) wantAsked(want int64) {
	s.t.Helper()
	if got := s.store.asked.Load(); got != want {
		s.t.Fatalf("the store was asked %d times, want %d", got, want)
	}
}

func TestAnItemIsAskedForOnce(t *testing.T) {
	s := open(t)
	p := s.add(1, 10)
	s.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
	s.wantPrice(p.ID, cachestat.OutcomeHit, 10)
	s.wantAsked(1)
}

func TestAWriterSeesItsWriteOnTheItem(t *testing.T) {
	s := open(t)
	p := s.add(1, 10)
	s.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
	p = s.price(p, 20)
	s.wantPrice(p.ID, cachestat.OutcomePatched, 20)
	s.wantPrice(p.ID, cachestat.OutcomeHit, 20)
	s.remove(p)
	s.wantAbsent(p.ID, cachestat.OutcomePatched)
	s.wantAsked(1)
}

func TestACachedAbsenceEndsWhenTheListingIsMade(t *testing.T) {
	s := open(t)
	s.wantAbsent(idOf(1), cachestat.OutcomeMiss)
	s.wantAbsent(idOf(1), cachestat.OutcomeHit)
	s.wantAsked(1)
	s.add(1, 10)
	s.wantPrice(idOf(1), cachestat.OutcomePatched, 10)
}

func TestACachedEmptyPageShowsTheFirstListing(t *testing.T) {
	s := open(t)
	s.wantPage(cheap(5), cachestat.OutcomeMiss)
	s.wantPage(cheap(5), cachestat.OutcomeHit)
	s.add(1, 10)
	s.wantPage(cheap(5), cachestat.OutcomePatched, 10)
	s.wantAsked(1)
}

func TestAnEditedPriceIsPatchedIntoTheCachedPageWithoutAQuery(t *testing.T) {
	s := open(t)
	p := s.add(1, 10)
	s.add(2, 30)
	s.wantPage(cheap(5), cachestat.OutcomeMiss, 10, 30)
	p = s.price(p, 50)
	s.wantPage(cheap(5), cachestat.OutcomePatched, 30, 50)
	s.wantPage(cheap(5), cachestat.OutcomeHit, 30, 50)
	s.wantAsked(1)
	if p.Version != 2 {
		t.Errorf("the listing is at version %d", p.Version)
	}
}

func TestAListingMovesFromOneCachedSearchToAnother(t *testing.T) {
	s := open(t)
	p := s.add(1, 90)
	dear := &property.Search{Sort: property.DefaultSort, Limit: 5}
	dear.Filter.Price.Min = property.Some(property.Decimal(101))
	s.wantPage(cheap(5), cachestat.OutcomeMiss, 90)
	s.wantPage(dear, cachestat.OutcomeMiss)
	s.price(p, 110)
	s.wantPage(cheap(5), cachestat.OutcomePatched)
	s.wantPage(dear, cachestat.OutcomePatched, 110)
	s.wantAsked(2)
}

func TestAFullPageThatLosesAListingIsLoadedAnew(t *testing.T) {
	s := open(t)
	p := s.add(1, 10)
	s.add(2, 20)
	s.add(3, 30)
	s.wantPage(cheap(2), cachestat.OutcomeMiss, 10, 20)
	s.remove(p)
	s.wantPage(cheap(2), cachestat.OutcomeStale, 20, 30)
	s.wantPage(cheap(2), cachestat.OutcomeHit, 20, 30)
	s.wantAsked(2)
}

func TestAWriteLeavesSearchesAloneThatItDoesNotTouch(t *testing.T) {
	s := open(t)
	s.add(1, 10)
	s.add(2, 20)
	s.wantPage(cheap(2), cachestat.OutcomeMiss, 10, 20)
	s.add(3, 30)
	s.wantPage(cheap(2), cachestat.OutcomeHit, 10, 20)
	s.wantAsked(1)
}

func TestACountIsLoadedAnewExactlyWhenItMayHaveChanged(t *testing.T) {
	s := open(t)
	filter := &cheap(1).Filter
	p := s.add(1, 10)
	s.wantCount(filter, cachestat.OutcomeMiss, 1)
	p = s.price(p, 20)
	s.wantCount(filter, cachestat.OutcomeHit, 1)
	p = s.price(p, 200)
	s.wantCount(filter, cachestat.OutcomeStale, 0)
	s.remove(p)
	s.wantCount(filter, cachestat.OutcomeHit, 0)
	s.wantAsked(2)
}

func TestWhatTheLedgerHasForgottenIsLoadedAnew(t *testing.T) {
	s := open(t)
	p := s.add(1, 10)
	s.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
	s.ledger.Restart(freshness.Point{}, freshness.Point{})
	s.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
	s.wantAsked(2)
}

func TestEqualSearchesShareAnEntryAndOthersDoNot(t *testing.T) {
	s := open(t)
	s.add(1, 10)
	s.wantPage(cheap(5), cachestat.OutcomeMiss, 10)
	s.wantPage(cheap(5), cachestat.OutcomeHit, 10)
	s.wantPage(cheap(4), cachestat.OutcomeMiss, 10)
	s.wantCount(&cheap(5).Filter, cachestat.OutcomeMiss, 1)
}

func TestLongSearchesHaveShortKeysOfTheirOwn(t *testing.T) {
	s := open(t)
	for n := range 3 {
		q := cheap(5)
		for word := range 9 {
			q.Filter.Words = append(q.Filter.Words, fmt.Sprintf("schöne-aussicht-%d-%d", word, n))
		}
		s.wantPage(q, cachestat.OutcomeMiss)
		s.wantPage(q, cachestat.OutcomeHit)
		if len(s.cache.last) > 250 {
			t.Errorf("the cache got a key of %d characters", len(s.cache.last))
		}
	}
}

func TestAFailedLoadIsNotCached(t *testing.T) {
	for name, ask := range map[string]func(*shop) error{
		"item":  func(s *shop) error { _, _, err := s.Find(s.t.Context(), idOf(1)); return err },
		"page":  func(s *shop) error { _, _, err := s.Search(s.t.Context(), cheap(5)); return err },
		"count": func(s *shop) error { _, _, err := s.Count(s.t.Context(), &cheap(5).Filter); return err },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			s.add(1, 10)
			s.store.hook = func(context.Context) error { return ports.ErrUnavailable }
			if err := ask(s); !errors.Is(err, ports.ErrUnavailable) || errors.Is(err, property.ErrNotFound) {
				t.Errorf("an outage was reported as %v", err)
			}
			s.store.hook = nil
			if err := ask(s); err != nil {
				t.Errorf("after the outage: %v", err)
			}
			if s.cache.sets() != 1 {
				t.Errorf("%d answers were cached, want the good one only", s.cache.sets())
			}
		})
	}
}

func TestEveryReadIsCountedOnceByItsOutcome(t *testing.T) {
	s := open(t)
	p := s.add(1, 10)
	filter := &cheap(1).Filter
	for range 2 { // a miss, a hit
		s.wantCount(filter, s.first(), 1)
	}
	s.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
	s.price(p, 500)
	s.wantPrice(p.ID, cachestat.OutcomePatched, 500)
	s.wantCount(filter, cachestat.OutcomeStale, 0)
	want := cachestat.Figures{Reads: cachestat.Reads[uint64]{
		cachestat.OutcomeHit: 1, cachestat.OutcomePatched: 1, cachestat.OutcomeStale: 1, cachestat.OutcomeMiss: 2,
	}}
	if got := s.counters.Figures(); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

// first is a miss before anything has been counted, and a hit from then on.
func (s *shop) first() cachestat.Outcome {
	if s.counters.Figures() == (cachestat.Figures{}) {
		return cachestat.OutcomeMiss
	}
	return cachestat.OutcomeHit
}
