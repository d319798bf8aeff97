package rediscache_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/gable-listings/gable/adapters/rediscache"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

func TestMain(m *testing.M) { os.Exit(servicetest.Main(m)) }

// patient is a time limit for tests with a healthy Redis on a machine that may be busy.
const patient = 5 * time.Second

func open(t testing.TB, o rediscache.Options) *rediscache.Cache {
	t.Helper()
	cache, err := rediscache.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cache.Close() })
	return cache
}

// client returns a plain client of the same Redis.
func client(t testing.TB, url string) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	t.Cleanup(func() { c.Close() })
	return c
}

func set(t testing.TB, cache *rediscache.Cache, key, value string) {
	t.Helper()
	if err := cache.Set(t.Context(), key, []byte(value), time.Hour); err != nil {
		t.Fatal(err)
	}
}

func wantCached(t testing.TB, cache *rediscache.Cache, key, want string) {
	t.Helper()
	if value, found, err := cache.Get(t.Context(), key); err != nil || !found || string(value) != want {
		t.Fatalf("under %q there is %q (found: %t, error %v), not %q", key, value, found, err, want)
	}
}

func TestCacheKeepsThePortsPromises(t *testing.T) {
	const largest = 50_000
	porttest.Cache(t, func(t *testing.T) ports.Cache {
		return open(t, rediscache.Options{URL: servicetest.Redis(t), Timeout: patient, MaxValueBytes: largest})
	}, porttest.CacheFeatures{LargestValue: largest})
}

func TestCacheOnAClusterKeepsThePortsPromises(t *testing.T) {
	const largest = 50_000
	url := servicetest.StartRedis(t, "--cluster-enabled", "yes").URL()
	node := client(t, url)
	if err := node.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	await(t, "the cluster to be whole", func() bool { return node.Set(t.Context(), "probe", "", 0).Err() == nil })
	clusterURL := "redis+cluster://" + node.Options().Addr
	porttest.Cache(t, func(t *testing.T) ports.Cache {
		cache := open(t, rediscache.Options{URL: clusterURL, Timeout: patient, MaxValueBytes: largest})
		if err := cache.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		return cache
	}, porttest.CacheFeatures{LargestValue: largest})
}

