// Package cachestat reports on the work of the cache levels: the outcome of each read, counts, and explanations. It
// also passes samples of their answers on for verification. It has no part in any answer.
package cachestat

import "slices"

// Outcome is what a cache did for a read. Of several outcomes the greatest is the least lucky one.
type Outcome int8

// The outcomes, from lucky to unlucky. Each has a row in the table below. None: the read asked no cache. Hit: the
// cached answer was current. Patched: it was brought up to date without the store. Coalesced: another request was
// already loading it. Stale: a change had touched it, and it was loaded again. Miss: nothing was cached. Bypassed:
// the caches were bypassed. StaleIfError: the store could not be reached, and the answer had been current a while
// ago.
const (
	OutcomeNone Outcome = iota
	OutcomeHit
	OutcomePatched
	OutcomeCoalesced
	OutcomeStale
	OutcomeMiss
	OutcomeBypassed
	OutcomeStaleIfError
	outcomes // the number of outcomes
)

// description has every text about an outcome.
type description struct {
	name   string // one lower-case word, in logs, traces and metrics
	figure string // the name of its count, in JSON and tables
	status string // its part of a Cache-Status header (RFC 9211)
	share  share  // in the hit ratio
	reads  string // follows a number of such reads on the cache page; "" when the page omits them
	why    string // in explanations; "" for an outcome that none has
}

// share is the part of an outcome in the hit ratio.
type share int8

const (
	apart    share = iota // the cache was not asked, or could not confirm its answer
	answered              // without a load of its own
	loaded                // the cache was asked in vain
)

var descriptions = [outcomes]description{
	OutcomeNone: {name: "none"},
	OutcomeHit:  {"hit", "hits", "hit", answered, "still true", "The cached answer is current."},
	OutcomePatched: {"patched", "patched", "hit; detail=patched", answered, "brought up to date",
		"A change touches the cached answer, and has all that is needed to update it without the database."},
	OutcomeCoalesced: {"coalesced", "coalesced", "fwd=uri-miss; collapsed", answered, "", ""},
	OutcomeStale: {"stale", "stale", "fwd=stale", loaded, "outdated",
		"A change touches the cached answer, so it must be loaded again."},
	OutcomeMiss: {"miss", "misses", "fwd=uri-miss", loaded, "not cached", "Nothing is cached."},
	OutcomeBypassed: {"bypassed", "bypassed", "fwd=bypass", apart, "",
		"The change feed has not been confirmed recently, so the caches are bypassed."},
	OutcomeStaleIfError: {"unconfirmed", "unconfirmed", "hit; detail=stale", apart, "", ""},
}

var all = func() (list []Outcome) {
	for o := OutcomeNone + 1; o < outcomes; o++ {
		list = append(list, o)
	}
	return list
}()

// Outcomes returns all outcomes but None, from lucky to unlucky.
func Outcomes() []Outcome { return slices.Clone(all) }

// String is the outcome in one lower-case word, as in logs and metrics.
func (o Outcome) String() string { return descriptions[o].name }

// Figure is the name of the count of such reads: hits, misses.
func (o Outcome) Figure() string { return descriptions[o].figure }

// CacheStatus is the outcome in a Cache-Status header (RFC 9211): hit, fwd=stale.
func (o Outcome) CacheStatus() string { return descriptions[o].status }

// Reads is the text after a number of such reads on a page for people, as in "3 outdated"; "" when the page omits
// them.
func (o Outcome) Reads() string { return descriptions[o].reads }
