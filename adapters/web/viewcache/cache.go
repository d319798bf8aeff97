package viewcache

import (
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/semaphore"

	"github.com/gable-listings/gable/adapters/web/consistency"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// Cache holds views under canonical keys, and maps request targets, however spelled, to these keys. Both are bounded in
// bytes. It is safe for concurrent use.
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
	MaxBytes int64         // memory for the views, all variants included
	TTL      time.Duration // the longest time that a view is cached, even if it stays current
	// Samples, if not nil, receives some of the answers for verification.
	Samples *cachestat.Samples
	// CDNMaxAge, when positive, is how long shared caches that follow CDN-Cache-Control (RFC 9213) may reuse answers.
	CDNMaxAge time.Duration
	// Trace, if not nil, records what the cache does for each read that belongs to a recorded span.
	Trace ports.Trace
	// MaxSending, when positive, bounds the memory of large answers while they are sent.
	MaxSending int64
}

// TargetShare divides MaxBytes: the known request targets may take a sixteenth of it, in addition to the views.
const TargetShare = 16

// Targets longer than longestTarget are not learned.
const (
	longestTarget  = 2_048
	targetOverhead = 128
)

// New makes an empty cache. The ledger judges its views, the coordinator brings the ledger up to date on demand, and
// the counters count the outcome of each read. Close releases it.
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

// ByTarget returns the view for a request target as the client spelled it, if that spelling is known and the view is
// current; else nil.
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

// ByKey returns the view for a canonical key if it is current; else nil and the reason.
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

// patch returns the current view made from one that a change has touched, or nil if that needs the store.
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

// staleIfError returns the view for a key, current when the ledger was last confirmed, and the time since then. It
// returns nil if that time exceeds the tolerance, or if this process may have served something newer since.
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

// Position returns the ledger's position. Take it before the work on an answer begins.
func (c *Cache) Position() freshness.Position { return c.ledger.Position() }

// Store makes the view of an answer whose work began at the position. It caches the view under the key if it may be
// cached, and reports whether it did. load makes the answer again.
func (c *Cache) Store(key string, a Answer, at freshness.Position, load Load) (*View, bool) {
	v := newView(a, at)
	v.key, v.load = key, load
	if len(a.Depends) == 0 || int64(v.weight()) > c.options.MaxBytes {
		return v, false
	}
	c.views.Set(key, v)
	return v, true
}

// knows reports whether a request target is known.
func (c *Cache) knows(target string) bool {
	_, ok := c.targets.GetIfPresent(target)
	return ok
}

// Learn records that a request target means the key. It ignores very long targets.
func (c *Cache) Learn(target, key string) {
	if len(target) <= longestTarget {
		c.targets.Set(target, key)
	}
}

// Purge removes every view and every target.
func (c *Cache) Purge() {
	c.views.InvalidateAll()
	c.targets.InvalidateAll()
}

// Size returns how many views are cached and how many bytes views and targets take, both estimates.
func (c *Cache) Size() (entries, bytes int64) {
	c.views.CleanUp()
	return int64(c.views.EstimatedSize()), int64(c.views.WeightedSize() + c.targets.WeightedSize())
}

// Counters returns the counters of this level.
func (c *Cache) Counters() *cachestat.Counters { return c.counters }

// Close removes everything and stops the background goroutines. The cache may not be used afterwards.
func (c *Cache) Close() {
	c.Purge()
	c.views.StopAllGoroutines()
	c.targets.StopAllGoroutines()
}
