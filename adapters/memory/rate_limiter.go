package memory

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/gable-listings/gable/ports"
	"github.com/maypok86/otter/v2"
)

// rememberedClients is how many clients a RateLimiter remembers, in about 6 MiB.
const rememberedClients = 1 << 15

// RateLimiter is a ports.RateLimiter in the memory of this process. When it is full, the clients that are counted least
// often are forgotten. It never fails.
type RateLimiter struct {
	clients *otter.Cache[ports.Client, *atomic.Int64]
	began   time.Time
}

// NewRateLimiter makes a rate limiter that remembers nobody.
func NewRateLimiter() *RateLimiter {
	return &RateLimiter{
		clients: otter.Must(&otter.Options[ports.Client, *atomic.Int64]{MaximumSize: rememberedClients}),
		began:   time.Now(),
	}
}

// Take implements ports.RateLimiter. What is stored of a client is the time, since the start, at which all is
// forgotten.
func (r *RateLimiter) Take(
	_ context.Context, client ports.Client, cost, limit time.Duration,
) (time.Duration, bool, error) {
	forgotten, found := r.clients.GetIfPresent(client)
	if !found {
		forgotten, _ = r.clients.SetIfAbsent(client, new(atomic.Int64))
	}
	for {
		now, until := time.Since(r.began), forgotten.Load()
		used := max(time.Duration(until)-now, 0)
		if used+cost > limit {
			return used, false, nil
		}
		if forgotten.CompareAndSwap(until, int64(now+used+cost)) {
			return used + cost, true, nil
		}
	}
}

// Close forgets everybody.
func (r *RateLimiter) Close() error {
	r.clients.InvalidateAll()
	r.clients.StopAllGoroutines()
	return nil
}
