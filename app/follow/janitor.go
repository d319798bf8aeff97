package follow

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// Janitor removes expired records from the database.
type Janitor struct {
	Duties []Duty
	Log    *zap.Logger
}

// Duty is one kind of record to remove.
type Duty struct {
	What      string
	Prune     func(ctx context.Context, before time.Time) (removed int64, err error)
	Retention time.Duration // maximum age; 0 for records with an expiry of their own
}

const (
	janitorPause    = 10 * time.Minute // the longest pause between two rounds
	janitorMinPause = time.Second
	janitorLimit    = time.Minute
)

// pause returns a tenth of the shortest retention, so that no record stays much longer than its retention.
func (j *Janitor) pause() time.Duration {
	pause := janitorPause
	for _, d := range j.Duties {
		if d.Retention > 0 {
			pause = min(pause, d.Retention/10)
		}
	}
	return max(pause, janitorMinPause)
}

// Run cleans now and then until the context ends.
func (j *Janitor) Run(ctx context.Context) {
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

func (j *Janitor) clean(ctx context.Context) {
	now := time.Now()
	for _, d := range j.Duties {
		j.do(ctx, d, now.Add(-d.Retention))
	}
}

func (j *Janitor) do(ctx context.Context, d Duty, before time.Time) {
	ctx, cancel := context.WithTimeout(ctx, janitorLimit)
	defer cancel()
	removed, err := d.Prune(ctx, before)
	switch {
	case err != nil && ctx.Err() == nil:
		j.Log.Warn("cannot remove expired records", zap.String("kind", d.What), zap.Error(err))
	case removed > 0:
		j.Log.Info("expired records removed", zap.String("kind", d.What), zap.Int64("removed", removed))
	}
}
