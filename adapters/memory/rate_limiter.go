package memory

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/gable-listings/gable/ports"
)

// rememberedClients is how many clients a RateLimiter remembers; they take about 6 MiB.
const rememberedClients = 1 << 15

// RateLimiter is a ports.RateLimiter in the memory of this process. When it is full, it forgets the clients that are
// counted least often. It never fails.
type RateLimiter struct {
	clients *otter.Cache[ports.Client, *atomic.Int64]
	began   time.Time
}

// NewRateLimiter makes a rate limiter without any clients.
func NewRateLimiter() *RateLimiter {
	return &RateLimiter{
		clients: otter.Must(&otter.Options[ports.Client, *atomic.Int64]{MaximumSize: rememberedClients}),
		began:   time.Now(),
	}
}

// Take implements ports.RateLimiter. For each client it stores the time, since the start, at which its use is
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

// Close forgets all clients.
func (r *RateLimiter) Close() error {
	r.clients.InvalidateAll()
	r.clients.StopAllGoroutines()
	return nil
}
