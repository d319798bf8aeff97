package ports

import (
	"context"
	"errors"
	"time"

	"github.com/gable-listings/gable/ports/cachestat"
)

// Reading travels with a read through the layers, in its context: down goes how fresh the answer has to be, up comes which
// cache answered. One Reading belongs to one request and is used by one goroutine at a time.
type Reading struct {
	// Uncached asks for the store's own answer: caches neither answer nor keep it.
	Uncached bool
	// OnlyKept asks for what a cache can answer without the store; where none can the read fails with ErrNotKept.
	OnlyKept bool
	// Tolerance is how long ago an answer may last have been known to be true, if the store cannot be reached. 0: such
	// answers are not wanted.
	Tolerance time.Duration
	// Aside, if not nil, runs a wait for the store or for another request's load. Meanwhile the request does not count
	// among those that are worked on.
	Aside func(wait func())
	// Outcome is the query cache's part in the answer; of several reads, the least lucky one.
	Outcome cachestat.Outcome
	// Age is how long ago the answer was last known to be true, when the store could not be reached; else 0.
	Age time.Duration
}

// ErrNotKept says that no cache has the answer, and the reader did not want the store to be asked.
var ErrNotKept = errors.New("no cache has the answer")

// Note keeps the less lucky of the outcomes noted so far. A nil Reading ignores it.
func (r *Reading) Note(o cachestat.Outcome) {
	if r != nil {
		r.Outcome = max(r.Outcome, o)
	}
}

type readingKey struct{}

// WithReading returns a context that carries the reading.
func WithReading(ctx context.Context, r *Reading) context.Context {
	return context.WithValue(ctx, readingKey{}, r)
}

// ReadingFrom returns the context's reading, or nil when it carries none.
func ReadingFrom(ctx context.Context) *Reading {
	r, _ := ctx.Value(readingKey{}).(*Reading)
	return r
}
