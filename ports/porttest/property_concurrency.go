package porttest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// together runs a step in several goroutines at once and returns their results.
func together[T any](times int, step func(i int) T) []T {
	results := make([]T, times)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			<-start
			results[i] = step(i)
		})
	}
	close(start)
	all.Wait()
	return results
}

var concurrencyCases = []suiteCase[shelf]{
	{"one_update_wins_each_version",
		"Of concurrent updates at one version exactly one wins; the others are ErrVersionConflict.", func(s shelf) {
			p := s.add(1)
			for range 5 {
				errs := together(8, func(i int) error {
					mine := p
					mine.Price = property.Decimal(i)
					_, err := s.repo.Update(s.t.Context(), mine)
					return err
				})
				s.wantOneWinner(errs, property.ErrVersionConflict)
				p.Version++
			}
			if version := s.find(p.ID).Version; version != p.Version {
				s.t.Fatalf("the version is %d after five successful updates, not %d", version, p.Version)
			}
		}},
	{"one_delete_wins", "Of concurrent deletes of one listing exactly one removes it; the others are ErrNotFound.",
		func(s shelf) {
			p := s.add(1)
			errs := together(8, func(int) error {
				_, err := s.repo.Delete(s.t.Context(), p.ID, 0)
				return err
			})
			s.wantOneWinner(errs, property.ErrNotFound)
		}},
	{"one_creation_wins_a_reference",
		"Of concurrent creations with one reference exactly one stores; the others are ErrReferenceTaken.", func(s shelf) {
			errs := together(8, func(i int) error {
				_, err := s.repo.Create(s.t.Context(), s.draft(i, reference("R")), nil)
				return err
			})
			s.wantOneWinner(errs, property.ErrReferenceTaken)
			s.wantFoundMany("limit=10", 1)
		}},
	{"one_creation_wins_an_idempotency_key",
		"Of concurrent creations with one idempotency key exactly one stores; the others are replays of it.", func(s shelf) {
			key := &ports.IdempotencyKey{Owner: "a", Key: "k", Request: "request"}
			type outcome struct {
				ports.Creation
				err error
			}
			outcomes := together(8, func(i int) outcome {
				creation, err := s.repo.Create(s.t.Context(), s.draft(i), key)
				return outcome{creation, err}
			})
			ids := make(map[property.ID]bool)
			stored := 0
			for _, o := range outcomes {
				if o.err != nil {
					s.t.Fatalf("a concurrent creation with the same key and request: %v", o.err)
				}
				ids[o.Change.ID] = true
				if !o.Replayed {
					stored++
				}
			}
			if stored != 1 || len(ids) != 1 {
				s.t.Fatalf("%d creations stored, and %d listings were returned", stored, len(ids))
			}
			s.wantFoundMany("limit=10", 1)
		}},
	{"concurrent_upserts_keep_their_promises",
		"Concurrent batches over the same references all succeed, and leave one listing for each reference.", func(s shelf) {
			errs := together(4, func(i int) error {
				var batch []property.Property
				for n := range 20 {
					batch = append(batch, s.draft(100*(i+1)+n, reference(string(rune('A'+n))), price(property.Decimal(i))))
				}
				if i%2 == 1 {
					slices.Reverse(batch)
				}
				_, err := s.repo.Upsert(s.t.Context(), incoming(batch...))
				return err
			})
			if err := errors.Join(errs...); err != nil {
				s.t.Fatalf("concurrent upserts: %v", err)
			}
			s.wantFoundMany("limit=100", 20)
		}},
	{"readers_see_whole_batches", "An upsert is atomic: a reader never sees a part of it.", func(s shelf) {
		batch := s.batch(20)
		s.upsert(batch...)
		mixed := together(4, func(reader int) bool {
			if reader == 0 {
				for round := range 20 {
					for i := range batch {
						batch[i].Price = property.Decimal(round)
					}
					if _, err := s.repo.Upsert(s.t.Context(), incoming(batch...)); err != nil {
						return true
					}
				}
				return false
			}
			return s.seesMixedPrices(40)
		})
		if slices.Contains(mixed, true) {
			s.t.Fatalf("a batch failed, or was visible half stored: %t", mixed)
		}
	}},
}

func (s shelf) seesMixedPrices(times int) bool {
	search := property.Search{Sort: property.DefaultSort, Limit: property.MaxLimit}
	for range times {
		page, _, err := s.repo.Search(s.t.Context(), &search)
		if err != nil {
			return true
		}
		for _, p := range page.Properties {
			if p.Price != page.Properties[0].Price {
				return true
			}
		}
	}
	return false
}

func (s shelf) wantOneWinner(errs []error, lost error) {
	s.t.Helper()
	winners := 0
	for _, err := range errs {
		if err == nil {
			winners++
			continue
		}
		s.wantError("a write that came second", err, lost)
	}
	if winners != 1 {
		s.t.Fatalf("%d of %d concurrent writes succeeded, not one", winners, len(errs))
	}
}

func (s shelf) wantFoundMany(query string, count int) {
	s.t.Helper()
	if found := titlesOf(s.search(query)); len(found) != count {
		s.t.Fatalf("search %q found %q, not %d listings", query, found, count)
	}
}

var contextCases = []suiteCase[shelf]{
	{"a_cancelled_context_ends_every_call",
		"Every method returns at once with an error that wraps context.Canceled when its context is cancelled.",
		func(s shelf) {
			p := s.add(1, reference("R"))
			ctx, cancel := context.WithCancel(s.t.Context())
			cancel()
			s.wantEnded(ctx, p, context.Canceled)
			s.wantStored(p)
			s.wantFoundMany("limit=10", 1)
		}},
	{"a_passed_deadline_ends_every_call",
		"Every method returns within the context's deadline with an error that wraps context.DeadlineExceeded.",
		func(s shelf) {
			p := s.add(1, reference("R"))
			ctx, cancel := context.WithDeadline(s.t.Context(), time.Now().Add(-time.Second))
			defer cancel()
			s.wantEnded(ctx, p, context.DeadlineExceeded)
			s.wantStored(p)
		}},
}

func (s shelf) wantEnded(ctx context.Context, p property.Property, cause error) {
	s.t.Helper()
	search := s.parse("")
	calls := map[string]func() error{
		"Find":   func() error { _, _, err := s.repo.Find(ctx, p.ID); return err },
		"Search": func() error { _, _, err := s.repo.Search(ctx, &search); return err },
		"Count":  func() error { _, _, err := s.repo.Count(ctx, &search.Filter); return err },
		"Create": func() error { _, err := s.repo.Create(ctx, s.draft(2), nil); return err },
		"Update": func() error { _, err := s.repo.Update(ctx, p); return err },
		"Delete": func() error { _, err := s.repo.Delete(ctx, p.ID, 0); return err },
		"Upsert": func() error {
			_, err := s.repo.Upsert(ctx, incoming(s.draft(3, reference("S"))))
			return err
		},
		"Compare": func() error {
			_, err := s.repo.Compare(ctx, incoming(s.draft(3, reference("S"))))
			return err
		},
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, cause) {
			s.t.Fatalf("%s with an ended context: the error is %v, not %q", name, err, cause)
		}
	}
}
