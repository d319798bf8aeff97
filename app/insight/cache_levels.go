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

// Levels are the counters of the two cache levels, and the samples of their answers for the verifier.
type Levels struct{ View, Query *Level }

// Level is one of them.
type Level struct {
	name     string
	Counters *cachestat.Counters
	Samples  *cachestat.Samples
	// Results of verifying its answers.
	verified, undecided, violations atomic.Uint64
}

// NewLevels makes levels with all counts at zero.
func NewLevels() *Levels {
	return &Levels{newLevel(cachestat.LevelView), newLevel(cachestat.LevelQuery)}
}

func newLevel(name string) *Level {
	return &Level{name: name, Counters: new(cachestat.Counters), Samples: cachestat.NewSamples()}
}

// Each returns both levels.
func (l *Levels) Each() []*Level { return []*Level{l.View, l.Query} }

// Reads returns how many reads the caches have received.
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

// NewQueryLevel combines a cache with the counters of its level.
func NewQueryLevel(cache ports.Cache, l *Levels) QueryLevel {
	return QueryLevel{cache, l.Query.Counters}
}

// Figures implements api.Level.
func (l QueryLevel) Figures() cachestat.Figures { return l.counters.Figures() }

// Purge implements api.Level. The error says that the query cache, not the database, is unavailable.
func (l QueryLevel) Purge(ctx context.Context) error {
	if err := l.Cache.Purge(ctx); err != nil {
		unavailable := problem.Refuse(problem.Unavailable, "The query cache cannot be reached at the moment.")
		return fmt.Errorf("%w: %w", unavailable, err)
	}
	return nil
}

// Size implements api.Level; -1 where the cache does not report it.
func (l QueryLevel) Size(ctx context.Context) (entries, bytes int64) {
	entries, bytes, err := l.Cache.Size(ctx)
	if err != nil {
		return -1, -1
	}
	return entries, bytes
}
