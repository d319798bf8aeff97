package cachestat

import "sync/atomic"

// Counters counts what one cache level did for reads. The zero value is ready; it is safe for concurrent use.
type Counters struct {
	outcomes [outcomes]atomic.Uint64
	errors   atomic.Uint64
}

// Count adds one read with this outcome.
func (c *Counters) Count(o Outcome) { c.outcomes[o].Add(1) }

// CountError adds one failure of the cache itself; the read went on without it.
func (c *Counters) CountError() { c.errors.Add(1) }

// Of is how many reads had this outcome.
func (c *Counters) Of(o Outcome) uint64 { return c.outcomes[o].Load() }

// Errors is how often the cache itself failed.
func (c *Counters) Errors() uint64 { return c.errors.Load() }

// Figures returns the counts; reads that end meanwhile may be in some of them already.
func (c *Counters) Figures() Figures {
	f := Figures{Errors: c.Errors()}
	for o := range f.Reads {
		f.Reads[o] = c.outcomes[o].Load()
	}
	return f
}
