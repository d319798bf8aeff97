package cached_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gable-listings/gable/adapters/cached"
	"github.com/gable-listings/gable/ports/cachestat"
)

var errBroken = errors.New("broken")

type failing struct{ mapCache }

func (*failing) Get(context.Context, string) ([]byte, bool, error)        { return nil, false, errBroken }
func (*failing) Set(context.Context, string, []byte, time.Duration) error { return errBroken }

// silent is a cache that blocks until its caller gives up.
type silent struct{ mapCache }

func (*silent) Get(ctx context.Context, _ string) ([]byte, bool, error) {
	<-ctx.Done()
	return nil, false, ctx.Err()
}

func (*silent) Set(ctx context.Context, _ string, _ []byte, _ time.Duration) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestACacheThatSaysNothingIsPassedBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		p := s.add(1, 10)
		repo := cached.New(s.store, &silent{}, s.ledger, s.counters, options())
		began := time.Now()
		got, _, err := repo.Find(t.Context(), p.ID) // no deadline of its own
		if err != nil || got.Price != 10 {
			t.Errorf("found %+v, %v", got, err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it took %v; two calls of the cache may take a second each", took)
		}
		if n := s.counters.Errors(); n != 2 {
			t.Errorf("%d failures of the cache were counted, want 2", n)
		}
	})
}

func TestAFailingCacheIsCountedAndCostsNothingElse(t *testing.T) {
	s := open(t)
	p := s.add(1, 10)
	repo := cached.New(s.store, &failing{}, s.ledger, s.counters, options())
	for range 3 {
		if got, _, err := repo.Find(t.Context(), p.ID); err != nil || got.Price != 10 {
			t.Fatalf("found %+v, %v", got, err)
		}
	}
	want := cachestat.Figures{Reads: cachestat.Reads[uint64]{cachestat.OutcomeMiss: 3}, Errors: 6}
	if got := s.counters.Figures(); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}
