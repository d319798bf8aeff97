package porttest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/ports"
)

func TestWrongIdempotencyKeyRepositoriesAreNoticed(t *testing.T) {
	for _, w := range wrongPrunes {
		testWrong(t, w, pruneKeyCases, func(r reporter, bend func(prunes) prunes) keyShelf {
			repo := memory.NewPropertyRepository(time.Now)
			return keyShelf{shelf{r, repo}, bend(prunes{repo, repo.PruneIdempotencyKeys})}
		})
	}
}

// prunes is an idempotency key repository whose method can be replaced.
type prunes struct {
	repo  *memory.PropertyRepository
	prune func(context.Context, time.Time) (int64, error)
}

var _ ports.IdempotencyKeyRepository = prunes{}

func (p prunes) PruneIdempotencyKeys(ctx context.Context, before time.Time) (int64, error) {
	return p.prune(ctx, before)
}

// withKeyPrune replaces the method.
func withKeyPrune(wrong func(ctx context.Context, right prunes, before time.Time) (int64, error)) func(prunes) prunes {
	return func(right prunes) prunes {
		return prunes{right.repo, func(ctx context.Context, before time.Time) (int64, error) {
			return wrong(ctx, right, before)
		}}
	}
}

var wrongPrunes = []wrong[prunes]{
	{"nothing is removed", withKeyPrune(func(context.Context, prunes, time.Time) (int64, error) { return 0, nil }),
		[]string{
			"a_removed_key_is_free", "listings_stay", "concurrent_prunes_count_each_key_once",
			"a_cancelled_context_ends_pruning",
		}, nil},
	{"everything is removed", withKeyPrune(func(ctx context.Context, right prunes, _ time.Time) (int64, error) {
		return right.prune(ctx, later())
	}), []string{"a_younger_key_stays"}, nil},
	{"listings are removed, too", withKeyPrune(func(ctx context.Context, right prunes, before time.Time) (int64, error) {
		n, err := right.prune(ctx, before)
		_, _ = right.repo.Delete(ctx, numbered(1), 0)
		return n, err
	}), []string{"listings_stay"}, nil},
	{"every prune counts what the first removed", func(right prunes) prunes {
		var first atomic.Int64
		return prunes{right.repo, func(ctx context.Context, before time.Time) (int64, error) {
			n, err := right.prune(ctx, before)
			first.CompareAndSwap(0, n)
			return first.Load(), err
		}}
	}, []string{"a_removed_key_is_free", "concurrent_prunes_count_each_key_once"},
		[]string{"a_cancelled_context_ends_pruning"}},
	{"contexts are ignored", withKeyPrune(func(ctx context.Context, right prunes, before time.Time) (int64, error) {
		return right.prune(context.WithoutCancel(ctx), before)
	}), []string{"a_cancelled_context_ends_pruning"}, nil},
}
