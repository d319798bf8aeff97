package cachestat_test

import (
	"errors"
	"testing"

	"github.com/gable-listings/gable/ports/cachestat"
)

func TestAnExplanationSaysWhy(t *testing.T) {
	cached := &cachestat.CachedAnswer{}
	for _, c := range []struct {
		explanation cachestat.Explanation
		want        string
	}{
		{cachestat.Explanation{Outcome: cachestat.OutcomeHit, Cached: cached}, "The cached answer is current."},
		{cachestat.Explanation{Outcome: cachestat.OutcomePatched, Cached: cached},
			"A change touches the cached answer, and has all that is needed to update it without the database."},
		{cachestat.Explanation{Outcome: cachestat.OutcomeStale, Cached: cached},
			"A change touches the cached answer, so it must be loaded again."},
		{cachestat.Explanation{Outcome: cachestat.OutcomeMiss}, "Nothing is cached."},
		{cachestat.Explanation{Outcome: cachestat.OutcomeMiss, Cached: cached},
			"The ledger no longer holds all changes since then, so the cached answer counts as lost."},
		{cachestat.Explanation{Outcome: cachestat.OutcomeMiss, Err: errors.New("connection refused")},
			"Nothing is cached. The cached answer could not be read: connection refused."},
		{cachestat.Explanation{Outcome: cachestat.OutcomeBypassed, Cached: cached},
			"The change feed has not been confirmed recently, so the caches are bypassed."},
		{cachestat.Explanation{Outcome: cachestat.OutcomeBypassed},
			"The change feed has not been confirmed recently, so the caches are bypassed."},
	} {
		if got := c.explanation.Why(); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.explanation, got, c.want)
		}
	}
}
