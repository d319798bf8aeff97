package server

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/eventbus"
	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/follow"
	"github.com/gable-listings/gable/app/insight"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// gauged is the value of a figure that has no labels.
func gauged(t *testing.T, r *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			return family.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}

// failingFeed is a feed that cannot be read for a while; each reading takes a millisecond.
type failingFeed struct {
	ports.ChangeFeed
	fails atomic.Bool
}

func (f *failingFeed) Changes(ctx context.Context, after ports.FeedCursor, limit int) (ports.FeedPage, error) {
	time.Sleep(time.Millisecond)
	if f.fails.Load() {
		return ports.FeedPage{}, ports.ErrUnavailable
	}
	return f.ChangeFeed.Changes(ctx, after, limit)
}

// testConfiguration is the default configuration over a database in memory.
func testConfiguration(t *testing.T) *config.Config {
	t.Helper()
	flags := config.NewFlags()
	config, err := flags.Load()
	if err != nil {
		t.Fatal(err)
	}
	config.Database.URL, config.Cache.URL = "sqlite::memory:", "memory:"
	return &config.Config
}

// Operators see the state of the feed by which the caches decide, with and without changes.
func TestTheFiguresOfTheFeedSayWhetherItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := bunstore.Open(t.Context(), bunstore.Options{URL: "sqlite::memory:"})
		if err == nil {
			_, err = db.Migrate(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		store := memory.NewPropertyRepository(time.Now)
		feed := &failingFeed{ChangeFeed: memory.NewChangeFeed(store)}
		ledger := freshness.NewLedger(100, 1<<30, time.Second)
		f := follow.NewFollower(follow.Options{
			Feed: feed, Live: follow.NewLiveFeed(feed, 1<<30, encodeEvents), Events: eventbus.New(func(_ string,
				r any) {
				panic(r)
			}),
			Ledger: ledger, Log: zap.NewNop(), Poll: 50 * time.Millisecond, IdlePoll: 250 * time.Millisecond,
			Traffic: func() uint64 { return 0 }, History: 10, Retention: 100 * time.Hour,
		})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { f.Run(ctx) })
		defer func() { cancel(); running.Wait() }()
		views := viewcache.New(ledger, nil, &cachestat.Counters{}, viewcache.Options{MaxBytes: 1 << 10, TTL: time.Minute})
		defer views.Close()
		cache := memory.NewCache(1 << 10)
		defer cache.Close()
		registry := insight.NewRegistry(db, views, insight.NewQueryLevel(cache, insight.NewLevels()), insight.NewLevels(),
			ledger)
		operators := newOps(db, cache, ledger, f, registry, &LogLevel{},
			testConfiguration(t))
		want := func(when string, least, most float64, feed, detail string) {
			t.Helper()
			if got := gauged(t, registry, "gable_feed_confirmed_seconds"); got < least || got > most {
				t.Errorf("%s the feed is said to have been confirmed %v seconds ago", when, got)
			}
			w := httptest.NewRecorder()
			operators.ServeHTTP(w,
				httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/readyz", http.NoBody))
			var ready struct {
				Status string
				Checks map[string]struct{ Status, Detail string }
			}
			if err := json.Unmarshal(w.Body.Bytes(), &ready); err != nil || w.Code != http.StatusOK {
				t.Fatalf("%s /readyz answers %d %q, %v", when, w.Code, w.Body, err)
			}
			if got := ready.Checks["feed"]; ready.Status != feed || got.Status != feed || got.Detail != detail {
				t.Errorf("%s /readyz says %+v", when, ready)
			}
		}
		time.Sleep(time.Hour)
		want("when nothing has happened for an hour", 0, 0.26, "ok", "")
		p, err := property.New(newPropertyID(), property.Details{Title: "House", Location: "Leeds", Price: 1,
			Currency: "USD"}, time.Now())
		if err == nil {
			_, err = store.Create(t.Context(), p, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		want("after a change", 0, 0.26, "ok", "")
		feed.fails.Store(true)
		failing := ledger.ConfirmedAt()
		time.Sleep(time.Until(failing.Add(900 * time.Millisecond)))
		want("when it has failed for less than a second", 0.9, 0.9, "ok", "")
		time.Sleep(time.Until(failing.Add(10 * time.Second)))
		want("when it has failed for ten seconds", 10, 10, "degraded", "the caches are bypassed: unavailable")
		feed.fails.Store(false)
		time.Sleep(2 * time.Second)
		want("when it can be read again", 0, 0.26, "ok", "")
	})
}
