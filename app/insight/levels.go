package insight

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// Levels are what the two cache levels count, and how some of their answers get to whoever verifies them.
type Levels struct{ View, Query *Level }

// Level is one of them.
type Level struct {
	name     string
	Counters *cachestat.Counters
	Samples  *cachestat.Samples
	// What came of verifying its answers.
	verified, undecided, violations atomic.Uint64
}

// NewLevels makes levels that have counted nothing.
func NewLevels() *Levels {
	return &Levels{newLevel(cachestat.LevelView), newLevel(cachestat.LevelQuery)}
}

func newLevel(name string) *Level {
	return &Level{name: name, Counters: new(cachestat.Counters), Samples: cachestat.NewSamples()}
}

// Each returns both levels.
func (l *Levels) Each() []*Level { return []*Level{l.View, l.Query} }

// Reads is how many reads have asked the caches.
func (l *Levels) Reads() (n uint64) {
	for _, each := range l.Each() {
		f := each.Counters.Figures()
		n += f.Answered() + f.Loaded()
	}
	return n
}

// ViewLevel is the view cache as /v1/cache and the metrics see it.
type ViewLevel struct{ *viewcache.Cache }

// Figures implements api.Level.
func (l ViewLevel) Figures() cachestat.Figures { return l.Counters().Figures() }

// Size implements api.Level.
func (l ViewLevel) Size(context.Context) (entries, bytes int64) { return l.Cache.Size() }

// Purge implements api.Level.
func (l ViewLevel) Purge(context.Context) error {
	l.Cache.Purge()
	return nil
}

// QueryLevel is the query cache as /v1/cache and the metrics see it.
type QueryLevel struct {
	ports.Cache
	counters *cachestat.Counters
}

// NewQueryLevel shows a cache and what its level counts.
func NewQueryLevel(cache ports.Cache, l *Levels) QueryLevel {
	return QueryLevel{cache, l.Query.Counters}
}

// Figures implements api.Level.
func (l QueryLevel) Figures() cachestat.Figures { return l.counters.Figures() }

// Purge implements api.Level. Whoever asks for it is told which of the two that can be away is.
func (l QueryLevel) Purge(ctx context.Context) error {
	if err := l.Cache.Purge(ctx); err != nil {
		return fmt.Errorf("%w: %w", problem.Refuse(problem.Unavailable, "The query cache cannot be reached at the moment."), err)
	}
	return nil
}

// Size implements api.Level; -1 where the cache cannot tell.
func (l QueryLevel) Size(ctx context.Context) (entries, bytes int64) {
	entries, bytes, err := l.Cache.Size(ctx)
	if err != nil {
		return -1, -1
	}
	return entries, bytes
}
