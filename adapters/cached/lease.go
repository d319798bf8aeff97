package cached

import (
	"context"
	"time"
)

// When many processes miss the same answer at once, one of them loads it and the others wait until it is in the cache.
// A lease decides which one loads: a key that can be added only once, and that expires when its holder has died. Leases
// save work and promise nothing: when one fails, the answer is loaded once more than needed.

// A waiting process looks into the cache after pauses that double from firstLook to longestLook.
const (
	firstLook   = time.Millisecond
	longestLook = 16 * time.Millisecond
)

// lease waits until this process may load the answer, or until another process has loaded it. It returns a function
// that ends the lease, or the answer, current as of now. The other process may have loaded it just before the lease was
// granted. lease waits at most twice as long as a lease lasts: for a holder that dies, and for the next holder.
func (r *PropertyRepository) lease(ctx context.Context, q question) (*record, func()) {
	key := entryKey(r.ledger.Point().Epoch, q.key) + ":lease"
	until := time.Now().Add(2 * r.options.LeaseTTL)
	for pause := firstLook; ; pause = min(2*pause, longestLook) {
		granted, err := r.grant(ctx, key)
		if err != nil || !granted && !time.Now().Before(until) {
			return nil, func() {}
		}
		if !granted {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return nil, func() {} // the load returns the error
			}
		}
		rec, _ := r.fromCache(ctx, q)
		if granted && rec == nil {
			return nil, func() { r.release(ctx, key) }
		}
		if granted {
			r.release(ctx, key)
		}
		if rec != nil {
			return rec, nil
		}
	}
}

// grant asks for the lease. A second request for it follows only after a wait.
func (r *PropertyRepository) grant(ctx context.Context, key string) (bool, error) {
	ctx, cancel := r.briefly(ctx)
	defer cancel()
	granted, err := r.cache.Add(ctx, key, []byte(r.identity), r.options.LeaseTTL)
	if err != nil {
		r.counters.CountError()
	}
	return granted, err
}

// release ends the lease, so that a process which cannot use the answer need not wait. If the lease expired before and
// another process holds it now, one more process than needed loads.
func (r *PropertyRepository) release(ctx context.Context, key string) {
	r.drop(context.WithoutCancel(ctx), key)
}
