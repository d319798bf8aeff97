package cachestat

import (
	"fmt"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
)

// The cache levels: the process's finished answers, and answers of the database that processes may share.
const (
	LevelView  = "view"
	LevelQuery = "query"
)

// Explanation is what a cache level has for a question, and the outcome of a default read now.
type Explanation struct {
	Level    string // LevelView or LevelQuery
	Question string // in its canonical form; "" when the level does not know the question
	// Outcome is a hit or patched, or why there is no answer: stale, miss or bypassed.
	Outcome Outcome
	// Cached is nil when nothing readable is cached. Err is then nil, or why the entry cannot be read.
	Cached *CachedAnswer
	Err    error
}

// CachedAnswer describes a cached answer.
type CachedAnswer struct {
	// Made is the time when a view was made or last patched, or when the load of a record began.
	Made     time.Time
	Expires  time.Time // even if the answer is still current then
	Bytes    int       // of a view: of its plain body
	Variants []Variant // of a view
	Snapshot string    // of a record, in Postgres text form; "" of a view
	Own      bool      // this process was the last to write the record
	Depends  []string  // what the answer depends on, in words
	Ledger   freshness.Standing
}

// Variant is a content coding in which a view was requested, and its size.
type Variant struct {
	Coding string // br, zstd, gzip or identity
	Bytes  int
}

// MaxExplainedChanges is the largest number of changes in an explanation.
const MaxExplainedChanges = 10

// Why is the outcome in a sentence or two.
func (x *Explanation) Why() string {
	why := descriptions[x.Outcome].why
	if x.Outcome == OutcomeMiss && x.Cached != nil {
		why = "The ledger no longer holds all changes since then, so the cached answer counts as lost."
	}
	if x.Err != nil {
		why += fmt.Sprintf(" The cached answer could not be read: %v.", x.Err)
	}
	return why
}
