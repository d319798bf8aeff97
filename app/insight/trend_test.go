package insight

import (
	"context"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gable-listings/gable/adapters/web/site"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/cachestat"
)

// newTestTrend is a trend of which nothing is counted yet, with sizes that are always the same.
func newTestTrend() *Trend {
	registry := prometheus.NewRegistry()
	size := func(n int64) func(context.Context) (int64, int64) {
		return func(context.Context) (int64, int64) { return n, n * 1_000 }
	}
	return NewTrend(TrendSources{
		Levels: NewLevels(), ViewSize: size(3), QuerySize: size(-1), Ledger: freshness.NewLedger(100, 1<<30, time.Second),
		Requests: NewRequestFigures(registry), Feed: NewFeedFigures(registry),
	})
}

func TestASampleIsWhatHappenedInItsStretchOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTestTrend()
		x.Requests.Observe("/v1/properties", http.MethodGet, 200, 7*time.Second, 1, "") // before the first stretch
		x.Levels.View.Counters.Count(cachestat.OutcomeHit)
		go x.Run(t.Context())
		synctest.Wait()
		began := time.Now()
		if got := x.Since(time.Time{}); got == nil || len(got) != 0 {
			t.Errorf("before the first stretch is over there are %+v", got)
		}

		time.Sleep(time.Second)
		for range 98 {
			x.Requests.Observe("/v1/properties", http.MethodGet, 200, 2*time.Millisecond, 1, "")
		}
		x.Requests.Observe("/v1/properties", http.MethodGet, 503, 4*time.Millisecond, 1, "")
		x.Requests.Observe("/v1/properties/{id}", http.MethodGet, 200, 4*time.Millisecond, 1, "")
		x.Requests.Observe("/v1/changes", http.MethodGet, 200, time.Hour, 1, "")
		for outcome, n := range map[cachestat.Outcome]int{
			cachestat.OutcomeHit: 12, cachestat.OutcomePatched: 4, cachestat.OutcomeStale: 2, cachestat.OutcomeMiss: 2, cachestat.OutcomeBypassed: 2,
		} {
			for range n {
				x.Levels.View.Counters.Count(outcome)
			}
		}
		x.Levels.Query.Counters.Count(cachestat.OutcomeCoalesced)
		x.Levels.Query.Counters.Count(cachestat.OutcomeMiss)
		x.Levels.Query.Counters.Count(cachestat.OutcomeBypassed)
		x.Levels.Query.violations.Add(1)
		x.Levels.View.verified.Add(5)
		x.Ledger.Append(property.Inserted(0, property.Property{Version: 1}))
		x.Feed.Observe([]property.Event{{Change: property.Change{At: time.Now().Add(-30 * time.Millisecond)},
			Origin: property.OriginFeed}})
		time.Sleep(900 * time.Millisecond)
		x.Ledger.Confirm(time.Now())
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()

		want := site.Sample{
			At: began.Add(2 * time.Second), Seconds: 2, Requests: 50.5, Failed: .5, MeanMS: new(2.04), P99MS: new(3.75),
			View: site.LevelSample{Reads: cachestat.Reads[float64]{cachestat.OutcomeHit: 6, cachestat.OutcomePatched: 2,
				cachestat.OutcomeStale: 1, cachestat.OutcomeMiss: 1, cachestat.OutcomeBypassed: 1},
				HitRatio: new(.8), Entries: 3, Bytes: 3_000, Verified: 5},
			Query: site.LevelSample{Reads: cachestat.Reads[float64]{cachestat.OutcomeCoalesced: .5,
				cachestat.OutcomeMiss: .5, cachestat.OutcomeBypassed: .5},
				HitRatio: new(.5), Entries: -1, Bytes: -1_000, Violations: 1},
			Saved: 8.5, Database: 1, Trusted: true, ConfirmedMS: new(100.0), DelayMS: new(30.0), Changes: .5, Position: 1,
		}
		if diff := cmp.Diff([]site.Sample{want}, x.Since(time.Time{}), cmpopts.EquateApprox(1e-6, 0)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}

		time.Sleep(2 * time.Second) // in which nothing happens
		synctest.Wait()
		idle := site.Sample{
			At: began.Add(4 * time.Second), Seconds: 2, ConfirmedMS: new(2_100.0), Position: 1,
			View:  site.LevelSample{Entries: 3, Bytes: 3_000, Verified: 5},
			Query: site.LevelSample{Entries: -1, Bytes: -1_000, Violations: 1},
		}
		if diff := cmp.Diff([]site.Sample{idle}, x.Since(want.At), cmpopts.EquateApprox(1e-6, 0)); diff != "" {
			t.Errorf("when nothing happens (-want +got):\n%s", diff)
		}
	})
}

func TestTheLastQuarterOfAnHourIsKeptInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTestTrend()
		go x.Run(t.Context())
		time.Sleep(time.Hour + time.Second)
		all := x.Since(time.Time{})
		if len(all) != 450 || time.Since(all[0].At) != 15*time.Minute-time.Second || time.Since(all[449].At) != time.Second {
			t.Fatalf("%d samples are held, from %v to %v ago", len(all), time.Since(all[0].At), time.Since(all[len(all)-1].At))
		}
		for i := range all[1:] {
			if all[i+1].At.Sub(all[i].At) != 2*time.Second {
				t.Errorf("samples %d and %d are %v apart", i, i+1, all[i+1].At.Sub(all[i].At))
			}
		}
		if last := x.Since(all[440].At); len(last) != 9 || last[0].At != all[441].At {
			t.Errorf("after the 441st there are %d", len(last))
		}
		if all[0].ConfirmedMS != nil || all[0].Trusted {
			t.Errorf("a feed that was never read is said to be confirmed: %+v", all[0])
		}
	})
}

func TestQuantilesAreEstimatedWithinTheirBucket(t *testing.T) {
	d := distribution{count: 4, bounds: []float64{.001, .01, .1}, upTo: []uint64{1, 3, 3}}
	for share, want := range map[float64]float64{.25: 1, .5: 5.5, .75: 10, 1: 100} {
		if got := d.quantile(share); got == nil || math.Abs(*got-want) > 1e-9 {
			t.Errorf("the quantile %v is %v ms, want %v", share, *got, want)
		}
	}
	if (distribution{}).quantile(.5) != nil || (distribution{}).mean() != nil {
		t.Error("nothing has a quantile or a mean")
	}
}
