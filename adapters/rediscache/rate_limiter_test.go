package rediscache_test

import (
	"errors"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/rediscache"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

func TestRateLimiterKeepsThePortsPromises(t *testing.T) {
	porttest.RateLimiter(t, func(t *testing.T) ports.RateLimiter {
		return open(t, rediscache.Options{URL: servicetest.Redis(t), Timeout: patient})
	})
}

var client1 = ports.ClientWith("1")

func TestProcessesCountAClientTogether(t *testing.T) {
	url := servicetest.Redis(t)
	for range 4 { // processes
		cache := open(t, rediscache.Options{URL: url, Timeout: patient})
		if _, ok, err := cache.Take(t.Context(), client1, 15*time.Minute, time.Hour); !ok || err != nil {
			t.Fatalf("refused before the limit: %v", err)
		}
	}
	cache := open(t, rediscache.Options{URL: url, Timeout: patient})
	if used, ok, err := cache.Take(t.Context(), client1, time.Minute, time.Hour); ok || err != nil ||
		used < 59*time.Minute {
		t.Errorf("beyond the limit: %v used, let through: %t, error %v", used, ok, err)
	}
}

// A client that stays away leaves nothing behind.
func TestWhatIsStoredOfAClientEndsWhenItIsForgotten(t *testing.T) {
	url := servicetest.Redis(t)
	cache, plain := open(t, rediscache.Options{URL: url, Timeout: patient}), client(t, url)
	if _, _, err := cache.Take(t.Context(), client1, time.Minute, time.Hour); err != nil {
		t.Fatal(err)
	}
	keys := plain.Keys(t.Context(), "*").Val()
	if len(keys) != 1 || keys[0] != "gable:rate:key 1" {
		t.Fatalf("stored under %q", keys)
	}
	if ends := plain.TTL(t.Context(), keys[0]).Val(); ends <= 50*time.Second || ends > time.Minute {
		t.Errorf("the key expires after %v", ends)
	}
}

// A foreign value under a client's key locks the client out for no longer than its limit.
func TestNonsenseUnderAClientsKeyDoesLittleHarm(t *testing.T) {
	url := servicetest.Redis(t)
	cache, plain := open(t, rediscache.Options{URL: url, Timeout: patient}), client(t, url)
	for _, value := range []string{"", "x", "nan", "-inf", "-1", "1e3", "0x10", string(make([]byte, 5_000))} {
		if err := plain.Set(t.Context(), "gable:rate:key 1", value, 0).Err(); err != nil {
			t.Fatal(err)
		}
		if used, ok, err := cache.Take(t.Context(), client1, time.Minute, time.Hour); !ok || err != nil ||
			used != time.Minute {
			t.Errorf("after %.9q: %v used, let through: %t, error %v", value, used, ok, err)
		}
	}
	for _, value := range []string{"inf", "1e300", "99999999999999999999999999999999999"} {
		plain.Set(t.Context(), "gable:rate:key 1", value, 0)
		if used, ok, err := cache.Take(t.Context(), client1, time.Minute, time.Hour); ok || err != nil || used != time.Hour {
			t.Errorf("after %q: %v used, let through: %t, error %v", value, used, ok, err)
		}
		if used, ok, err := cache.Take(t.Context(), client1, time.Minute, 3*time.Hour); ok || err != nil ||
			used != 3*time.Hour {
			t.Errorf("after %q: %v used, let through: %t, error %v", value, used, ok, err)
		}
	}
	plain.Del(t.Context(), "gable:rate:key 1")
	plain.RPush(t.Context(), "gable:rate:key 1", "item")
	if _, ok, err := cache.Take(t.Context(), client1, time.Minute, time.Hour); ok ||
		!errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("after a list: let through: %t, error %v", ok, err)
	}
	wantBreaker(t, cache, "closed")
}

// A user without the right to run scripts can use the cache, but cannot count clients. That is not reported as an
// outage.
func TestWithoutTheRightToScriptsOnlyCountingFails(t *testing.T) {
	const cacheRights = "~gable:* +ping +getrange +set +unlink +scan +hello"
	said := &changes{}
	cache := open(t, rediscache.Options{
		URL: asUser(t, servicetest.StartRedis(t).URL(), cacheRights), Timeout: patient, Changed: said.add,
	})
	for range 10 {
		if _, ok, err := cache.Take(t.Context(), client1, time.Minute, time.Hour); ok ||
			!errors.Is(err, ports.ErrUnavailable) {
			t.Fatalf("let through: %t, error %v", ok, err)
		}
	}
	set(t, cache, "key", "value")
	wantCached(t, cache, "key", "value")
	wantBreaker(t, cache, "closed")
	said.want(t)

	server := servicetest.StartRedis(t).URL()
	cache = open(t, rediscache.Options{URL: asUser(t, server, cacheRights+" +evalsha +eval +time"), Timeout: patient})
	if _, ok, err := cache.Take(t.Context(), client1, time.Minute, time.Hour); !ok || err != nil {
		t.Errorf("with the rights named in the error: let through: %t, error %v", ok, err)
	}
}
