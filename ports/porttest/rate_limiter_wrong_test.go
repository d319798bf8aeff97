package porttest

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/ports"
)

// mapLimiter is a plain, right rate limiter; each wrong one has something changed.
type mapLimiter struct {
	mu        sync.Mutex
	forgotten map[ports.Client]time.Time

	client func(ports.Client) ports.Client // the client that is counted
	now    func(time.Time) time.Time
	fits   func(used, cost, limit time.Duration) bool
	charge func(used, cost time.Duration, ok bool) time.Duration // the used amount afterwards
	answer func(used, cost time.Duration) time.Duration
	gap    func() // between checking and counting
}

func newMapLimiter() *mapLimiter {
	return &mapLimiter{
		forgotten: map[ports.Client]time.Time{},
		client:    func(c ports.Client) ports.Client { return c },
		now:       func(now time.Time) time.Time { return now },
		fits:      func(used, cost, limit time.Duration) bool { return used+cost <= limit },
		charge: func(used, cost time.Duration, ok bool) time.Duration {
			if !ok {
				cost = 0
			}
			return used + cost
		},
		answer: func(used, _ time.Duration) time.Duration { return used },
	}
}

func (l *mapLimiter) Take(
	_ context.Context, client ports.Client, cost, limit time.Duration,
) (used time.Duration, ok bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	client = l.client(client)
	now := l.now(time.Now())
	used = max(l.forgotten[client].Sub(now), 0)
	if l.gap != nil {
		l.mu.Unlock()
		l.gap()
		l.mu.Lock()
	}
	ok = l.fits(used, cost, limit)
	used = l.charge(used, cost, ok)
	l.forgotten[client] = now.Add(used)
	return l.answer(used, cost), ok, nil
}

var wrongLimiters = []struct {
	wrong, noticed string
	bend           func(*mapLimiter)
}{
	{"counts nothing", "costs_add_up", func(l *mapLimiter) {
		l.charge = func(time.Duration, time.Duration, bool) time.Duration { return 0 }
	}},
	{"returns the amount used before", "costs_add_up", func(l *mapLimiter) {
		l.answer = func(used, cost time.Duration) time.Duration { return used - cost }
	}},
	{"stops short of the limit", "the_limit_may_be_reached", func(l *mapLimiter) {
		l.fits = func(used, cost, limit time.Duration) bool { return used+cost < limit }
	}},
	{"checks the amount used before", "more_than_the_limit_is_refused", func(l *mapLimiter) {
		l.fits = func(used, _, limit time.Duration) bool { return used < limit }
	}},
	{"counts what it refuses", "what_is_refused_costs_nothing", func(l *mapLimiter) {
		l.charge = func(used, cost time.Duration, _ bool) time.Duration { return used + cost }
	}},
	{"has a limit of its own", "the_limit_is_the_calls_own", func(l *mapLimiter) {
		l.fits = func(used, cost, _ time.Duration) bool { return used+cost <= time.Hour }
	}},
	{"counts all clients together", "clients_are_apart", func(l *mapLimiter) {
		l.client = func(ports.Client) ports.Client { return ports.Client{} }
	}},
	{"counts keys together", "clients_are_apart", func(l *mapLimiter) {
		l.client = func(c ports.Client) ports.Client { c.Key = ""; return c }
	}},
	{"never forgets", "what_is_used_is_forgotten_with_time", func(l *mapLimiter) {
		began := time.Now()
		l.now = func(time.Time) time.Time { return began }
	}},
	{"forgets too fast", "what_is_used_is_forgotten_with_time", func(l *mapLimiter) {
		l.now = func(now time.Time) time.Time {
			return now.Add(time.Since(now) + 3*brief/2*time.Duration(len(l.forgotten)))
		}
	}},
	{"checks before it counts", "takes_at_once_count_each", func(l *mapLimiter) {
		l.gap = func() { runtime.Gosched(); time.Sleep(time.Millisecond) }
	}},
}

func TestRateLimiterSuiteAcceptsARightLimiter(t *testing.T) {
	RateLimiter(t, func(*testing.T) ports.RateLimiter { return newMapLimiter() })
}

func TestRateLimiterSuiteNoticesWrongLimiters(t *testing.T) {
	for _, w := range wrongLimiters {
		t.Run(w.wrong, func(t *testing.T) {
			t.Parallel()
			limiter := newMapLimiter()
			w.bend(limiter)
			wantNoticed(t, rateLimiterCases, w.noticed, func(r reporter) counting { return counting{r, limiter} })
		})
	}
}
