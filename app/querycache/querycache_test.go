package querycache_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/querycache"
)

var (
	errFull       = errors.New("null at 10.0.0.7: the bin is full")
	errNullSuffix = errors.New("invalid cache URL: null: has nothing behind the colon")
)

// null is a cache that forgets everything at once.
type null struct {
	sets, closed atomic.Int64
	full         atomic.Bool
}

func (*null) Get(context.Context, string) ([]byte, bool, error)                { return nil, false, nil }
func (*null) Add(context.Context, string, []byte, time.Duration) (bool, error) { return true, nil }
func (*null) Delete(context.Context, string) error                             { return nil }
func (*null) Purge(context.Context) error                                      { return nil }
func (*null) Size(context.Context) (entries, bytes int64, err error)           { return 0, 0, nil }

func (n *null) Set(context.Context, string, []byte, time.Duration) error {
	n.sets.Add(1)
	return nil
}

func (n *null) Ping(context.Context) error {
	if n.full.Load() {
		return errFull
	}
	return nil
}

func (n *null) Close() error {
	n.closed.Add(1)
	return nil
}

// kind is the row of a null cache. The opened function receives the options.
func (n *null) kind(own bool, opened func(querycache.Options)) querycache.Kind {
	return querycache.Kind{
		Schemes: []string{"null"}, Name: "the bin", Own: own,
		Check: func(address string) error {
			if address != "null:" {
				return errNullSuffix
			}
			return nil
		},
		Open: func(_ context.Context, _ string, o querycache.Options) (querycache.Cache, error) {
			opened(o)
			return n, nil
		},
		Reason: func(err error) string {
			if errors.Is(err, errFull) {
				return "the bin is full"
			}
			return ""
		},
	}
}

// One row is all that the program needs of a scheme. The command line accepts its address. The server answers rightly
// with its cache, reports why the cache fails, logs when it goes away, and closes it.
func TestACacheSchemeIsOneRow(t *testing.T) {
	const inMemory = "query cache (cache.max_bytes, of memory:)"
	if servicetest.RaceDetector {
		t.Skip("the race detector is spared SQLite")
	}
	for name, own := range map[string]bool{"of one process": true, "shared": false} {
		t.Run(name, func(t *testing.T) {
			var cache null
			var options querycache.Options
			querycache.Register(t, cache.kind(own, func(o querycache.Options) { options = o }))
			if code, out, said := apptest.Gable(t, "config", "check", "--cache-url", "null:"); code != 0 ||
				strings.Contains(out, fmt.Sprintf("%-50s %14d\n", inMemory, 64<<20)) != own {
				t.Errorf("config check ends with %d, prints %s%s", code, out, said)
			}
			if code, _, said := apptest.Gable(t, "serve", "--cache-url", "null:x"); code != 2 ||
				!strings.Contains(said, errNullSuffix.Error()) {
				t.Errorf("serve ends with %d, prints %s", code, said)
			}
			s := apptest.Start(t, "sqlite:"+filepath.Join(t.TempDir(), "gable.db"), "null:")
			answersRightly(t, s)
			if cache.sets.Load() == 0 || options.MaxBytes != int64(s.Config.Cache.MaxBytes) ||
				options.Timeout != s.Config.Cache.Timeout {
				t.Errorf("the cache is set %d times, with %+v", cache.sets.Load(), options)
			}
			cache.full.Store(true)
			const degraded = `"cache":{"status":"degraded","reason":"the bin is full"}`
			if body := s.Get("/readyz").Must(http.StatusOK).Body; !strings.Contains(body, degraded) {
				t.Errorf("the cache is full, and /readyz says %s", body)
			}
			options.Changed(errFull)
			options.Changed(nil)
			away := s.Log.FilterMessage("query cache unavailable").All()
			if len(away) != 1 || away[0].ContextMap()["reason"] != "the bin is full" ||
				away[0].ContextMap()["kind"] != "the bin" ||
				s.Log.FilterMessage("query cache available").Len() != 1 {
				t.Errorf("the log has %v", away)
			}
			if err := s.Stop(); err != nil || cache.closed.Load() != 1 {
				t.Errorf("stopped with %v, the cache is closed %d times", err, cache.closed.Load())
			}
		})
	}
}

// answersRightly changes listings and reads them in several ways, twice each.
func answersRightly(t *testing.T, s *apptest.Server) {
	t.Helper()
	low, high := s.Create(`"title":"low","price":100`), s.Create(`"title":"high","price":300`)
	want := func(titles string, count int, price string) {
		t.Helper()
		for range 2 {
			if got := s.Titles("/v1/properties?sort=price"); got != titles {
				t.Errorf("listings are %q, want %q", got, titles)
			}
			if got := s.Count("/v1/properties?max_price=250&count=exact"); got != count {
				t.Errorf("the count is %d, want %d", got, count)
			}
			item := apptest.Decoded[apptest.Listing](s.Get("/v1/properties/" + high.ID).Must(http.StatusOK))
			if item.Price != price {
				t.Errorf("the price is %s, want %s", item.Price, price)
			}
		}
	}
	want("low high", 1, "300.00")
	s.Patch(high.ID, `{"price":50}`)
	want("high low", 2, "50.00")
	s.Do(http.MethodDelete, "/v1/properties/"+low.ID, "").Must(http.StatusNoContent)
	want("high", 1, "50.00")
}

func TestEachSchemeOfTheTableIsKnownToItsKind(t *testing.T) {
	known := map[string]string{
		"memory": "memory:", "redis": "redis://h/1", "rediss": "rediss://h", "unix": "unix:///run/redis.sock",
		"redis+sentinel": "redis+sentinel://h?master_name=m", "rediss+sentinel": "REDISS+sentinel://h?master_name=m",
		"redis+cluster": "redis+cluster://h", "rediss+cluster": "rediss+cluster://h?addr=other",
	}
	for _, scheme := range querycache.Schemes() {
		kind, err := querycache.Find(known[scheme])
		if err != nil || !slices.Contains(kind.Schemes, scheme) || kind.Own != (scheme == "memory") {
			t.Errorf("%s: %q belongs to %v, %v", scheme, known[scheme], kind.Schemes, err)
		}
	}
	for _, address := range []string{"", "memory", "memory:large", "memory://", "memcached://s3cret@h", "redis:s3cret@h"} {
		if err := querycache.Check(address); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", address, err)
		}
	}
	const text = "invalid cache URL: its scheme must be one of memory, redis, rediss, unix, "
	if err := querycache.Check("memcached://h"); !strings.HasPrefix(err.Error(), text) {
		t.Errorf("an unknown scheme is refused with %q", err)
	}
}
