package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/config"
	keys "github.com/gable-listings/gable/domain/access"
)

// behindProxy makes requests of this machine come from a trusted proxy, so that they are counted.
func behindProxy(c *config.Config) { c.HTTP.TrustedProxies = "127.0.0.1" }

// from returns the headers of a request that the proxy forwards for an address.
func from(address string) []string { return []string{"X-Forwarded-For", address} }

// free returns how many searches of a client are answered before one is refused.
func free(s *apptest.Server, headers ...string) int {
	s.T.Helper()
	for n := range 1_000 {
		a := s.Get("/v1/properties?limit=1", append([]string{"Cache-Control", "no-store"}, headers...)...)
		if a.Status == http.StatusTooManyRequests {
			return n
		}
		a.Must(http.StatusOK)
	}
	s.T.Fatal("no search is refused")
	return 0
}

func TestEachClientMayAskSoMuch(t *testing.T) {
	for _, each := range []apptest.Setup{apptest.Services, apptest.Embedded} {
		t.Run(each.Name, func(t *testing.T) {
			t.Parallel()
			s := each.Start(t, behindProxy, func(c *config.Config) { c.HTTP.RateLimit, c.HTTP.RateBurst = 6, 40 })
			wantLimits(s, t)
		})
	}
}

func wantLimits(s *apptest.Server, t *testing.T) {
	if n := free(s, from("192.0.2.1")...); n < 39 || n > 43 { // one more is free every ten seconds
		t.Errorf("%d requests of a visitor are answered, want 40", n)
	}
	a := s.Get("/v1/properties",
		append(from("192.0.2.1"), "Cache-Control", "no-store")...).Must(http.StatusTooManyRequests)
	if a.Header.Get("RateLimit-Policy") != `"default";q=40;w=400` || a.Header.Get("Retry-After") == "" ||
		!strings.HasPrefix(a.Header.Get("RateLimit"), `"default";r=0;t=`) {
		t.Errorf("refused with %v", a.Header)
	}
	page := s.Browser().Get("/", append(from("192.0.2.1"), "Cache-Control", "no-store")...)
	page.Must(http.StatusTooManyRequests).Says("Try again")
	if !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
		t.Errorf("a person gets %s", page.Header.Get("Content-Type"))
	}
	s.Get("/v1/properties?limit=3", from("192.0.2.2")...).Must(http.StatusOK)
	hit := s.Get("/v1/properties?limit=3", from("192.0.2.2")...).Must(http.StatusOK)
	if !strings.HasSuffix(hit.Header.Get("Cache-Status"), "; hit") || hit.Header.Get("RateLimit") != "" {
		t.Errorf("a hit is answered with %v", hit.Header)
	}
	key := []string{"Authorization", "Bearer " + s.Key}
	if n := free(s, append(from("192.0.2.3"), key...)...); n < 39 || n > 43 {
		t.Errorf("%d requests with a key are answered, want 40", n)
	}
	if n := free(s, append(from("192.0.2.4"), key...)...); n > 5 {
		t.Errorf("%d more are answered from another address", n)
	}
	line := s.Log.FilterMessage("request").All()
	last := line[len(line)-1].ContextMap()
	if actor, _ := last["actor"].(string); last["client"] != "192.0.2.4" || !strings.HasPrefix(actor, "key test") {
		t.Errorf("the last log line is %v", last)
	}
	if n := free(s, from("192.0.2.3")...); n < 30 {
		t.Errorf("%d requests are answered without the key", n)
	}
	s.Get("/readyz", from("192.0.2.1")...).Must(http.StatusOK)
	s.Get("/v1/properties", "Cache-Control", "no-store").Must(http.StatusOK)
}

func TestProcessesCountTogetherAndAloneWithoutRedis(t *testing.T) {
	t.Parallel()
	redis := servicetest.StartRedis(t)
	database := apptest.Migrated.Postgres(t)
	limits := func(c *config.Config) {
		behindProxy(c)
		c.HTTP.RateLimit, c.HTTP.RateBurst = 6, 40
	}
	a, b := apptest.Start(t, database, redis.URL(), limits), apptest.Start(t, database, redis.URL(), limits)
	if n := free(a, from("192.0.2.1")...); n < 39 || n > 42 {
		t.Errorf("%d requests are answered by the first process, want 40", n)
	}
	if n := free(b, from("192.0.2.1")...); n > 2 {
		t.Errorf("%d more are answered by the second", n)
	}
	redis.Kill()
	if n := free(b, from("192.0.2.1")...); n < 39 || n > 43 {
		t.Errorf("%d requests are answered by a process alone, want 40", n)
	}
	const alone = "shared rate limit unavailable, counting per process"
	if n := b.Log.FilterMessage(alone).Len(); n != 1 {
		t.Errorf("the message is logged %d times", n)
	}
}

func TestOneClientDoesNotTakeAllStreams(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t, behindProxy, func(c *config.Config) {
		c.HTTP.MaxStreams,
			c.HTTP.MaxStreamsPerClient = 4, 2
	})
	const path = "/v1/changes?after=now"
	first := openStream(s, path, from("192.0.2.1")...)
	openStream(s, path, from("192.0.2.1")...)
	refused, _ := open(s, path, from("192.0.2.1")...)
	if refused.StatusCode != http.StatusTooManyRequests || refused.Header.Get("Retry-After") == "" {
		t.Errorf("the third stream of a client: %d, %v", refused.StatusCode, refused.Header)
	}
	openStream(s, path, from("192.0.2.2")...)
	openStream(s, path, append(from("192.0.2.1"), "Authorization", "Bearer "+s.Key)...)
	full, _ := open(s, path, from("192.0.2.3")...)
	if full.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the fifth stream of all: %d", full.StatusCode)
	}
	first.cancel()
	s.Eventually("the client has room again", func() bool {
		again, cancel := open(s, path, from("192.0.2.1")...)
		defer cancel()
		return again.StatusCode == http.StatusOK
	})
}

// The log leads from a refused request to the revoked key that it carried.
func TestAnUnknownKeyLeavesATraceInTheLog(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t, behindProxy)
	const secret = "gable_0123456789012345678901234567890123456789012"
	s.Do("DELETE", "/v1/cache", "", append(from("192.0.2.1"), "Authorization", "Bearer "+secret)...).
		Must(http.StatusUnauthorized)
	lines := s.Log.FilterMessage("request").All()
	last := lines[len(lines)-1].ContextMap()
	hash, _ := last["key_hash"].(string)
	if last["client"] != "192.0.2.1" || len(hash) != 16 || !strings.HasPrefix(keys.HashSecret(secret), hash) {
		t.Errorf("the log line is %v", last)
	}
}