func TestPurgeLeavesForeignKeysAlone(t *testing.T) {
	url := servicetest.Redis(t)
	cache, plain := open(t, rediscache.Options{URL: url, Timeout: patient}), client(t, url)
	set(t, cache, "key", "ours")
	foreign := []string{"key", "gable", "gables:key", "another:gable:key"}
	for _, key := range foreign {
		if err := plain.Set(t.Context(), key, "foreign", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := cache.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, found, _ := cache.Get(t.Context(), "key"); found {
		t.Error("our own entry is still there")
	}
	for _, key := range foreign {
		if value, err := plain.Get(t.Context(), key).Result(); value != "foreign" {
			t.Errorf("the foreign key %s holds %q, error %v", key, value, err)
		}
	}
}

func TestAPurgeIsSeenByEveryProcess(t *testing.T) {
	url := servicetest.Redis(t)
	one := open(t, rediscache.Options{URL: url, Timeout: patient})
	other := open(t, rediscache.Options{URL: url, Timeout: patient})
	set(t, one, "key", "value")
	wantCached(t, other, "key", "value")
	if err := other.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, found, err := one.Get(t.Context(), "key"); found || err != nil {
		t.Errorf("found: %t, error %v", found, err)
	}
}

func TestAValueOfAnotherTypeIsAMissAndCanBeReplaced(t *testing.T) {
	url := servicetest.Redis(t)
	cache := open(t, rediscache.Options{URL: url, Timeout: patient})
	if err := client(t, url).RPush(t.Context(), "gable:key", "item").Err(); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		value, found, err := cache.Get(t.Context(), "key")
		if value != nil || found || !errors.Is(err, ports.ErrUnavailable) {
			t.Fatalf("value %q, found: %t, error %v", value, found, err)
		}
	}
	wantBreaker(t, cache, "closed")
	set(t, cache, "key", "value")
	wantCached(t, cache, "key", "value")
}

// A foreign value is never read into memory beyond the size of the largest value that this cache writes.
func TestAHugeValueIsAMissAndIsNotRead(t *testing.T) {
	const largest, huge = 50_000, 64 << 20
	url := servicetest.Redis(t)
	cache, plain := open(t, rediscache.Options{URL: url, Timeout: patient, MaxValueBytes: largest}), client(t, url)
	for name, put := range map[string]func() error{
		"one byte too long": func() error { return plain.Set(t.Context(), "gable:key", make([]byte, largest+1), 0).Err() },
		"64 MiB":            func() error { return plain.SetRange(t.Context(), "gable:key", huge-1, "x").Err() },
		"64 MiB of bits":    func() error { return plain.SetBit(t.Context(), "gable:key", huge*8-1, 1).Err() },
	} {
		t.Run(name, func(t *testing.T) {
			if err := plain.Del(t.Context(), "gable:key").Err(); err != nil {
				t.Fatal(err)
			}
			if err := put(); err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			value, found, err := cache.Get(t.Context(), "key")
			runtime.ReadMemStats(&after)
			if value != nil || found || !errors.Is(err, ports.ErrUnavailable) {
				t.Errorf("%d bytes, found: %t, error %v", len(value), found, err)
			}
			if taken := after.TotalAlloc - before.TotalAlloc; taken > 1<<20 {
				t.Errorf("it took %d bytes of memory", taken)
			}
			wantBreaker(t, cache, "closed")
			set(t, cache, "key", "value")
			wantCached(t, cache, "key", "value")
		})
	}
}

func TestAFlushIsAMiss(t *testing.T) {
	url := servicetest.Redis(t)
	cache := open(t, rediscache.Options{URL: url, Timeout: patient})
	set(t, cache, "key", "value")
	if err := client(t, url).FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if _, found, err := cache.Get(t.Context(), "key"); found || err != nil {
		t.Errorf("found: %t, error %v", found, err)
	}
}

func TestAFullRedisRefusesSetAndStillAnswersGet(t *testing.T) {
	server := servicetest.StartRedis(t)
	cache := open(t, rediscache.Options{URL: server.URL(), Timeout: patient})
	set(t, cache, "key", "value")
	if err := client(t, server.URL()).ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		err := cache.Set(t.Context(), fmt.Sprint("new ", i), []byte("value"), time.Hour)
		if !errors.Is(err, ports.ErrUnavailable) {
			t.Fatalf("set: %v", err)
		}
	}
	wantBreaker(t, cache, "closed")
	wantCached(t, cache, "key", "value")
	if err := cache.Purge(t.Context()); err != nil {
		t.Errorf("purge: %v", err)
	}
}

func TestACallerThatGoesAwayDoesNotOpenTheBreaker(t *testing.T) {
	server := servicetest.StartRedis(t)
	cache := open(t, rediscache.Options{URL: server.URL(), Timeout: 200 * time.Millisecond})
	server.Pause()
	defer server.Resume()
	for range 10 {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := cache.Get(ctx, "key"); !errors.Is(err, context.Canceled) || !errors.Is(err, ports.ErrUnavailable) {
			t.Fatalf("get: %v", err)
		}
	}
	wantBreaker(t, cache, "closed")
}

func BenchmarkCacheGet(b *testing.B) {
	cache := open(b, rediscache.Options{URL: servicetest.Redis(b), Timeout: patient})
	set(b, cache, "key", string(make([]byte, 10_000)))
	b.ReportAllocs()
	for b.Loop() {
		if _, found, err := cache.Get(b.Context(), "key"); !found {
			b.Fatal(err)
		}
	}
}

func BenchmarkCacheSet(b *testing.B) {
	cache := open(b, rediscache.Options{URL: servicetest.Redis(b), Timeout: patient})
	value := make([]byte, 10_000)
	b.ReportAllocs()
	for b.Loop() {
		if err := cache.Set(b.Context(), "key", value, time.Hour); err != nil {
			b.Fatal(err)
		}
	}
}
