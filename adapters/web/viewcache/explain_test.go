package viewcache_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/cachestat"
)

const ttl = 10 * time.Minute

// open makes an empty cache whose ledger has just been confirmed and stays trusted for an hour.
func open(t *testing.T) (*viewcache.Cache, *freshness.Ledger, *cachestat.Counters) {
	ledger, counters := freshness.NewLedger(4, 1<<30, time.Hour), &cachestat.Counters{}
	ledger.Confirm(time.Now())
	views := viewcache.New(ledger, nil, counters, viewcache.Options{MaxBytes: 1 << 20, TTL: ttl})
	t.Cleanup(views.Close)
	return views, ledger, counters
}

func listing(n byte) property.Property { return property.Property{ID: property.ID{15: n}, Version: 1} }

// about returns an answer that depends on a listing.
func about(n byte) viewcache.Answer {
	return viewcache.Answer{
		ContentType: "text/plain", Body: slices.Repeat([]byte("house "), 500), TagPrefix: "7-", Route: "/{id}",
		Depends: []freshness.Dependency{freshness.OnItem(listing(n).ID)},
	}
}

// patchable is the same, with a way to make it anew.
func patchable(n byte, ledger *freshness.Ledger) viewcache.Answer {
	a := about(n)
	a.Patch = func(freshness.Position) (viewcache.Answer, freshness.Position, bool) {
		return patchable(n, ledger), ledger.Position(), true
	}
	return a
}

func changed(n byte) property.Change { return property.Inserted(0, listing(n)) }

func TestAnUnusedTargetIsNotKnown(t *testing.T) {
	views, _, _ := open(t)
	want := cachestat.Explanation{Level: cachestat.LevelView, Outcome: cachestat.OutcomeMiss}
	if got := views.Explain("/never"); got != want {
		t.Errorf("explained as %+v", got)
	}
}

func TestAViewIsExplainedByItsTargetAndByItsKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		views, ledger, _ := open(t)
		defer views.Close() // its sweepers end with the bubble
		ledger.Append(changed(9))
		view, _ := views.Store("the key", about(1), ledger.Position(), nil)
		views.Learn("/as?spelled", "the key")
		view.Variant("gzip")
		made := time.Now()
		time.Sleep(3 * time.Minute)
		ledger.Append(changed(2))

		got := views.Explain("/as?spelled")
		cached := got.Cached
		if got.Question != "the key" || got.Outcome != cachestat.OutcomeHit || cached == nil {
			t.Fatalf("explained as %+v", got)
		}
		if !cached.Made.Equal(made) || cached.Expires.Sub(made) != ttl || cached.Bytes != 3_000 {
			t.Errorf("the view is %+v", cached)
		}
		if len(cached.Variants) != 1 || cached.Variants[0].Coding != "gzip" || cached.Variants[0].Bytes >= 3_000 {
			t.Errorf("the variants are %+v", cached.Variants)
		}
		if x := cached.Ledger; x.At != 1 || x.Head != 2 || x.Verdict != freshness.Fresh || len(x.Recent) != 1 ||
			x.Recent[0].Change.ID != listing(2).ID {
			t.Errorf("the ledger says %+v", x)
		}
		want := []string{"the listing 00000000-0000-0000-0000-000000000001, or that there is none"}
		if !slices.Equal(cached.Depends, want) {
			t.Errorf("it depends on %q", cached.Depends)
		}
		if again := views.ExplainKey("the key"); cmp.Diff(got, again) != "" {
			t.Errorf("by its key it is %+v", again)
		}
		time.Sleep(ttl)
		if late := views.Explain("/as?spelled"); late.Cached != nil || late.Outcome != cachestat.OutcomeMiss {
			t.Errorf("after its time it is %+v", late)
		}
	})
}

// TestAnExplanationIsWhatAReadGets explains first and reads then.
func TestAnExplanationIsWhatAReadGets(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*viewcache.Cache, *freshness.Ledger)
		want    cachestat.Outcome
	}{
		"nothing is cached": {func(*viewcache.Cache, *freshness.Ledger) {}, cachestat.OutcomeMiss},
		"nothing has changed": {func(v *viewcache.Cache, _ *freshness.Ledger) { v.Store("k", about(1), 0, nil) },
			cachestat.OutcomeHit},
		"something else changed":     {storedThen(about, 2), cachestat.OutcomeHit},
		"it changed":                 {storedThen(about, 1), cachestat.OutcomeStale},
		"more than the ledger holds": {storedThen(about, 2, 3, 4, 5, 6), cachestat.OutcomeMiss},
		"it can be patched": {func(v *viewcache.Cache, l *freshness.Ledger) {
			v.Store("k", patchable(1, l), 0, nil)
			l.Append(changed(1))
		}, cachestat.OutcomePatched},
		"the feed is silent": {func(v *viewcache.Cache, l *freshness.Ledger) {
			v.Store("k", about(1), 0, nil)
			l.Confirm(time.Now().Add(-2 * time.Hour))
		}, cachestat.OutcomeBypassed},
	} {
		t.Run(name, func(t *testing.T) {
			views, ledger, counters := open(t)
			c.prepare(views, ledger)
			first, second := views.ExplainKey("k"), views.ExplainKey("k")
			if diff := cmp.Diff(first, second); diff != "" {
				t.Errorf("explaining has changed something:\n%s", diff)
			}
			if got := counters.Figures(); got != (cachestat.Figures{}) {
				t.Errorf("explaining was counted: %+v", got)
			}
			if _, got := views.ByKey("k"); got != first.Outcome || got != c.want {
				t.Errorf("explained as %v, read as %v, want %v", first.Outcome, got, c.want)
			}
		})
	}
}

func storedThen(answer func(byte) viewcache.Answer, changes ...byte) func(*viewcache.Cache, *freshness.Ledger) {
	return func(v *viewcache.Cache, l *freshness.Ledger) {
		v.Store("k", answer(1), 0, nil)
		for _, n := range changes {
			l.Append(changed(n))
		}
	}
}

func TestVariantsMayBeMadeWhileTheyAreListed(t *testing.T) {
	views, _, _ := open(t)
	view, _ := views.Store("k", about(1), 0, nil)
	var all sync.WaitGroup
	for _, coding := range []string{"br", "zstd", "gzip", ""} {
		all.Go(func() { view.Variant(coding) })
		all.Go(func() { views.ExplainKey("k") })
	}
	all.Wait()
	if got := views.ExplainKey("k").Cached.Variants; len(got) != 4 {
		t.Errorf("the variants are %+v", got)
	}
}
