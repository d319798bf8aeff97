package cached

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// While the ledger is not confirmed the store is asked. When that cannot be reached either, a reader who tolerates it
// gets what is kept, as long ago true as the ledger was last confirmed; but nobody gets what may be older than what this
// process has told somebody.

// outage remembers for a moment that the store could not be reached, so that not every reader has to wait to find out.
type outage struct{ last atomic.Pointer[failure] }

type failure struct {
	at  time.Time
	err error
}

// outagePause is how long nobody asks a store that could not be reached, as long as the ledger is not confirmed either.
const outagePause = 500 * time.Millisecond

func (o *outage) recent() error {
	if f := o.last.Load(); f != nil && time.Since(f.at) < outagePause {
		return fmt.Errorf("the store could not be reached %s ago: %w", time.Since(f.at).Round(time.Millisecond), f.err)
	}
	return nil
}

// untrusted answers while the ledger is untrusted.
func (r *PropertyRepository) untrusted(
	ctx context.Context, q question, options ports.ReadOptions,
) (*record, ports.ReadInfo, error) {
	bypassed := ports.ReadInfo{Outcome: cachestat.OutcomeBypassed}
	err := ports.ErrNotCached
	if !options.OnlyCached {
		var rec *record
		if rec, err = r.fromStoreUnlessDown(ctx, q, options); !errors.Is(err, ports.ErrUnavailable) {
			return rec, bypassed, err
		}
	}
	if age, ok := r.ledger.Tolerated(time.Now(), options.Tolerance); ok {
		if rec, _ := r.fromCache(ctx, q); rec != nil {
			return rec, ports.ReadInfo{Outcome: cachestat.OutcomeUnconfirmed, Age: age}, nil
		}
	}
	return nil, bypassed, err
}

// fromStoreUnlessDown asks the store, unless the store could not be reached a moment ago.
func (r *PropertyRepository) fromStoreUnlessDown(
	ctx context.Context, q question, options ports.ReadOptions,
) (*record, error) {
	if err := r.outage.recent(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, r.options.LoadTimeout)
	defer cancel()
	rec, err := fromStore(ctx, q, options)
	if errors.Is(err, ports.ErrUnavailable) && !errors.Is(err, ports.ErrBusy) { // who is busy with this answers others
		r.outage.last.Store(&failure{time.Now(), err})
	}
	return rec, err
}
