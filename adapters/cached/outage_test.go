package cached_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// A tolerated stale answer replaces an outage of the store, and no other error.
func TestACachedAnswerReplacesOnlyAnOutage(t *testing.T) {
	for name, c := range map[string]struct{ fails, want error }{
		"an outage": {ports.ErrUnavailable, nil}, "something else": {errBroken, errBroken},
	} {
		b := newTown(t).open(0)
		p := b.add(1, 10)
		b.catchUp()
		b.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
		b.away(48 * time.Hour)
		b.store.hook = func(context.Context) error { return c.fails }
		if _, r, err := b.tolerating(72 * time.Hour); !errors.Is(err, c.want) {
			t.Errorf("with %s the reader gets %v (%v)", name, err, r.Outcome)
		}
	}
}
