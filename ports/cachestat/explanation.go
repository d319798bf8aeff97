package cachestat

import (
	"fmt"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
)

// The cache levels: finished answers in the process, and answers of the database that processes may share.
const (
	LevelView  = "view"
	LevelQuery = "query"
)

// Explanation is what a cache level has for a question, and what a read of the default kind would get now.
type Explanation struct {
	Level    string // LevelView or LevelQuery
	Question string // in its canonical form; "" when the level does not know what is asked
	// Outcome is a hit, a patched answer, or why there is none: stale, miss or bypassed.
	Outcome Outcome
	// Cached is nil when nothing is cached that can be read. Err is then nil, or why what there is cannot be read.
	Cached *CachedAnswer
	Err    error
}

// CachedAnswer describes an answer that a level has.
type CachedAnswer struct {
	// Made is when a view was made or last patched, and when the load of a record began.
	Made     time.Time
	Expires  time.Time // however true the answer is
	Bytes    int       // of a view: of its plain body
	Variants []Variant // of a view
	Snapshot string    // that a record has seen, as Postgres writes it; "" of a view
	Own      bool      // this process was the last to write the record
	Depends  []string  // what the answer depends on, in words
	Ledger   freshness.Standing
}

// Variant is a content coding in which a view has been asked for, and its size.
type Variant struct {
	Coding string // br, zstd, gzip or identity
	Bytes  int
}

// MaxExplainedChanges is how many changes an explanation names.
const MaxExplainedChanges = 10

// Why is the outcome in a sentence or two.
func (x *Explanation) Why() string {
	why := descriptions[x.Outcome].why
	if x.Outcome == OutcomeMiss && x.Cached != nil {
		why = "The ledger does not remember all that has changed since, so what is kept counts as lost."
	}
	if x.Err != nil {
		why += fmt.Sprintf(" What the cache has could not be read: %v.", x.Err)
	}
	return why
}
