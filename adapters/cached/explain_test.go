package cached_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gable-listings/gable/adapters/cached"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports/cachestat"
)

// cached returns the repository under test, whose explanations are not part of the port.
func (s *shop) cached() *cached.PropertyRepository {
	return s.PropertyRepository.(*cached.PropertyRepository)
}

// wantExplained compares the explanation of a read with its outcome. The explanation does not foresee that another
// caller is loading already, or that the store cannot be reached.
func (s *shop) wantExplained(x cachestat.Explanation, outcome cachestat.Outcome) {
	s.t.Helper()
	foreseen := x.Outcome == outcome || outcome == cachestat.OutcomeCoalesced || outcome == cachestat.OutcomeStaleIfError
	vain := x.Outcome == cachestat.OutcomeMiss || x.Outcome == cachestat.OutcomeBypassed
	if !foreseen || x.Cached == nil && !vain || x.Cached != nil && x.Err != nil {
		s.t.Errorf("%s was explained as %v (%+v, %v), and became %v", x.Question, x.Outcome, x.Cached, x.Err, outcome)
	}
}

func TestAnExplanationOnlyLooks(t *testing.T) {
	s := open(t)
	p := s.add(1, 10)
	before := s.cached().ExplainItem(t.Context(), p.ID)
	if before.Outcome != cachestat.OutcomeMiss || before.Cached != nil || before.Err != nil {
		t.Errorf("before the first read: %+v", before)
	}
	s.wantAsked(0)
	s.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
	sets := s.cache.sets()
	s.price(p, 20)
	for range 3 {
		if x := s.cached().ExplainItem(t.Context(), p.ID); x.Outcome != cachestat.OutcomePatched {
			t.Errorf("after a change: %+v", x)
		}
	}
	s.wantAsked(1)
	want := cachestat.Figures{Reads: cachestat.Reads[uint64]{cachestat.OutcomeMiss: 1}}
	if got := s.counters.Figures(); got != want || s.cache.sets() != sets {
		t.Errorf("explaining was counted, or cached something: %+v, %d more entries", got, s.cache.sets()-sets)
	}
	s.wantPrice(p.ID, cachestat.OutcomePatched, 20)
}

func TestARecordIsExplainedWithItsAgeAndTheChangesSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		p := s.add(1, 10)
		loaded := time.Now()
		s.wantPage(cheap(1), cachestat.OutcomeMiss, 10)
		time.Sleep(time.Minute)
		s.add(2, 90)
		s.price(p, 5)
		x := s.cached().ExplainPage(t.Context(), cheap(1))
		answer := x.Cached
		if answer == nil || x.Outcome != cachestat.OutcomePatched ||
			!answer.Made.Equal(loaded) || !answer.Own ||
			answer.Bytes < 50 {
			t.Fatalf("explained as %+v, %+v", x, answer)
		}
		if left := answer.Expires.Sub(loaded); left > time.Hour || left < 54*time.Minute {
			t.Errorf("its time is %v", left)
		}
		if l := answer.Ledger; l.Verdict != freshness.Stale || l.Head-l.At != 2 || l.Touching != 1 || !l.Recent[0].Touches ||
			l.Recent[0].Change.ID != p.ID {
			t.Errorf("the ledger says %+v", l)
		}
		if len(answer.Depends) != 1 || !strings.HasPrefix(answer.Depends[0],
			"the page of 1 for max_price=1&sort=price&limit=1: ") {
			t.Errorf("it depends on %q", answer.Depends)
		}
		s.wantPage(cheap(1), cachestat.OutcomePatched, 5)
		if again := s.cached().ExplainPage(t.Context(), cheap(1)).
			Cached; !again.Made.Equal(loaded) || again.Ledger.Head != again.Ledger.At {
			t.Errorf("after it was patched it is %+v", again)
		}
	})
}

func TestAnotherProcessesRecordIsExplainedByThisOnesLedger(t *testing.T) {
	w := newTown(t)
	p := w.open(0).add(1, 10)
	a, b := w.open(0), w.open(0)
	a.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
	a.price(p, 20)
	b.catchUp()
	x := b.cached().ExplainItem(t.Context(), p.ID)
	if x.Outcome != cachestat.OutcomePatched || x.Cached.Own || x.Cached.Ledger.Touching != 1 {
		t.Errorf("explained as %+v, %+v", x, x.Cached)
	}
	late := w.open(0) // did not receive the change, and cannot judge a record from before it
	x = late.cached().ExplainItem(t.Context(), p.ID)
	if l := x.Cached.Ledger; x.Outcome != cachestat.OutcomeMiss || l.Verdict != freshness.Unknown || len(l.Recent) != 0 {
		t.Errorf("by a process that began later: %+v, %+v", x, x.Cached)
	}
}

func TestWhyNoRecordCanBeReadIsSaid(t *testing.T) {
	s := open(t)
	p := s.add(1, 10)
	repo := cached.New(s.store, &failing{}, s.ledger, s.counters, options())
	if x := repo.ExplainItem(t.Context(), p.ID); !errors.Is(x.Err, errBroken) || x.Outcome != cachestat.OutcomeMiss {
		t.Errorf("with a broken cache: %+v", x)
	}
	if n := s.counters.Errors(); n != 0 {
		t.Errorf("%d failures were counted", n)
	}
	s.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
	s.cache.entries[s.cache.last] = slices.Concat([]byte{0xc1}, s.cache.entries[s.cache.last])
	if x := s.cached().ExplainItem(t.Context(), p.ID); x.Err == nil ||
		x.Cached != nil {
		t.Errorf("with a garbled record: %+v", x)
	}
}

func TestWhileTheFeedIsSilentARecordIsExplainedAndPassedBy(t *testing.T) {
	s := open(t)
	p := s.add(1, 10)
	s.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
	s.ledger.Confirm(time.Now().Add(-48 * time.Hour))
	x := s.cached().ExplainItem(t.Context(), p.ID)
	if x.Outcome != cachestat.OutcomeBypassed || x.Cached == nil || x.Cached.Ledger.Verdict != freshness.Fresh {
		t.Errorf("explained as %+v", x)
	}
}
