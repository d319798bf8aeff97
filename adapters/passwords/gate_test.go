package passwords

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gable-listings/gable/ports"
)

// crowd counts the callers inside a gate: now, at most, and in all.
type crowd struct {
	mu                   sync.Mutex // guards all
	inside, most, served int
}

func (c *crowd) work() {
	c.step(+1, 0)
	time.Sleep(50 * time.Millisecond)
	c.step(-1, +1)
}

func (c *crowd) step(inside, served int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inside += inside
	c.served += served
	c.most = max(c.most, c.inside)
}

func (c *crowd) counted() (most, served int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.most, c.served
}

func TestFewWorkFewWaitAndTheOthersAreRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, began := newGate(2, 10), time.Now()
		var c crowd
		var refused atomic.Int64
		for range 100 {
			go func() {
				err := g.pass(t.Context(), c.work)
				if err == nil {
					return
				}
				if refused.Add(1); !errors.Is(err, ports.ErrUnavailable) || time.Since(began) > 0 {
					t.Errorf("refused after %s: %v", time.Since(began), err)
				}
			}()
		}
		time.Sleep(time.Second)
		if most, served := c.counted(); most != 2 || served != 12 || refused.Load() != 88 {
			t.Errorf("%d at once, %d served, %d refused", most, served, refused.Load())
		}
		if err := g.pass(t.Context(), c.work); err != nil {
			t.Errorf("after the rush: %v", err)
		}
	})
}

func TestAWaitingCallerLeavesWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 1)
		var c crowd
		go func() { _ = g.pass(t.Context(), func() { time.Sleep(time.Second) }) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		err := g.pass(ctx, c.work)
		if !errors.Is(err, ports.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) ||
			time.Since(began) != 100*time.Millisecond {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		if err := g.pass(t.Context(), c.work); err != nil || c.served != 1 {
			t.Errorf("taking the place of a caller that left: %v, %d served", err, c.served)
		}
	})
}
