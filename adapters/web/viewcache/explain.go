package viewcache

import (
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports/cachestat"
)

// Explain explains the answer to a request for the target, as it is spelled. It makes no request, and it counts, caches
// and changes nothing. The question is "" when the cache does not know the target.
func (c *Cache) Explain(target string) cachestat.Explanation {
	known, ok := c.targets.GetEntryQuietly(target)
	if !ok {
		return cachestat.Explanation{Level: cachestat.LevelView, Outcome: c.without()}
	}
	return c.ExplainKey(known.Value)
}

// ExplainKey is like Explain for a canonical key, whether a target is known to mean it or not.
func (c *Cache) ExplainKey(key string) cachestat.Explanation {
	x := cachestat.Explanation{Level: cachestat.LevelView, Question: key, Outcome: c.without()}
	entry, ok := c.views.GetEntryQuietly(key)
	if !ok {
		return x
	}
	v := entry.Value
	x.Cached = &cachestat.CachedAnswer{
		Made: entry.ExpiresAt().Add(-c.options.TTL), Expires: entry.ExpiresAt(),
		Bytes: len(v.answer.Body), Variants: v.made(),
		Depends: v.entry.Depends(), Ledger: c.ledger.Explain(v.entry, cachestat.MaxExplainedChanges),
	}
	if x.Outcome != cachestat.OutcomeBypassed {
		x.Outcome = outcomeOf(v, &x.Cached.Ledger)
	}
	return x
}

// without returns the outcome of a read when no answer is cached.
func (c *Cache) without() cachestat.Outcome {
	if !c.ledger.Trusted(time.Now()) {
		return cachestat.OutcomeBypassed
	}
	return cachestat.OutcomeMiss
}

// outcomeOf returns the outcome of ByKey for a view with this standing.
func outcomeOf(v *View, standing *freshness.Standing) cachestat.Outcome {
	switch standing.Verdict {
	case freshness.Fresh:
		return cachestat.OutcomeHit
	case freshness.Stale:
		if v.answer.Patch != nil {
			if _, _, ok := v.answer.Patch(standing.At); ok {
				return cachestat.OutcomePatched
			}
		}
		return cachestat.OutcomeStale
	}
	return cachestat.OutcomeMiss
}

// made returns the variants made so far.
func (v *View) made() (sizes []cachestat.Variant) {
	present := v.present.Load()
	for c := range codings {
		if present&(1<<c) != 0 {
			sizes = append(sizes, cachestat.Variant{Coding: codingNames[c], Bytes: len(v.variants[c].Body)})
		}
	}
	return sizes
}
