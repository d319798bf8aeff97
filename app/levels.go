package main

import (
	"context"
	"fmt"
	"sync/atomic"

	webproblem "github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/ports"
)

// levels are what the two cache levels count, and how some of their answers get to whoever verifies them.
type levels struct{ view, query *level }

// level is one of them.
type level struct {
	name     string
	counters *ports.Counters
	samples  *ports.Samples
	// What came of verifying its answers.
	verified, undecided, violations atomic.Uint64
}

func newLevels() *levels { return &levels{newLevel("view"), newLevel("query")} }

func newLevel(name string) *level {
	return &level{name: name, counters: new(ports.Counters), samples: ports.NewSamples()}
}

func (l *levels) each() []*level { return []*level{l.view, l.query} }

// reads is how many reads have asked the caches.
func (l *levels) reads() (n uint64) {
	for _, each := range l.each() {
		f := each.counters.Figures()
		n += f.Answered() + f.Loaded()
	}
	return n
}

// viewLevel and queryLevel are the two cache levels as /v1/cache and the metrics see them.
type viewLevel struct{ *viewcache.Cache }

// Figures implements api.Level.
func (l viewLevel) Figures() ports.Figures { return l.Counters().Figures() }

// Size implements api.Level.
func (l viewLevel) Size(context.Context) (entries, bytes int64) { return l.Cache.Size() }

// Purge implements api.Level.
func (l viewLevel) Purge(context.Context) error {
	l.Cache.Purge()
	return nil
}

type queryLevel struct {
	ports.Cache
	counters *ports.Counters
}

// newQueryLevel shows a cache and what its level counts.
func newQueryLevel(cache ports.Cache, l *levels) queryLevel {
	return queryLevel{cache, l.query.counters}
}

// Figures implements api.Level.
func (l queryLevel) Figures() ports.Figures { return l.counters.Figures() }

// Purge implements api.Level. Whoever asks for it is told which of the two that can be away is.
func (l queryLevel) Purge(ctx context.Context) error {
	if err := l.Cache.Purge(ctx); err != nil {
		return fmt.Errorf("%w: %w", webproblem.Refuse(webproblem.Unavailable, "The query cache cannot be reached at the moment."), err)
	}
	return nil
}

// Size implements api.Level; -1 where the cache cannot tell.
func (l queryLevel) Size(ctx context.Context) (entries, bytes int64) {
	entries, bytes, err := l.Cache.Size(ctx)
	if err != nil {
		return -1, -1
	}
	return entries, bytes
}
