package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/ports"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

// importing is imports that always come to the same.
type importing struct{ api.Files }

func (importing) Import(context.Context, api.ImportRequest) (api.ImportReport, error) {
	return api.ImportReport{Read: 10, Created: 4, Updated: 3, Unchanged: 1, Superseded: 1, Rejected: 1}, nil
}

func TestImportsAreCountedByWhatBecameOfTheirRecordsUnlessDry(t *testing.T) {
	r := prometheus.NewRegistry()
	f := countImports(importing{}, r)
	for _, dry := range []bool{false, true, false} {
		if report, err := f.Import(t.Context(), api.ImportRequest{DryRun: dry}); err != nil || report.Created != 4 {
			t.Fatalf("imported %+v, %v", report, err)
		}
	}
	families, err := r.Gather()
	if err != nil || len(families) != 1 {
		t.Fatalf("%v, %v", families, err)
	}
	got := map[string]float64{}
	for _, m := range families[0].GetMetric() {
		got[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
	}
	if diff := cmp.Diff(map[string]float64{"created": 8, "updated": 6, "unchanged": 2, "superseded": 2, "rejected": 2}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// guarded is a cache behind a circuit breaker.
type guarded struct {
	ports.Cache
	state string
}

func (g guarded) BreakerState() string { return g.state }

func TestTheCircuitIsOpenUntilTheCacheIsKnownToBeBack(t *testing.T) {
	for state, want := range map[string]float64{"closed": 0, "open": 1, "half-open": 1} {
		if got := circuit(guarded{state: state}); got != want {
			t.Errorf("%s is shown as %v", state, got)
		}
	}
	if circuit(queryLevel{}.Cache) != 0 {
		t.Error("a cache without a breaker has an open circuit")
	}
}

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

// What operators are told of the feed is what the caches go by, whether changes come or not.
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
		f := followChanges(t, 100, func(o *followerOptions) { o.poll, o.idlePoll = 50*time.Millisecond, 250*time.Millisecond })
		views := viewcache.New(f.ledger, nil, &ports.Counters{}, viewcache.Options{MaxBytes: 1 << 10, TTL: time.Minute})
		defer views.Close()
		cache := memory.NewCache(1 << 10)
		defer cache.Close()
		registry := newRegistry(db, views, queryLevel{cache, &ports.Counters{}}, newLevels(), f.ledger)
		operators := newOps(db, cache, f.ledger, f.follower, registry, &logLevel{},
			testConfig(t, "sqlite::memory:", "memory:"))
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
		f.add(2)
		time.Sleep(2 * time.Second)
		want("after a change", 0, 0.26, "ok", "")
		f.feed.bend(func(*ports.FeedPage) error { return ports.ErrUnavailable })
		failing := f.ledger.ConfirmedAt()
		time.Sleep(time.Until(failing.Add(900 * time.Millisecond)))
		want("when it has failed for less than a second", 0.9, 0.9, "ok", "")
		time.Sleep(time.Until(failing.Add(10 * time.Second)))
		want("when it has failed for ten seconds", 10, 10, "degraded", "the caches are bypassed: unavailable")
		f.feed.hook.Store(nil)
		time.Sleep(2 * time.Second)
		want("when it can be read again", 0, 0.26, "ok", "")
	})
}
