package insight

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gable-listings/gable/ports/cachestat"
)

// countEach counts 1 read with the first outcome, 2 with the second, and so on.
func countEach(c *cachestat.Counters) {
	for i, o := range []cachestat.Outcome{
		cachestat.OutcomeHit, cachestat.OutcomePatched, cachestat.OutcomeCoalesced, cachestat.OutcomeStale,
		cachestat.OutcomeMiss, cachestat.OutcomeBypassed, cachestat.OutcomeStaleIfError,
	} {
		for range i + 1 {
			c.Count(o)
		}
	}
}

func TestSamplesKeepTheirJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTestTrend()
		go x.Run(t.Context())
		synctest.Wait()
		time.Sleep(time.Second)
		countEach(x.Levels.View.Counters)
		x.Levels.View.verified.Add(1)
		x.Levels.View.undecided.Add(2)
		x.Levels.View.violations.Add(3)
		time.Sleep(time.Second)
		synctest.Wait()
		samples := x.Since(time.Time{})
		samples[0].At = samples[0].At.UTC()
		got, err := json.Marshal(samples)
		const want = `[{"at":"2000-01-01T00:00:02Z","seconds":2,"requests":0,"failed":0,"mean_ms":null,"p99_ms":null,` +
			`"view":{"hits":0.5,"patched":1,"coalesced":1.5,"stale":2,"misses":2.5,"bypassed":3,"unconfirmed":3.5,` +
			`"hit_ratio":0.4,"entries":3,"bytes":3000,"verified":1,"undecided":2,"violations":3},` +
			`"query":{"hits":0,"patched":0,"coalesced":0,"stale":0,"misses":0,"bypassed":0,"unconfirmed":0,` +
			`"hit_ratio":null,"entries":-1,"bytes":-1000,"verified":0,"undecided":0,"violations":0},` +
			`"saved":3,"database":0,"trusted":false,"confirmed_ms":null,"delay_ms":null,"changes":0,"position":0}]`
		if err != nil || string(got) != want {
			t.Errorf("%v\n%s\nwant\n%s", err, got, want)
		}
	})
}

func TestReadsAreExportedByOutcome(t *testing.T) {
	counters := new(cachestat.Counters)
	countEach(counters)
	r := prometheus.NewRegistry()
	r.MustRegister(levelCollector{"view", counters, func(context.Context) (int64, int64) { return 8, 9 }})
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, family := range families {
		for _, m := range family.GetMetric() {
			labels := ""
			for _, l := range m.GetLabel() {
				labels += " " + l.GetName() + "=" + l.GetValue()
			}
			got = append(got, fmt.Sprint(family.GetName(), labels, " ", m.GetCounter().GetValue()+m.GetGauge().GetValue()))
		}
	}
	const want = `gable_cache_bytes level=view 9
gable_cache_entries level=view 8
gable_cache_errors_total level=view 0
gable_cache_reads_total level=view outcome=bypassed 6
gable_cache_reads_total level=view outcome=coalesced 3
gable_cache_reads_total level=view outcome=hit 1
gable_cache_reads_total level=view outcome=miss 5
gable_cache_reads_total level=view outcome=patched 2
gable_cache_reads_total level=view outcome=stale 4
gable_cache_reads_total level=view outcome=unconfirmed 7`
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}
