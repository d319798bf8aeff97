package cached

import (
	"context"
	"time"
)

// Of many processes that miss the same answer at the same moment one loads it, and the others wait for what it puts into
// the cache. Who loads is decided by a lease: a key that can be added only once, and that ends by itself when its holder
// has died. Leases save work and promise nothing: whatever goes wrong with one, somebody loads once more than needed.

// While others wait they look into the cache after pauses that double from the first to the longest.
const (
	firstLook   = time.Millisecond
	longestLook = 16 * time.Millisecond
)

// lease returns when this process may load the answer, with what to call afterwards; or with the answer, true as of now,
// when another process has loaded it meanwhile, which may have happened just before the lease was granted. It waits at
// most twice as long as a lease lasts: for a holder that dies, and for the one after it.
func (r *PropertyRepository) lease(ctx context.Context, q question) (*record, func()) {
	key := entryKey(r.ledger.Place().Epoch, q.key) + ":lease"
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
				return nil, func() {} // the load will say so itself
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

// grant asks for the lease. It is not asked for again before it was found taken and waited for.
func (r *PropertyRepository) grant(ctx context.Context, key string) (bool, error) {
	ctx, cancel := r.briefly(ctx)
	defer cancel()
	granted, err := r.cache.Add(ctx, key, []byte(r.identity), r.options.LeaseTTL)
	if err != nil {
		r.counters.CountError()
	}
	return granted, err
}

// release ends the lease, so that a process which cannot use the answer need not wait. Should the lease have ended before,
// and another process hold it now, then one more process than needed loads.
func (r *PropertyRepository) release(ctx context.Context, key string) {
	r.drop(context.WithoutCancel(ctx), key)
}
