package rediscache_test

import (
	"errors"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/rediscache"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/ports"
)

// The time limit of a call in these tests, and what a busy machine may add to it.
const (
	short = 100 * time.Millisecond
	slack = 2 * time.Second
)

// await polls until a condition holds, such as that Redis is back or that the breaker tries again.
func await(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting for %s", what)
		}
	}
}

func wantBreaker(t testing.TB, cache *rediscache.Cache, want string) {
	t.Helper()
	if state := cache.BreakerState(); state != want {
		t.Fatalf("the breaker is %s, not %s", state, want)
	}
}

// wantUnavailable makes every call once; each must fail as unavailable, and soon.
func wantUnavailable(t testing.TB, cache *rediscache.Cache) {
	t.Helper()
	_, found, get := cache.Get(t.Context(), "key")
	if found {
		t.Fatal("a value came out of a Redis that is away")
	}
	calls := map[string]func() error{
		"get":    func() error { return get },
		"set":    func() error { return cache.Set(t.Context(), "key", []byte("value"), time.Hour) },
		"delete": func() error { return cache.Delete(t.Context(), "key") },
		"purge":  func() error { return cache.Purge(t.Context()) },
		"ping":   func() error { return cache.Ping(t.Context()) },
	}
	for name, call := range calls {
		began := time.Now()
		if err := call(); !errors.Is(err, ports.ErrUnavailable) {
			t.Fatalf("%s: the error is %v, not %q", name, err, ports.ErrUnavailable)
		}
		if took := time.Since(began); took > short+slack {
			t.Fatalf("%s took %v with a limit of %v", name, took, short)
		}
	}
}

// wantBackByItself checks that the cache works again soon and closes its breaker.
func wantBackByItself(t testing.TB, cache *rediscache.Cache) {
	t.Helper()
	await(t, "the cache to come back", func() bool {
		return cache.Set(t.Context(), "key", []byte("value"), time.Hour) == nil
	})
	wantBreaker(t, cache, "closed")
	wantCached(t, cache, "key", "value")
	if err := cache.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestServiceStartsWithoutRedisAndFindsItLater(t *testing.T) {
	server := servicetest.StartRedis(t)
	server.Kill()
	cache := open(t, rediscache.Options{URL: server.URL(), Timeout: short})
	wantUnavailable(t, cache)
	wantBreaker(t, cache, "open")
	server.Start()
	wantBackByItself(t, cache)
}

func TestCacheSurvivesARestartOfRedis(t *testing.T) {
	server := servicetest.StartRedis(t)
	cache := open(t, rediscache.Options{URL: server.URL(), Timeout: short})
	wantBackByItself(t, cache)
	for range 2 {
		server.Kill()
		wantUnavailable(t, cache)
		server.Start()
		wantBackByItself(t, cache)
	}
}

func TestAFrozenRedisCostsItsTimeLimitAFewTimesAndThenNothing(t *testing.T) {
	server := servicetest.StartRedis(t)
	cache := open(t, rediscache.Options{URL: server.URL(), Timeout: short})
	wantBackByItself(t, cache)
	server.Pause()
	wantUnavailable(t, cache)
	wantBreaker(t, cache, "open")
	began := time.Now()
	refused := 0
	for cache.BreakerState() == "open" && refused < 1000 {
		if _, _, err := cache.Get(t.Context(), "key"); !errors.Is(err, ports.ErrUnavailable) {
			t.Fatalf("get: %v", err)
		}
		refused++
	}
	if took := time.Since(began); refused < 10 || took > slack {
		t.Errorf("with the breaker open %d calls took %v", refused, took)
	}
	server.Resume()
	wantBackByItself(t, cache)
}

func TestARedisThatNeverExistedIsOnlyUnavailable(t *testing.T) {
	for _, url := range []string{
		"redis://127.0.0.1:1", "unix:///nonexistent/redis.sock",
		"redis+cluster://127.0.0.1:1", "redis+sentinel://127.0.0.1:1?master_name=gable",
	} {
		t.Run(url, func(t *testing.T) {
			wantUnavailable(t, open(t, rediscache.Options{URL: url, Timeout: short}))
		})
	}
}
