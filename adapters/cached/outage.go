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

// While the ledger is untrusted, reads go to the store. If the store cannot be reached either, a reader that tolerates
// it gets the cached answer. That answer is at most as stale as the last confirmation of the ledger, and never older
// than anything that this process has already served.

// outage remembers for a moment that the store could not be reached, so that not every reader waits to find out.
type outage struct{ last atomic.Pointer[failure] }

type failure struct {
	at  time.Time
	err error
}

// outagePause is how long no read goes to a store that could not be reached while the ledger is untrusted.
const outagePause = 500 * time.Millisecond

func (o *outage) recent() error {
	if f := o.last.Load(); f != nil && time.Since(f.at) < outagePause {
		return fmt.Errorf("store unreachable %s ago: %w", time.Since(f.at).Round(time.Millisecond), f.err)
	}
	return nil
}

// answerUntrusted answers a read while the ledger is untrusted.
func (r *PropertyRepository) answerUntrusted(
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
			return rec, ports.ReadInfo{Outcome: cachestat.OutcomeStaleIfError, Age: age}, nil
		}
	}
	return nil, bypassed, err
}

// fromStoreUnlessDown reads from the store, unless the store could not be reached a moment ago.
func (r *PropertyRepository) fromStoreUnlessDown(
	ctx context.Context, q question, options ports.ReadOptions,
) (*record, error) {
	if err := r.outage.recent(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, r.options.LoadTimeout)
	defer cancel()
	rec, err := fromStore(ctx, q, options)
	if errors.Is(err, ports.ErrUnavailable) && !errors.Is(err, ports.ErrBusy) { // a busy store answers other reads
		r.outage.last.Store(&failure{time.Now(), err})
	}
	return rec, err
}
