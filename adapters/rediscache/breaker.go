package rediscache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"
)

// The breaker opens after failuresToOpen failures in a row. After a pause it lets one call through to try again.
const (
	failuresToOpen = 5
	openFor        = 500 * time.Millisecond
)

func newBreaker() *gobreaker.CircuitBreaker[[]byte] {
	return gobreaker.NewCircuitBreaker[[]byte](gobreaker.Settings{
		Timeout:      openFor,
		ReadyToTrip:  func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= failuresToOpen },
		IsSuccessful: answered,
		IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) },
	})
}

// answered reports whether Redis replied. A refusal (out of memory, wrong type, still loading) is a quick answer,
// too; the breaker only guards against waiting.
func answered(err error) bool {
	var reply redis.Error
	return err == nil || errors.As(err, &reply)
}

// call runs a command within the time limit. While the breaker is open it fails at once, with the cause. A caller
// that leaves early does not count as a failure of Redis.
func (c *Cache) call(ctx context.Context, command func(context.Context) ([]byte, error)) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	value, err := c.breaker.Execute(func() ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, c.timeout)
		defer cancel()
		value, err := command(ctx)
		c.health.note(err)
		return value, err
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		err = fmt.Errorf("%w: %w", err, c.health.lastCause())
	}
	return value, err
}

// BreakerState returns "closed" while calls go through, "open" while they fail at once, and "half-open" while one
// call tests whether Redis is back.
func (c *Cache) BreakerState() string { return c.breaker.State().String() }
