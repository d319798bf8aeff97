// Package cachestat is what the cache levels say of their work: what each did for a read, how often and why. Samples of
// their answers are for a second look. It has no part in any answer.
package cachestat

import "slices"

// Outcome says what a cache did for a read. Of several outcomes the greatest is the least lucky one.
type Outcome int8

// The outcomes, from lucky to unlucky. Each has a row in the table below. None: no cache was asked. Hit: the cached
// answer was true. Patched: it was brought up to date without the store. Coalesced: another request was already loading
// it. Stale: a change had touched it, and it was loaded anew. Miss: nothing was cached. Bypassed: the caches were
// bypassed. Unconfirmed: the store could not be reached, and the answer was true a while ago.
const (
	OutcomeNone Outcome = iota
	OutcomeHit
	OutcomePatched
	OutcomeCoalesced
	OutcomeStale
	OutcomeMiss
	OutcomeBypassed
	OutcomeStaleIfError
	outcomes // how many there are
)

// description is all that the program says of an outcome.
type description struct {
	name   string // one lower-case word, in logs, traces and metrics
	figure string // what its count is called, in JSON and tables
	status string // its part of a Cache-Status header (RFC 9211)
	share  share  // in the hit ratio
	reads  string // follows a number of such reads on the page about the caches; "" when the page leaves them out
	why    string // in explanations; "" when none has this outcome
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
	OutcomeHit:  {"hit", "hits", "hit", answered, "still true", "What is kept is true."},
	OutcomePatched: {"patched", "patched", "hit; detail=patched", answered, "brought up to date",
		"A change touches what is kept, and says enough to bring it up to date without the database."},
	OutcomeCoalesced: {"coalesced", "coalesced", "fwd=uri-miss; collapsed", answered, "", ""},
	OutcomeStale: {"stale", "stale", "fwd=stale", loaded, "outdated",
		"A change touches what is kept, so it has to be made anew."},
	OutcomeMiss: {"miss", "misses", "fwd=uri-miss", loaded, "not kept", "Nothing is kept."},
	OutcomeBypassed: {"bypassed", "bypassed", "fwd=bypass", apart, "",
		"The change feed has not been confirmed lately, so nothing that is kept is used."},
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

// String is the outcome in one lower-case word, as logs and metrics show it.
func (o Outcome) String() string { return descriptions[o].name }

// Figure is what the count of such reads is called: hits, misses.
func (o Outcome) Figure() string { return descriptions[o].figure }

// CacheStatus is what a Cache-Status header (RFC 9211) says of the outcome: hit, fwd=stale.
func (o Outcome) CacheStatus() string { return descriptions[o].status }

// Reads follows a number of such reads on a page for people, as in "3 outdated"; "" when the page leaves them out.
func (o Outcome) Reads() string { return descriptions[o].reads }
