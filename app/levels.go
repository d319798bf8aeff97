package main

import (
	"context"

	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/ports"
)

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

// Figures implements api.Level.
func (l queryLevel) Figures() ports.Figures { return l.counters.Figures() }

// Size implements api.Level; -1 where the cache cannot tell.
func (l queryLevel) Size(ctx context.Context) (entries, bytes int64) {
	entries, bytes, err := l.Cache.Size(ctx)
	if err != nil {
		return -1, -1
	}
	return entries, bytes
}
