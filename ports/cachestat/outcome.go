// Package cachestat is what the cache levels say of their work: what each did for a read, how often, and samples of their
// answers for a second look. It has no part in any answer.
package cachestat

// Outcome says what a cache did for a read, from lucky to unlucky.
type Outcome int8

// The outcomes. None: no cache was asked. Hit: the cached answer was true. Patched: it was brought up to date without the
// store. Coalesced: another request was already loading it. Stale: a change had touched it, and it was loaded anew. Miss:
// nothing was cached. Bypassed: the caches were bypassed. Unconfirmed: the store could not be reached, and the answer was
// true a while ago.
const (
	OutcomeNone Outcome = iota
	OutcomeHit
	OutcomePatched
	OutcomeCoalesced
	OutcomeStale
	OutcomeMiss
	OutcomeBypassed
	OutcomeStaleIfError
)

// String is the outcome in one lower-case word, as logs and metrics show it.
func (o Outcome) String() string {
	return [...]string{"none", "hit", "patched", "coalesced", "stale", "miss", "bypassed", "unconfirmed"}[o]
}
