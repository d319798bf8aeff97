package cachestat

import (
	"context"
	"sync/atomic"
)

// Samples is the way from a cache to whoever verifies its answers: a few of those it has given from what it keeps are
// looked up again. Asking for none costs a cache one comparison per answer. It is safe for concurrent use, and nil when
// nobody verifies.
type Samples struct {
	wanted atomic.Bool
	taken  chan Sample
}

// Sample is an answer that a cache has given.
type Sample struct {
	Question string // what was asked
	// Recheck asks the store the same, then calls catchUp, which returns when the ledger has received everything
	// committed before the call; and compares, if nothing that touches the answer has happened up to then. A wrong answer
	// is no longer in the cache when it returns.
	Recheck func(ctx context.Context, catchUp func(context.Context) error) (Finding, error)
}

// Finding is what came of a second look at an answer.
type Finding struct {
	Verdict Verdict
	// Detail says, when the verdict is Violated, all that is known of how the answer came to be wrong.
	Detail string
}

// Verdict says whether an answer was right.
type Verdict int8

// Undecided: a change came between the answer and the second look. Verified: the answer was right. Violated: it was wrong.
const (
	Undecided Verdict = iota
	Verified
	Violated
)

// NewSamples makes a way on which nobody waits yet.
func NewSamples() *Samples { return &Samples{taken: make(chan Sample, 1)} }

// Offer hands over a sample if one is wanted.
func (s *Samples) Offer(sample func() Sample) {
	if s != nil && s.wanted.Load() && s.wanted.CompareAndSwap(true, false) {
		s.taken <- sample() // has room: one is wanted at a time
	}
}

// Take asks for the next answer given, and waits for it; the error is that of the context. One caller at a time may wait.
func (s *Samples) Take(ctx context.Context) (Sample, error) {
	s.wanted.Store(true)
	select {
	case sample := <-s.taken:
		return sample, nil
	case <-ctx.Done():
		if !s.wanted.CompareAndSwap(true, false) {
			<-s.taken // somebody is just handing one over
		}
		return Sample{}, context.Cause(ctx)
	}
}
