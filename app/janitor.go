package main

import (
	"context"
	"time"

	"github.com/gable-listings/gable/ports"
	"go.uber.org/zap"
)

// janitor removes changes that have been kept long enough, and sessions that have expired.
type janitor struct {
	feed      ports.ChangeFeed
	retention time.Duration
	sessions  ports.SessionRepository
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
	now := time.Now()
	j.remove(ctx, "old changes", j.feed.Prune, now.Add(-j.retention))
	j.remove(ctx, "expired sessions", j.sessions.PruneSessions, now)
}

func (j *janitor) remove(
	ctx context.Context, what string, prune func(context.Context, time.Time) (int64, error), before time.Time,
) {
	ctx, cancel := context.WithTimeout(ctx, janitorLimit)
	defer cancel()
	removed, err := prune(ctx, before)
	switch {
	case err != nil && ctx.Err() == nil:
		j.log.Warn("cannot remove "+what, zap.Error(err))
	case removed > 0:
		j.log.Info("removed "+what, zap.Int64("removed", removed))
	}
}
