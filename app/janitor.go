package main

import (
	"context"
	"time"

	"github.com/gable-listings/gable/ports"
	"go.uber.org/zap"
)

// janitor removes changes that have been kept long enough.
type janitor struct {
	feed      ports.ChangeFeed
	retention time.Duration
	log       *zap.Logger
}

const (
	janitorPause = 10 * time.Minute
	janitorLimit = time.Minute
)

// run cleans now and then until the context ends.
func (j *janitor) run(ctx context.Context) {
	ticker := time.NewTicker(janitorPause)
	defer ticker.Stop()
	for {
		j.clean(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (j *janitor) clean(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, janitorLimit)
	defer cancel()
	removed, err := j.feed.Prune(ctx, time.Now().Add(-j.retention))
	switch {
	case err != nil && ctx.Err() == nil:
		j.log.Warn("cannot remove old changes", zap.Error(err))
	case removed > 0:
		j.log.Info("removed old changes", zap.Int64("changes", removed))
	}
}
