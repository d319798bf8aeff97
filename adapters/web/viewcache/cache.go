package viewcache

import (
	"time"

	"github.com/gable-listings/gable/adapters/web/consistency"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/semaphore"
)

// Cache keeps views under canonical keys, and remembers which request targets, however spelled, mean which key. Both are
// bounded by bytes. It is safe for concurrent use.
type Cache struct {
	ledger      *freshness.Ledger
	consistency *consistency.Coordinator
	counters    *cachestat.Counters
	options     Options
	views       *otter.Cache[string, *View]
	targets     *otter.Cache[string, string]
	sending     *semaphore.Weighted
}

// Options of a Cache.
type Options struct {
	MaxBytes int64         // how much memory the views may take, all variants included
	TTL      time.Duration // how long a view is kept at most, however true it is
	// Samples, if not nil, gets some of the answers to be verified.
	Samples *cachestat.Samples
	// CDNMaxAge, when positive, lets shared caches that heed CDN-Cache-Control (RFC 9213) keep answers that long.
	CDNMaxAge time.Duration
	// Trace, if not nil, records what the cache does for each read that belongs to a recorded span.
	Trace ports.Trace
	// MaxSending, when positive, is how much memory large answers may take while they are sent.
	MaxSending int64
}

// TargetShare is the part of MaxBytes that the request targets known may take beside the views: a sixteenth.
const TargetShare = 16

// Of a target longer than longestTarget nothing is learnt.
const (
	longestTarget  = 2_048
	targetOverhead = 128
)

// New makes an empty cache whose views the ledger judges, and the coordinator brings up to date on demand. The counters
// count what it did for each read. Close releases it.
func New(
	ledger *freshness.Ledger, coordinator *consistency.Coordinator, counters *cachestat.Counters, o Options,
) *Cache {
	return &Cache{
		ledger: ledger, consistency: coordinator, counters: counters, options: o,
		sending: semaphore.NewWeighted(o.MaxSending),
		views: otter.Must(&otter.Options[string, *View]{
			MaximumWeight:    uint64(max(o.MaxBytes, 1)),
			Weigher:          func(key string, v *View) uint32 { return uint32(len(key) + v.weight()) },
			ExpiryCalculator: otter.ExpiryWriting[string, *View](o.TTL),
		}),
		targets: otter.Must(&otter.Options[string, string]{
			MaximumWeight: uint64(max(o.MaxBytes/TargetShare, 1)),
			Weigher:       func(target, key string) uint32 { return uint32(len(target) + len(key) + targetOverhead) },
		}),
	}
}

// ByTarget finds the view for a request target as the client spelled it, if that spelling is known and the view is true
// now; else nil.
func (c *Cache) ByTarget(target string) *View {
	key, ok := c.targets.GetIfPresent(target)
	if !ok || !c.ledger.Trusted(time.Now()) {
		return nil
	}
	if v, ok := c.views.GetIfPresent(key); ok && c.ledger.Check(v.entry) == freshness.Fresh {
		return v
	}
	return nil
}

// ByKey finds the view for a canonical key if it is true now; else nil and why there is none.
func (c *Cache) ByKey(key string) (*View, cachestat.Outcome) {
	if !c.ledger.Trusted(time.Now()) {
		return nil, cachestat.OutcomeBypassed
	}
	v, ok := c.views.GetIfPresent(key)
	if !ok {
		return nil, cachestat.OutcomeMiss
	}
	switch c.ledger.Check(v.entry) {
	case freshness.Fresh:
		return v, cachestat.OutcomeHit
	case freshness.Stale:
		if patched := c.patch(key, v); patched != nil {
			return patched, cachestat.OutcomePatched
		}
		return nil, cachestat.OutcomeStale
	}
	return nil, cachestat.OutcomeMiss
}

// patch makes the view as it is now from one that a change has touched, if it can be made without asking anybody; else nil.
func (c *Cache) patch(key string, v *View) *View {
	if v.answer.Patch == nil {
		return nil
	}
	answer, at, ok := v.answer.Patch(v.entry.Position())
	if !ok {
		return nil
	}
	patched, _ := c.Store(key, answer, at, v.load)
	return patched
}

// staleIfError finds the view for a key that was true when the ledger was last confirmed, and how long ago that was; nil if
// that is longer ago than is tolerated, or somebody may have been told more since.
func (c *Cache) staleIfError(key string, tolerance time.Duration) (*View, time.Duration) {
	age, ok := c.ledger.Tolerated(time.Now(), tolerance)
	if !ok {
		return nil, 0
	}
	if v, ok := c.views.GetIfPresent(key); ok && c.ledger.Check(v.entry) == freshness.Fresh {
		return v, age
	}
	return nil, 0
}

// Position is where the ledger stands; take it before the work on an answer begins.
func (c *Cache) Position() freshness.Position { return c.ledger.Position() }

// Store makes the view of an answer whose work began at the position, keeps it under the key if it may be kept, and
// reports whether it did. Load is how to get the answer again.
func (c *Cache) Store(key string, a Answer, at freshness.Position, load Load) (*View, bool) {
	v := newView(a, at)
	v.key, v.load = key, load
	if len(a.Depends) == 0 || int64(v.weight()) > c.options.MaxBytes {
		return v, false
	}
	c.views.Set(key, v)
	return v, true
}

// knows reports whether a request target is known to mean some key.
func (c *Cache) knows(target string) bool {
	_, ok := c.targets.GetIfPresent(target)
	return ok
}

// Learn remembers that a request target means the key. Targets of unusual length are not worth it.
func (c *Cache) Learn(target, key string) {
	if len(target) <= longestTarget {
		c.targets.Set(target, key)
	}
}

// Purge forgets every view.
func (c *Cache) Purge() {
	c.views.InvalidateAll()
	c.targets.InvalidateAll()
}

// Size is how many views are kept and how many bytes views and targets take, both estimates.
func (c *Cache) Size() (entries, bytes int64) {
	c.views.CleanUp()
	return int64(c.views.EstimatedSize()), int64(c.views.WeightedSize() + c.targets.WeightedSize())
}

// Counters are what this level did so far.
func (c *Cache) Counters() *cachestat.Counters { return c.counters }

// Close forgets everything and stops the sweepers. The cache may not be used afterwards.
func (c *Cache) Close() {
	c.Purge()
	c.views.StopAllGoroutines()
	c.targets.StopAllGoroutines()
}
