package cachestat

import "sync/atomic"

// Counters counts the outcomes of reads at one cache level. The zero value is ready; it is safe for concurrent use.
type Counters struct {
	outcomes [OutcomeStaleIfError + 1]atomic.Uint64
	errors   atomic.Uint64
}

// Count adds one read with this outcome.
func (c *Counters) Count(o Outcome) { c.outcomes[o].Add(1) }

// CountError adds one failure of the cache itself; the read went on without the cache.
func (c *Counters) CountError() { c.errors.Add(1) }

// Of is the number of reads with this outcome.
func (c *Counters) Of(o Outcome) uint64 { return c.outcomes[o].Load() }

// Errors is the number of failures of the cache itself.
func (c *Counters) Errors() uint64 { return c.errors.Load() }

// Figures are a level's counts since the process started.
type Figures struct {
	Hits, Patched, Coalesced, Stale, Misses, Bypassed, Unconfirmed, Errors uint64
}

// Figures returns the counts; a read that ends meanwhile may be in only some of them.
func (c *Counters) Figures() Figures {
	return Figures{
		Hits: c.Of(OutcomeHit), Patched: c.Of(OutcomePatched), Coalesced: c.Of(OutcomeCoalesced),
		Stale: c.Of(OutcomeStale), Misses: c.Of(OutcomeMiss), Bypassed: c.Of(OutcomeBypassed),
		Unconfirmed: c.Of(OutcomeStaleIfError), Errors: c.Errors(),
	}
}

// Answered is the number of reads that needed no load of their own.
func (f Figures) Answered() uint64 { return f.Hits + f.Patched + f.Coalesced }

// Loaded is the number of reads that asked the cache in vain. Bypassed reads did not ask, and stale-if-error
// answers do not count.
func (f Figures) Loaded() uint64 { return f.Stale + f.Misses }

// HitRatio is Answered as a share of all reads that asked the cache, 0 to 1; 0 before the first read.
func (f Figures) HitRatio() float64 {
	if total := f.Answered() + f.Loaded(); total > 0 {
		return float64(f.Answered()) / float64(total)
	}
	return 0
}
