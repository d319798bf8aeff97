package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

// registry finds keys by their secrets, and counts the look-ups.
type registry struct {
	ids   map[string]string
	asked int
	err   error
}

func (k *registry) Authenticate(_ context.Context, secret string) (access.Key, error) {
	k.asked++
	if k.err != nil {
		return access.Key{}, k.err
	}
	if id := k.ids[secret]; id != "" {
		return access.Key{ID: id, Name: "of " + id}, nil
	}
	return access.Key{}, access.ErrUnknownKey
}

// limited is a handler with limits in front of a view cache that answers what is asked under /hit.
type limited struct {
	t       *testing.T
	handler http.Handler
	worked  int
	keys    *registry
}

func newLimited(t *testing.T, change func(*Options)) *limited {
	own := memory.NewRateLimiter()
	t.Cleanup(func() { _ = own.Close() })
	l := &limited{t: t, keys: &registry{ids: map[string]string{}}}
	o := Options{
		Log: zap.NewNop(), Reads: zap.NewNop(), Observe: func(string, string, int, time.Duration, int64, string) {},
		Proxies:   exchange.Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.9/32")},
		RateLimit: RateLimit{PerMinute: 600, Burst: 30, Requests: own, Hits: own, Keys: l.keys},
	}
	if change != nil {
		change(&o)
	}
	limits := o.newLimiter()
	work := limits.requests(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { l.worked++ }))
	healthy := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	o.Health = map[string]http.Handler{"/healthz": healthy, "/readyz": healthy, "/version": healthy}
	l.handler = o.observe(o.healthFirst(healthy, limits.hits(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, "/hit") {
				work.ServeHTTP(w, r)
			}
		}))))
	return l
}

// ask sends a request from a peer; headers come in pairs.
func (l *limited) ask(peer, path string, headers ...string) *http.Response {
	l.t.Helper()
	r := httptest.NewRequestWithContext(l.t.Context(), http.MethodGet, path, http.NoBody)
	r.RemoteAddr = peer
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	l.handler.ServeHTTP(w, r)
	return w.Result()
}

// free returns how many requests get through before one is refused.
func (l *limited) free(peer, path string, headers ...string) int {
	l.t.Helper()
	for n := range 10_000 {
		if l.ask(peer, path, headers...).StatusCode == http.StatusTooManyRequests {
			return n
		}
	}
	return 10_000
}

func secret(digit string) string { return "gable_" + strings.Repeat(digit, 43) }

func bearer(digit string) []string { return []string{"Authorization", "Bearer " + secret(digit)} }

const visitor = "192.0.2.1:4711"

func TestAClientThatAsksTooMuchWaitsForRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimited(t, nil)
		first := l.ask(visitor, "/work")
		policy, left := first.Header.Get("RateLimit-Policy"), first.Header.Get("RateLimit")
		if policy != `"default";q=30;w=3` ||
			left != `"default";r=29;t=1` {
			t.Errorf("the first answer says %s and %s", policy, left)
		}
		if n := l.free(visitor, "/work"); n != 29 {
			t.Errorf("%d more are answered at once, want 29", n)
		}
		worked := l.worked
		refused := l.ask(visitor, "/work")
		var d problem.Document
		if err := json.NewDecoder(refused.Body).Decode(&d); err != nil {
			t.Fatal(err)
		}
		if refused.StatusCode != http.StatusTooManyRequests || refused.Header.Get("Retry-After") != "1" ||
			refused.Header.Get("RateLimit") != `"default";r=0;t=3` || d.Type != problem.TooManyRequests.URI() ||
			d.Detail != "Up to 600 requests a minute are answered, and 30 at once. Try again in 1 s." {
			t.Errorf("refused with %d, %v, %+v", refused.StatusCode, refused.Header, d)
		}
		if l.worked != worked {
			t.Error("a refused request is worked on")
		}
		time.Sleep(time.Second)
		if n := l.free(visitor, "/work"); n != 10 {
			t.Errorf("after a second %d are answered, want 10", n)
		}
		time.Sleep(time.Hour)
		if n := l.free(visitor, "/work"); n != 30 {
			t.Errorf("after an hour %d are answered, want 30", n)
		}
	})
}

func TestClientsAreCountedByKeyElseByAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimited(t, nil)
		l.keys.ids[secret("1")], l.keys.ids[secret("2")] = "one", "two"
		for _, c := range []struct {
			what, peer string
			headers    []string
			want       int
		}{
			{"a visitor", visitor, nil, 30},
			{"the same visitor by another connection", "192.0.2.1:1", nil, 0},
			{"another visitor", "192.0.2.2:1", nil, 30},
			{"one of an IPv6 network", "[2001:db8::1]:1", nil, 30},
			{"another of that network", "[2001:db8::ffff:2]:1", nil, 0},
			{"one of the next network", "[2001:db8:0:1::1]:1", nil, 30},
			{"behind a listed proxy", "10.0.0.1:1", []string{"X-Forwarded-For", "192.0.2.3"}, 30},
			{"another behind that proxy", "10.0.0.2:1", []string{"X-Forwarded-For", "192.0.2.4"}, 30},
			{"behind a proxy that is not listed", "192.0.2.5:1", []string{"X-Forwarded-For", "192.0.2.6"}, 30},
			{"another behind that proxy, who cannot choose", "192.0.2.5:1", []string{"X-Forwarded-For", "192.0.2.7"}, 0},
			{"a client that a listed local proxy cannot name", "127.0.0.9:1", []string{"X-Forwarded-For", "unknown"}, 30},
			{"a key", "192.0.2.8:1", bearer("1"), 30},
			{"the same key from elsewhere", "192.0.2.9:1", bearer("1"), 0},
			{"the address without that key", "192.0.2.8:1", nil, 29}, // it has paid for the look
			{"another key from an address that has used all", "192.0.2.8:1", bearer("2"), 0},
			{"that key after a look from elsewhere", "192.0.2.10:1", bearer("2"), 30},
		} {
			if got := l.free(c.peer, "/work", c.headers...); got != c.want {
				t.Errorf("%s: %d are answered, want %d", c.what, got, c.want)
			}
		}
	})
}

func TestInventedKeysHelpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimited(t, nil)
		answered := 0
		for i := range 1_000 {
			invented := "Bearer gable_" + strings.Repeat("x", 40) +
				string([]byte{byte('0' + i/100), byte('0' + i/10%10), byte('0' + i%10)})
			if l.ask(visitor, "/work", "Authorization", invented).StatusCode == http.StatusOK {
				answered++
			}
		}
		if answered != 15 || l.keys.asked > 15 {
			t.Errorf("%d of 1,000 are answered, and the database is asked %d times", answered, l.keys.asked)
		}
	})
}

func TestAKeyIsLookedUpOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimited(t, nil)
		l.keys.ids[secret("1")] = "one"
		for range 20 {
			l.ask(visitor, "/work", bearer("1")...)
			l.ask(visitor, "/work", bearer("9")...)
		}
		if l.keys.asked != 2 {
			t.Errorf("the database is asked %d times for a key and an unknown secret", l.keys.asked)
		}
		time.Sleep(recognisedFor)
		l.ask(visitor, "/work", bearer("1")...)
		if l.keys.asked != 3 {
			t.Errorf("a minute later the database is not asked again")
		}
		l.keys.err = ports.ErrUnavailable
		for range 2 {
			if got := l.ask(visitor, "/work", bearer("7")...).StatusCode; got != http.StatusOK {
				t.Errorf("while the database is away a key is answered %d by the limit", got)
			}
		}
		if l.keys.asked != 5 {
			t.Errorf("an outage is taken for an unknown secret")
		}
	})
}

