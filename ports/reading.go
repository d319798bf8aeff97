package ports

import "context"

// Reading travels with a read through the layers, in its context: down goes how fresh the answer has to be, up comes which
// cache answered. One Reading belongs to one request and is used by one goroutine at a time.
type Reading struct {
	// Uncached asks for the store's own answer: caches neither answer nor keep it.
	Uncached bool
	// Outcome is the query cache's part in the answer; of several reads, the least lucky one.
	Outcome Outcome
}

// Outcome says what a cache did for a read, from lucky to unlucky.
type Outcome int8

// The outcomes. None: no cache was asked. Hit: the kept answer was true. Patched: it was brought up to date without the
// store. Coalesced: another request was already loading it. Stale: it had been touched by a change and was loaded anew.
// Miss: nothing was kept. Bypassed: the caches were passed by.
const (
	OutcomeNone Outcome = iota
	OutcomeHit
	OutcomePatched
	OutcomeCoalesced
	OutcomeStale
	OutcomeMiss
	OutcomeBypassed
)

// String is the outcome in one lower-case word, as logs and metrics show it.
func (o Outcome) String() string {
	return [...]string{"none", "hit", "patched", "coalesced", "stale", "miss", "bypassed"}[o]
}

// Note keeps the less lucky of the outcomes noted so far. A nil Reading ignores it.
func (r *Reading) Note(o Outcome) {
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
