package viewcache

import (
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports/cachestat"
)

// Explanation is what the cache has to say about one question, for people who wonder.
type Explanation struct {
	// Key is the canonical key of the question; "" when the request target is not known to mean one.
	Key string
	// Outcome is what a request of the default kind would get now: a hit, a patched view, or why there is none (stale, miss
	// or bypassed).
	Outcome cachestat.Outcome
	// Kept is the view kept under the key; nil when there is none.
	Kept *KeptView
}

// KeptView describes a view.
type KeptView struct {
	KeptAt, Expires time.Time // when it was made or last patched, and when it ends however true it is
	Route           string
	ETag            string // of the plain variant, without quotes
	Bytes           int    // of the plain body
	Variants        []VariantSize
	Depends         []string // what it depends on, in words
	Ledger          freshness.Explanation
}

// VariantSize is a coding in which a view has been asked for, and its size.
type VariantSize struct {
	Coding string // br, zstd, gzip or identity
	Bytes  int
}

// explainedChanges is how many changes an explanation names.
const explainedChanges = 10

// Explain says what would become of a request for the target as it is spelled, without asking anybody for it: nothing is
// counted, made, kept or moved on.
func (c *Cache) Explain(target string) Explanation {
	known, ok := c.targets.GetEntryQuietly(target)
	if !ok {
		return Explanation{Outcome: c.without()}
	}
	return c.ExplainKey(known.Value)
}

// ExplainKey is Explain for a canonical key, whether a target is known to mean it or not.
func (c *Cache) ExplainKey(key string) Explanation {
	x := Explanation{Key: key, Outcome: c.without()}
	entry, ok := c.views.GetEntryQuietly(key)
	if !ok {
		return x
	}
	v := entry.Value
	x.Kept = &KeptView{
		KeptAt: entry.ExpiresAt().Add(-c.options.TTL), Expires: entry.ExpiresAt(),
		Route: v.answer.Route, ETag: v.digest, Bytes: len(v.answer.Body), Variants: v.made(),
		Depends: v.entry.Depends(), Ledger: c.ledger.Explain(v.entry, explainedChanges),
	}
	if x.Outcome != cachestat.OutcomeBypassed {
		x.Outcome = outcomeOf(v, x.Kept.Ledger)
	}
	return x
}

// without is what becomes of a read for which nothing is kept.
func (c *Cache) without() cachestat.Outcome {
	if !c.ledger.Trusted(time.Now()) {
		return cachestat.OutcomeBypassed
	}
	return cachestat.OutcomeMiss
}

// outcomeOf is what ByKey would do with a view that the ledger judges so.
func outcomeOf(v *View, judged freshness.Explanation) cachestat.Outcome {
	switch judged.Verdict {
	case freshness.Fresh:
		return cachestat.OutcomeHit
	case freshness.Stale:
		if v.answer.Patch != nil {
			if _, _, ok := v.answer.Patch(judged.At); ok {
				return cachestat.OutcomePatched
			}
		}
		return cachestat.OutcomeStale
	}
	return cachestat.OutcomeMiss
}

// made are the variants that there are.
func (v *View) made() (sizes []VariantSize) {
	present := v.present.Load()
	for c := range codings {
		if present&(1<<c) != 0 {
			sizes = append(sizes, VariantSize{codingNames[c], len(v.variants[c].Body)})
		}
	}
	return sizes
}
