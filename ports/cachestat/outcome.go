// Package cachestat reports on the work of the cache levels: the outcome of each read, counts, and samples of
// answers for verification. It has no part in any answer.
package cachestat

// Outcome is what a cache did for a read, from lucky to unlucky.
type Outcome int8

// The outcomes. None: the read asked no cache. Hit: the cached answer was current. Patched: it was brought up to
// date without the store. Coalesced: another request was already loading it. Stale: a change had touched it, and it
// was loaded again. Miss: nothing was cached. Bypassed: the caches were bypassed. StaleIfError: the store could not
// be reached, and the answer had been current a while ago.
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
