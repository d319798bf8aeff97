package cachestat

import (
	"context"
	"sync/atomic"
)

// Samples passes a few of a cache's answers to the verifier, which looks them up again. While it wants none, that
// costs a cache one comparison per answer. It is safe for concurrent use, and nil when there is no verifier.
type Samples struct {
	wanted atomic.Bool
	taken  chan Sample
}

// Sample is an answer that a cache has served.
type Sample struct {
	Question string // the question it answers
	// Recheck asks the store the same question, and then calls catchUp, which returns when the ledger has received
	// everything committed before the call. It compares the two answers unless a change touched the answer up to
	// then. When it returns, a wrong answer is no longer in the cache.
	Recheck func(ctx context.Context, catchUp func(context.Context) error) (Finding, error)
}

// Finding is the result of a recheck.
type Finding struct {
	Verdict Verdict
	// Detail has, when the verdict is Violated, all that is known of how the answer became wrong.
	Detail string
}

// Verdict is whether an answer was right.
type Verdict int8

// The verdicts. Undecided: a change came between the answer and the recheck. Verified: the answer was right.
// Violated: it was wrong.
const (
	Undecided Verdict = iota
	Verified
	Violated
)

// NewSamples makes Samples without a waiting verifier.
func NewSamples() *Samples { return &Samples{taken: make(chan Sample, 1)} }

// Offer passes a sample on if one is wanted.
func (s *Samples) Offer(sample func() Sample) {
	if s != nil && s.wanted.Load() && s.wanted.CompareAndSwap(true, false) {
		s.taken <- sample() // has room: one is wanted at a time
	}
}

// Take asks for the next served answer, and waits for it; the error is that of the context. One caller at a time
// may wait.
func (s *Samples) Take(ctx context.Context) (Sample, error) {
	s.wanted.Store(true)
	select {
	case sample := <-s.taken:
		return sample, nil
	case <-ctx.Done():
		if !s.wanted.CompareAndSwap(true, false) {
			<-s.taken // an Offer is in progress
		}
		return Sample{}, context.Cause(ctx)
	}
}
