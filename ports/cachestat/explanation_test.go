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
		{cachestat.Explanation{Outcome: cachestat.OutcomeHit, Cached: cached}, "What is kept is true."},
		{cachestat.Explanation{Outcome: cachestat.OutcomePatched, Cached: cached},
			"A change touches what is kept, and says enough to bring it up to date without the database."},
		{cachestat.Explanation{Outcome: cachestat.OutcomeStale, Cached: cached},
			"A change touches what is kept, so it has to be made anew."},
		{cachestat.Explanation{Outcome: cachestat.OutcomeMiss}, "Nothing is kept."},
		{cachestat.Explanation{Outcome: cachestat.OutcomeMiss, Cached: cached},
			"The ledger does not remember all that has changed since, so what is kept counts as lost."},
		{cachestat.Explanation{Outcome: cachestat.OutcomeMiss, Err: errors.New("connection refused")},
			"Nothing is kept. What the cache has could not be read: connection refused."},
		{cachestat.Explanation{Outcome: cachestat.OutcomeBypassed, Cached: cached},
			"The change feed has not been confirmed lately, so nothing that is kept is used."},
		{cachestat.Explanation{Outcome: cachestat.OutcomeBypassed},
			"The change feed has not been confirmed lately, so nothing that is kept is used."},
	} {
		if got := c.explanation.Why(); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.explanation, got, c.want)
		}
	}
}
