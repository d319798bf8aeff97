package ports

import (
	"context"
	"errors"
	"time"

	"github.com/gable-listings/gable/ports/cachestat"
)

// ReadOptions are a reader's instructions to the caches. A context carries them down to the caches; the result
// comes back as a ReadInfo. The zero value is the default.
type ReadOptions struct {
	// Uncached asks for the store's own answer: no cache answers, and no cache stores the answer.
	Uncached bool
	// OnlyCached asks for a cached answer. Where no cache has one the read fails with ErrNotCached.
	OnlyCached bool
	// Tolerance is the greatest age of an answer that is used when the store cannot be reached. The age is the time
	// since the answer was last known to be current. 0 refuses such answers.
	Tolerance time.Duration
	// Aside, if not nil, runs a wait for the store or for another request's load. During the wait the request does
	// not count as one that is being worked on.
	Aside func(wait func())
}

// ReadInfo is what the caches did for a read. It is returned together with an error, too.
type ReadInfo struct {
	// Outcome is the query cache's part in the answer.
	Outcome cachestat.Outcome
	// Age is the time since the answer was last known to be current, when the store could not be reached; else 0.
	Age time.Duration
}

// And combines the reads that one answer is made from: the least lucky outcome and the greatest age.
func (i ReadInfo) And(other ReadInfo) ReadInfo {
	return ReadInfo{Outcome: max(i.Outcome, other.Outcome), Age: max(i.Age, other.Age)}
}

// ErrNotCached means that no cache has the answer, and the options forbid the store.
var ErrNotCached = errors.New("no cache has the answer")

type readOptionsKey struct{}

// WithReadOptions returns a context that carries the options of the reads made with it.
func WithReadOptions(ctx context.Context, o ReadOptions) context.Context {
	return context.WithValue(ctx, readOptionsKey{}, o)
}

// ReadOptionsFrom returns the options that the context carries, or the default.
func ReadOptionsFrom(ctx context.Context) ReadOptions {
	o, _ := ctx.Value(readOptionsKey{}).(ReadOptions)
	return o
}
