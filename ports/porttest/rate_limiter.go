package porttest

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gable-listings/gable/ports"
)

// RateLimiter checks that a rate limiter keeps every promise of ports.RateLimiter. newLimiter returns a rate limiter
// without any clients at each call.
func RateLimiter(t *testing.T, newLimiter func(t *testing.T) ports.RateLimiter) {
	runCases(t, rateLimiterCases, func(t *testing.T) counting { return counting{t, newLimiter(t)} })
}

// counting is a rate limiter under test. A step that must succeed ends the case when it fails.
type counting struct {
	t       reporter
	limiter ports.RateLimiter
}

var (
	client1 = ports.ClientAt(netip.MustParseAddr("192.0.2.1"))
	others  = []ports.Client{
		ports.ClientAt(netip.MustParseAddr("192.0.2.2")), ports.ClientAt(netip.MustParseAddr("2001:db8::1")),
		ports.ClientAt(netip.MustParseAddr("2001:db8:0:1::1")), ports.ClientAt(netip.Addr{}),
		ports.ClientWith("a"), ports.ClientWith("b"), ports.ClientWith("192.0.2.1"),
	}
)

func (c counting) take(client ports.Client, cost, limit time.Duration) (time.Duration, bool) {
	c.t.Helper()
	used, ok, err := c.limiter.Take(c.t.Context(), client, cost, limit)
	if err != nil {
		c.t.Fatalf("take: %v", err)
	}
	return used, ok
}

// wantUsed compares the used amount with what it would be without the time that has passed since a moment.
func (c counting) wantUsed(used, want time.Duration, since time.Time) {
	c.t.Helper()
	if used > want || used < want-time.Since(since)-time.Millisecond {
		c.t.Fatalf("%v are used, want %v less what has passed since", used, want)
	}
}

var rateLimiterCases = []suiteCase[counting]{
	{"costs_add_up", "Take adds the cost to what the client has used, and returns the sum.", func(c counting) {
		began := time.Now()
		for i := range 5 {
			used, ok := c.take(client1, time.Minute, time.Hour)
			if !ok {
				c.t.Fatalf("minute %d is refused at a limit of an hour", i+1)
			}
			c.wantUsed(used, time.Duration(i+1)*time.Minute, began)
		}
	}},
	{"the_limit_may_be_reached", "A cost that brings the sum exactly to the limit is allowed.", func(c counting) {
		if _, ok := c.take(client1, time.Hour, time.Hour); !ok {
			c.t.Fatalf("an hour is refused at a limit of an hour")
		}
	}},
	{"more_than_the_limit_is_refused",
		"A sum above the limit is refused, and the used amount is returned.", func(c counting) {
			began := time.Now()
			c.take(client1, 40*time.Minute, time.Hour)
			used, ok := c.take(client1, 30*time.Minute, time.Hour)
			if ok {
				c.t.Fatalf("70 minutes pass a limit of an hour")
			}
			c.wantUsed(used, 40*time.Minute, began)
		}},
	{"what_is_refused_costs_nothing", "A take that is refused adds nothing: a smaller one still fits.", func(c counting) {
		began := time.Now()
		c.take(client1, 40*time.Minute, time.Hour)
		for range 10 {
			c.take(client1, 30*time.Minute, time.Hour)
		}
		used, ok := c.take(client1, 20*time.Minute, time.Hour)
		if !ok {
			c.t.Fatalf("20 minutes after 40 are refused at a limit of an hour")
		}
		c.wantUsed(used, time.Hour, began)
	}},
	{"the_limit_is_the_calls_own", "Each call has its own cost and limit.", func(c counting) {
		c.take(client1, 10*time.Minute, time.Hour)
		if _, ok := c.take(client1, time.Second, 5*time.Minute); ok {
			c.t.Fatalf("a smaller limit is ignored")
		}
		if _, ok := c.take(client1, 5*time.Hour, 6*time.Hour); !ok {
			c.t.Fatalf("a larger limit is ignored")
		}
	}},
	{"clients_are_apart", "The use of one client never counts for another, of whatever kind.", func(c counting) {
		c.take(client1, time.Hour, time.Hour)
		for _, other := range others {
			if used, ok := c.take(other, time.Hour, time.Hour); !ok {
				c.t.Fatalf("%v has used %v before its first call", other, used)
			}
			if _, ok := c.take(other, time.Hour, time.Hour); ok {
				c.t.Fatalf("%v is not counted", other)
			}
		}
	}},
	{"a_network_is_one_client",
		"Addresses with the same first 64 bits of IPv6 are one client, and so is IPv4 written as IPv6.",
		func(c counting) {
			for one, same := range map[string]string{"2001:db8::1": "2001:db8::ffff:1", "192.0.2.9": "::ffff:192.0.2.9"} {
				c.take(ports.ClientAt(netip.MustParseAddr(one)), time.Hour, time.Hour)
				if _, ok := c.take(ports.ClientAt(netip.MustParseAddr(same)), time.Second, time.Hour); ok {
					c.t.Fatalf("%s is another client than %s", same, one)
				}
			}
		}},
	{"what_is_used_is_forgotten_with_time", "The used amount shrinks at the pace of the clock, and not faster.",
		func(c counting) {
			const limit = 4 * brief
			began := time.Now()
			c.take(client1, limit, limit)
			for {
				used, ok := c.take(client1, brief, limit)
				passed := time.Since(began)
				if ok && passed < brief-time.Millisecond {
					c.t.Fatalf("%v are free again after only %v", brief, passed)
				}
				if ok {
					c.wantUsed(used, limit, began)
					return
				}
				if passed > 100*brief {
					c.t.Fatalf("after %v, %v are still used", passed, used)
				}
				time.Sleep(time.Millisecond)
			}
		}},
	{"takes_at_once_count_each",
		"Concurrent takes each see those before them: together they never exceed the limit.",
		func(c counting) {
			var let atomic.Int32
			var workers sync.WaitGroup
			failures := make(chan error, 8)
			for range 8 {
				workers.Go(func() {
					for range 25 {
						_, ok, err := c.limiter.Take(c.t.Context(), client1, time.Minute, 100*time.Minute)
						if err != nil {
							failures <- err
							return
						}
						if ok {
							let.Add(1)
						}
					}
				})
			}
			workers.Wait()
			close(failures)
			for err := range failures {
				c.t.Fatalf("take: %v", err)
			}
			if n := let.Load(); n < 100 || n > 101 { // a minute may pass
				c.t.Fatalf("%d of 200 takes of a minute passed a limit of 100", n)
			}
		}},
}
