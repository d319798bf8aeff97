package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/servicetest"
	keys "github.com/gable-listings/gable/domain/access"
)

// behindProxy has requests of this machine come from a listed proxy, so that they are counted.
func behindProxy(c *Config) { c.HTTP.TrustedProxies = "127.0.0.1" }

// from are the headers of a request that the proxy forwards for an address.
func from(address string) []string { return []string{"X-Forwarded-For", address} }

// free is how many searches of a client are answered before one is refused.
func (s *testServer) free(headers ...string) int {
	s.t.Helper()
	for n := range 1_000 {
		a := s.get("/v1/properties?limit=1", append([]string{"Cache-Control", "no-store"}, headers...)...)
		if a.status == http.StatusTooManyRequests {
			return n
		}
		a.must(http.StatusOK)
	}
	s.t.Fatal("nothing is refused")
	return 0
}

func TestEachClientMayAskSoMuch(t *testing.T) {
	for _, each := range []setup{servicesSetup, embeddedSetup} {
		t.Run(each.name, func(t *testing.T) {
			t.Parallel()
			s := each.start(t, behindProxy, func(c *Config) { c.HTTP.RateLimit, c.HTTP.RateBurst = 6, 40 })
			s.wantLimits(t)
		})
	}
}

func (s *testServer) wantLimits(t *testing.T) {
	if n := s.free(from("192.0.2.1")...); n < 39 || n > 43 { // one more is free every ten seconds
		t.Errorf("%d requests of a visitor are answered, want 40", n)
	}
	a := s.get("/v1/properties",
		append(from("192.0.2.1"), "Cache-Control", "no-store")...).must(http.StatusTooManyRequests)
	if a.header.Get("RateLimit-Policy") != `"default";q=40;w=400` || a.header.Get("Retry-After") == "" ||
		!strings.HasPrefix(a.header.Get("RateLimit"), `"default";r=0;t=`) {
		t.Errorf("refused with %v", a.header)
	}
	page := s.browser().get("/", append(from("192.0.2.1"), "Cache-Control", "no-store")...)
	page.must(http.StatusTooManyRequests).says("Try again")
	if !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") {
		t.Errorf("a person gets %s", page.header.Get("Content-Type"))
	}
	s.get("/v1/properties?limit=3", from("192.0.2.2")...).must(http.StatusOK)
	hit := s.get("/v1/properties?limit=3", from("192.0.2.2")...).must(http.StatusOK)
	if !strings.HasSuffix(hit.header.Get("Cache-Status"), "; hit") || hit.header.Get("RateLimit") != "" {
		t.Errorf("a hit is answered with %v", hit.header)
	}
	key := []string{"Authorization", "Bearer " + s.key}
	if n := s.free(append(from("192.0.2.3"), key...)...); n < 39 || n > 43 {
		t.Errorf("%d requests with a key are answered, want 40", n)
	}
	if n := s.free(append(from("192.0.2.4"), key...)...); n > 5 {
		t.Errorf("%d more are answered from another address", n)
	}
	line := s.log.FilterMessage("request").All()
	last := line[len(line)-1].ContextMap()
	if actor, _ := last["actor"].(string); last["client"] != "192.0.2.4" || !strings.HasPrefix(actor, "key test") {
		t.Errorf("the last log line is %v", last)
	}
	if n := s.free(from("192.0.2.3")...); n < 30 {
		t.Errorf("%d requests are answered without the key", n)
	}
	s.get("/readyz", from("192.0.2.1")...).must(http.StatusOK)
	s.get("/v1/properties", "Cache-Control", "no-store").must(http.StatusOK)
}

func TestProcessesCountTogetherAndAloneWithoutRedis(t *testing.T) {
	t.Parallel()
	redis := servicetest.StartRedis(t)
	database := migrated.Postgres(t)
	limits := func(c *Config) {
		behindProxy(c)
		c.HTTP.RateLimit, c.HTTP.RateBurst = 6, 40
	}
	a, b := startServer(t, database, redis.URL(), limits), startServer(t, database, redis.URL(), limits)
	if n := a.free(from("192.0.2.1")...); n < 39 || n > 42 {
		t.Errorf("%d requests are answered by the first process, want 40", n)
	}
	if n := b.free(from("192.0.2.1")...); n > 2 {
		t.Errorf("%d more are answered by the second", n)
	}
	redis.Kill()
	if n := b.free(from("192.0.2.1")...); n < 39 || n > 43 {
		t.Errorf("%d requests are answered by a process alone, want 40", n)
	}
	const alone = "each process counts its clients alone while Redis does not"
	if n := b.log.FilterMessage(alone).Len(); n != 1 {
		t.Errorf("that is logged %d times", n)
	}
}

func TestOneClientDoesNotTakeAllStreams(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t, behindProxy, func(c *Config) { c.HTTP.MaxStreams, c.HTTP.MaxStreamsPerClient = 4, 2 })
	const path = "/v1/changes?after=now"
	first := s.stream(path, from("192.0.2.1")...)
	s.stream(path, from("192.0.2.1")...)
	refused, _ := s.open(path, from("192.0.2.1")...)
	if refused.StatusCode != http.StatusTooManyRequests || refused.Header.Get("Retry-After") == "" {
		t.Errorf("the third stream of a client: %d, %v", refused.StatusCode, refused.Header)
	}
	s.stream(path, from("192.0.2.2")...)
	s.stream(path, append(from("192.0.2.1"), "Authorization", "Bearer "+s.key)...)
	full, _ := s.open(path, from("192.0.2.3")...)
	if full.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the fifth stream of all: %d", full.StatusCode)
	}
	first.cancel()
	s.eventually("the client has room again", func() bool {
		again, cancel := s.open(path, from("192.0.2.1")...)
		defer cancel()
		return again.StatusCode == http.StatusOK
	})
}

// The log leads from a refused request to the revoked key that it carried.
func TestAnUnknownKeyLeavesATraceInTheLog(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t, behindProxy)
	const secret = "gable_0123456789012345678901234567890123456789012"
	s.do("DELETE", "/v1/cache", "", append(from("192.0.2.1"), "Authorization", "Bearer "+secret)...).
		must(http.StatusUnauthorized)
	lines := s.log.FilterMessage("request").All()
	last := lines[len(lines)-1].ContextMap()
	hash, _ := last["key_hash"].(string)
	if last["client"] != "192.0.2.1" || len(hash) != 16 || !strings.HasPrefix(keys.HashSecret(secret), hash) {
		t.Errorf("the log line is %v", last)
	}
}
