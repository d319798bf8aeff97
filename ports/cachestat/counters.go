package cachestat

import "sync/atomic"

// Counters counts the outcomes of reads at one cache level. The zero value is ready; it is safe for concurrent use.
type Counters struct {
	outcomes [outcomes]atomic.Uint64
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

// Figures returns the counts; a read that ends meanwhile may be in only some of them.
func (c *Counters) Figures() Figures {
	f := Figures{Errors: c.Errors()}
	for o := range f.Reads {
		f.Reads[o] = c.outcomes[o].Load()
	}
	return f
}
