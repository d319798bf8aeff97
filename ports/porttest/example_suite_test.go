package porttest_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

// limiter is an adapter of your own: a rate limiter over a map.
type limiter struct {
	mu    sync.Mutex
	until map[ports.Client]time.Time // the time at which all use of the client is forgotten
}

func newLimiter() *limiter { return &limiter{until: map[ports.Client]time.Time{}} }

func (l *limiter) Take(
	_ context.Context, client ports.Client, cost, limit time.Duration,
) (time.Duration, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	used := max(l.until[client].Sub(now), 0)
	if used+cost > limit {
		return used, false, nil
	}
	l.until[client] = now.Add(used + cost)
	return used + cost, true, nil
}

// An adapter joins its suite with one function, which makes a new value for each case. In your package it is a test.
func joinSuite(t *testing.T) {
	porttest.RateLimiter(t, func(*testing.T) ports.RateLimiter { return newLimiter() })
}

// A client with room for two requests is refused the third.
func ExampleRateLimiter() {
	limiter, client := newLimiter(), ports.ClientWith("key")
	for range 3 {
		_, ok, err := limiter.Take(context.Background(), client, time.Minute, 2*time.Minute)
		fmt.Println(ok, err)
	}
	// Output:
	// true <nil>
	// true <nil>
	// false <nil>
}
