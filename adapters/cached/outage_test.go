package cached_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// Whoever bears an old answer bears it while the store is away, and not when it says that something else is wrong.
func TestOnlyAnOutageIsMadeUpForByWhatIsKept(t *testing.T) {
	for name, c := range map[string]struct{ says, told error }{
		"an outage": {ports.ErrUnavailable, nil}, "something else": {errBroken, errBroken},
	} {
		b := newTown(t).open(0)
		p := b.add(1, 10)
		b.catchUp()
		b.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
		b.away(48 * time.Hour)
		b.store.hook = func(context.Context) error { return c.says }
		if _, r, err := b.tolerating(72 * time.Hour); !errors.Is(err, c.told) {
			t.Errorf("of %s is told %v (%v)", name, err, r.Outcome)
		}
	}
}