func TestAnswersOfTheViewCacheCostNextToNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimited(t, nil)
		l.keys.ids[secret("1")] = "one"
		hit := l.ask(visitor, "/hit")
		if hit.Header.Get("RateLimit") != "" || hit.Header.Get("RateLimit-Policy") != "" {
			t.Errorf("an answer that others may reuse says what its client has left: %v", hit.Header)
		}
		if n := l.free(visitor, "/hit"); n != 2_999 {
			t.Errorf("%d hits are answered at once, want 100 for each of 30 requests", n+1)
		}
		if got := l.ask(visitor, "/hit"); got.StatusCode != http.StatusTooManyRequests ||
			got.Header.Get("Retry-After") != "1" {
			t.Errorf("refused with %d, %v", got.StatusCode, got.Header)
		}
		l.free("192.0.2.2:1", "/work")
		time.Sleep(time.Second / 100)
		if n := l.free("192.0.2.2:1", "/hit"); n != 10 {
			t.Errorf("a client whose requests are used up gets %d hits in 10 ms, want 10", n)
		}
		l.ask("192.0.2.3:1", "/work", bearer("1")...)
		if n := l.free(visitor, "/hit", bearer("1")...); n < 2_800 {
			t.Errorf("a key gets %d hits where its address has used up all", n)
		}
	})
}

func TestTransfersCostMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimited(t, func(o *Options) { o.RateLimit.Burst = 50 })
		for i, path := range []string{"/v1/exports", "/v1/imports", "/admin/import", "/admin/bulk/apply"} {
			peer := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 1).String()
			if n := l.free(peer, path); n != 2 {
				t.Errorf("%s: %d are answered at once, want 2 of 20 each", path, n)
			}
		}
		small := newLimited(t, func(o *Options) { o.RateLimit.Burst = 5 })
		if n := small.free(visitor, "/v1/exports"); n != 1 {
			t.Errorf("with a burst below the cost %d are answered, want 1", n)
		}
	})
}

func TestThisMachineAndHealthAreNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimited(t, func(o *Options) { o.RateLimit.Burst = 1 })
		for _, peer := range []string{"127.0.0.1:1", "[::1]:1", "127.1.2.3:1", "@"} {
			if n := l.free(peer, "/work"); n != 10_000 {
				t.Errorf("%s gets %d answers", peer, n)
			}
		}
		for _, path := range []string{"/healthz", "/readyz", "/version"} {
			if n := l.free(visitor, path); n != 10_000 {
				t.Errorf("%s is answered %d times", path, n)
			}
		}
		if n := l.free("127.0.0.9:1", "/work"); n != 1 {
			t.Errorf("a listed proxy that names nobody gets %d answers, want 1", n)
		}
	})
}

func TestAProxyByASocketThatNamesNobodyIsCounted(t *testing.T) {
	l := newLimited(t, func(o *Options) { o.RateLimit.Burst = 1 })
	if n := l.free("@", "/work"); n != 10_000 {
		t.Errorf("a neighbour gets %d answers", n)
	}
	l = newLimited(t, func(o *Options) { o.RateLimit.Burst, o.Proxies = 1, exchange.Proxies{{}} })
	if n := l.free("@", "/work", "X-Forwarded-For", "unknown"); n != 1 {
		t.Errorf("a listed proxy gets %d answers, want 1", n)
	}
}

func TestNothingIsCountedWithoutALimit(t *testing.T) {
	l := newLimited(t, func(o *Options) { o.RateLimit.PerMinute = 0 })
	if n := l.free(visitor, "/work"); n != 10_000 || l.ask(visitor, "/work").Header.Get("RateLimit") != "" {
		t.Errorf("%d are answered", n)
	}
}

// brokenLimiter cannot count.
type brokenLimiter struct{}

func (brokenLimiter) Take(context.Context, ports.Client, time.Duration, time.Duration) (time.Duration, bool, error) {
	return 0, false, errors.Join(ports.ErrUnavailable)
}

func TestALimitThatCannotBeCountedKeepsNobodyOut(t *testing.T) {
	l := newLimited(t, func(o *Options) { o.RateLimit.Requests, o.RateLimit.Hits = brokenLimiter{}, brokenLimiter{} })
	if got := l.ask(visitor, "/work").StatusCode; got != http.StatusOK {
		t.Errorf("answered %d", got)
	}
}
