package server

import (
	"context"
	"sync"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/adapters/web"
	"github.com/gable-listings/gable/app/accounts"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/ports"
)

// newRateLimit counts requests in the cache where that is a Redis, so that all processes count a client together.
// Answers of the view cache are counted in each process alone, so none of them waits for a network.
func newRateLimit(
	lc fx.Lifecycle, cache ports.Cache, keys *accounts.Keys, log *zap.Logger, c *config.Config,
) web.RateLimit {
	own := memory.NewRateLimiter()
	lc.Append(fx.StopHook(own.Close))
	limits := web.RateLimit{
		PerMinute: c.HTTP.RateLimit, Burst: c.HTTP.RateBurst, Requests: own, Hits: own, Keys: keys,
	}
	if shared, ok := cache.(ports.RateLimiter); ok {
		limits.Requests = &sharedLimiter{shared: shared, own: own, log: log.Named("limits")}
	}
	return limits
}

// sharedLimiter is a ports.RateLimiter that counts together with other processes or, when that fails, alone.
type sharedLimiter struct {
	shared, own ports.RateLimiter
	log         *zap.Logger
	alone       sync.Once
}

// Take implements ports.RateLimiter. It logs once that it counts alone; the cache logs outages of Redis and their
// end.
func (l *sharedLimiter) Take(
	ctx context.Context, client ports.Client, cost, limit time.Duration,
) (time.Duration, bool, error) {
	used, ok, err := l.shared.Take(ctx, client, cost, limit)
	if err == nil {
		return used, ok, nil
	}
	if ctx.Err() == nil {
		l.alone.Do(func() {
			l.log.Warn("shared rate limit unavailable, counting per process",
				zap.String("reason", reason(err)), zap.Error(err))
		})
	}
	return l.own.Take(ctx, client, cost, limit)
}
