package main

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// janitor removes what has been stored long enough.
type janitor struct {
	duties []duty
	log    *zap.Logger
}

// duty is one kind of thing to remove.
type duty struct {
	what      string
	prune     func(ctx context.Context, before time.Time) (removed int64, err error)
	retention time.Duration // how old it may be; 0 for what says itself when it expires
}

const (
	janitorPause    = 10 * time.Minute // the longest pause between two rounds
	janitorMinPause = time.Second
	janitorLimit    = time.Minute
)

// pause is a tenth of the shortest retention, so that nothing is stored much longer than it has to be.
func (j *janitor) pause() time.Duration {
	pause := janitorPause
	for _, d := range j.duties {
		if d.retention > 0 {
			pause = min(pause, d.retention/10)
		}
	}
	return max(pause, janitorMinPause)
}

// run cleans now and then until the context ends.
func (j *janitor) run(ctx context.Context) {
	ticker := time.NewTicker(j.pause())
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
	for _, d := range j.duties {
		j.do(ctx, d, now.Add(-d.retention))
	}
}

func (j *janitor) do(ctx context.Context, d duty, before time.Time) {
	ctx, cancel := context.WithTimeout(ctx, janitorLimit)
	defer cancel()
	removed, err := d.prune(ctx, before)
	switch {
	case err != nil && ctx.Err() == nil:
		j.log.Warn("cannot remove "+d.what, zap.Error(err))
	case removed > 0:
		j.log.Info("removed "+d.what, zap.Int64("removed", removed))
	}
}
