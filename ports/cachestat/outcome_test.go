package cachestat_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gable-listings/gable/ports/cachestat"
)

func TestEveryOutcomeIsDescribed(t *testing.T) {
	names, figures := map[string]bool{}, map[string]bool{}
	all := append(cachestat.Outcomes(), cachestat.OutcomeNone)
	for _, o := range all {
		if o.String() == "" || o != cachestat.OutcomeNone && (o.Figure() == "" || o.CacheStatus() == "") {
			t.Errorf("outcome %d lacks a description: %q, %q, %q", o, o.String(), o.Figure(), o.CacheStatus())
		}
		names[o.String()], figures[o.Figure()] = true, true
	}
	if len(names) != len(all) || len(figures) != len(all) {
		t.Errorf("of %d outcomes two share a name: %v, %v", len(all), names, figures)
	}
}

// The texts are what proxies, dashboards and scripts of others know.
func TestOutcomesKeepTheirNames(t *testing.T) {
	var got []string
	for _, o := range cachestat.Outcomes() {
		got = append(got, o.String()+" | "+o.Figure()+" | "+o.CacheStatus())
	}
	want := []string{
		"hit | hits | hit", "patched | patched | hit; detail=patched", "coalesced | coalesced | fwd=uri-miss; collapsed",
		"stale | stale | fwd=stale", "miss | misses | fwd=uri-miss", "bypassed | bypassed | fwd=bypass",
		"unconfirmed | unconfirmed | hit; detail=stale",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if none := cachestat.OutcomeNone.String(); none != "none" {
		t.Errorf("no outcome is called %s", none)
	}
}

func TestTheHitRatioIsOfReadsThatAskedTheCache(t *testing.T) {
	f := cachestat.Figures{Reads: cachestat.Reads[uint64]{
		cachestat.OutcomeHit: 1, cachestat.OutcomePatched: 2, cachestat.OutcomeCoalesced: 3, cachestat.OutcomeStale: 4,
		cachestat.OutcomeMiss: 5, cachestat.OutcomeBypassed: 600, cachestat.OutcomeStaleIfError: 700,
	}}
	if f.Answered() != 6 || f.Loaded() != 9 || f.HitRatio() != .4 {
		t.Errorf("%d answered, %d loaded, ratio %v", f.Answered(), f.Loaded(), f.HitRatio())
	}
	if ratio := (cachestat.Figures{}).HitRatio(); ratio != 0 {
		t.Errorf("before the first read the ratio is %v", ratio)
	}
}
