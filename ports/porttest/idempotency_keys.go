package porttest

import (
	"context"
	"testing"
	"time"

	"github.com/gable-listings/gable/ports"
)

// IdempotencyKeyRepository checks that a store keeps every promise of ports.IdempotencyKeyRepository. newStore
// returns an empty repository of listings and the idempotency keys of their creations at each call.
func IdempotencyKeyRepository(
	t *testing.T, newStore func(t *testing.T) (ports.PropertyRepository, ports.IdempotencyKeyRepository),
) {
	runCases(t, pruneKeyCases, func(t *testing.T) keyShelf {
		repo, keys := newStore(t)
		return keyShelf{shelf{t, repo}, keys}
	})
}

// keyShelf is a shelf whose idempotency keys can be pruned.
type keyShelf struct {
	shelf
	keys ports.IdempotencyKeyRepository
}

func (s keyShelf) prune(before time.Time, want int64) {
	s.t.Helper()
	removed, err := s.keys.PruneIdempotencyKeys(s.t.Context(), before)
	if err != nil || removed != want {
		s.t.Fatalf("%d keys were removed, not %d; error %v", removed, want, err)
	}
}

// later is after everything that a case does, and earlier before it. Both allow for a store whose clock differs from
// that of the caller.
func later() time.Time   { return time.Now().Add(24 * time.Hour) }
func earlier() time.Time { return time.Now().Add(-24 * time.Hour) }

var pruneKeyCases = []suiteCase[keyShelf]{
	{"a_removed_key_is_free",
		"A creation with a removed key stores a new listing, whatever its request.", func(s keyShelf) {
			s.createWithKey(1, "a", "k", "request")
			s.createWithKey(2, "b", "k", "request")
			s.prune(later(), 2)
			for n, request := range map[int]string{3: "request", 4: "another"} {
				if c := s.createWithKey(n, string(rune('a'+n-3)), "k", request); c.Replayed {
					s.t.Fatalf("the creation of listing %d with a removed key was replayed", n)
				}
			}
			s.prune(later(), 2)
			s.prune(later(), 0)
		}},
	{"a_younger_key_stays", "A key that is younger than the time is still replayed.", func(s keyShelf) {
		first := s.createWithKey(1, "a", "k", "request")
		s.prune(earlier(), 0)
		s.wantReplay(s.createWithKey(2, "a", "k", "request"), first)
	}},
	{"listings_stay", "Removing keys removes no listing.", func(s keyShelf) {
		s.createWithKey(1, "a", "k", "request")
		s.add(2)
		s.prune(later(), 1)
		s.wantFound("limit=10", "b", "c")
	}},
	{"concurrent_prunes_count_each_key_once",
		"However many prunings run at once, together they remove and count each key once.",
		func(s keyShelf) {
			for n := range 20 {
				s.createWithKey(n, "a", numbered(n).String(), "request")
			}
			var sum int64
			for _, removed := range together(4, func(int) int64 {
				removed, err := s.keys.PruneIdempotencyKeys(s.t.Context(), later())
				if err != nil {
					return -1000
				}
				return removed
			}) {
				sum += removed
			}
			if sum != 20 {
				s.t.Fatalf("of 20 keys concurrent prunes removed %d", sum)
			}
		}},
	{"a_cancelled_context_ends_pruning",
		"PruneIdempotencyKeys returns with an error that wraps context.Canceled when its context is cancelled.",
		func(s keyShelf) {
			ctx, cancel := context.WithCancel(s.t.Context())
			cancel()
			_, err := s.keys.PruneIdempotencyKeys(ctx, later())
			s.wantError("PruneIdempotencyKeys", err, context.Canceled)
		}},
}
