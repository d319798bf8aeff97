package site

import (
	"context"
	"time"

	"github.com/gable-listings/gable/ports/cachestat"
)

// Trend tells how the process has been doing lately.
type Trend interface {
	// Since returns the samples taken after the moment, the oldest first; the zero time asks for all that are kept. They are
	// the caller's to read and nobody's to change.
	Since(t time.Time) []Sample
}

// Sample is what the process did in a stretch of time, and where it stood at its end. Rates are per second. What was not
// there to be measured is nil, and null in JSON: a gap in a plot.
type Sample struct {
	At      time.Time `json:"at"`      // the end of the stretch
	Seconds float64   `json:"seconds"` // its length

	Requests float64  `json:"requests"` // answered
	Failed   float64  `json:"failed"`   // of these, with a status of 500 or more
	MeanMS   *float64 `json:"mean_ms"`  // time to answer in milliseconds; streams, imports and exports are left out
	P99MS    *float64 `json:"p99_ms"`   // 99 of 100 were answered within this time; estimated from a histogram

	View     LevelSample `json:"view"`
	Query    LevelSample `json:"query"`
	Saved    float64     `json:"saved"`    // reads that a level answered without the database
	Database float64     `json:"database"` // reads that asked the database, or tried to

	Trusted     bool     `json:"trusted"`      // the caches are in use: the change feed has been confirmed lately
	ConfirmedMS *float64 `json:"confirmed_ms"` // since a completed reading of the change feed began; nil before the first
	DelayMS     *float64 `json:"delay_ms"`     // mean time from a change in the database to its arrival by the feed
	Changes     float64  `json:"changes"`      // that the ledger was told of
	Position    uint64   `json:"position"`     // of the ledger: changes since the process started
}

// LevelSample is a Sample of one cache level: reads by what the level did for them, per second, and what it holds.
type LevelSample struct {
	Reads cachestat.Reads[float64] `json:"-"` // members of the same object, named by outcome
	// HitRatio is the share of hits, patched and coalesced reads among those that asked the level; nil when none did.
	HitRatio *float64 `json:"hit_ratio"`

	Entries int64 `json:"entries"` // cached; -1 when the cache cannot tell
	Bytes   int64 `json:"bytes"`   // taken by them; -1 when the cache cannot tell

	// What came of comparing answers with the database, since the process started. A violation is a defect.
	Verified   uint64 `json:"verified"`
	Undecided  uint64 `json:"undecided"`
	Violations uint64 `json:"violations"`
}

// MarshalJSON implements json.Marshaler.
func (s LevelSample) MarshalJSON() ([]byte, error) {
	type rest LevelSample
	return s.Reads.MarshalWith(rest(s), cachestat.Outcomes())
}

// Lookup says what a request would get, without making it: it counts, loads and caches nothing.
type Lookup interface {
	// Explain takes an address as a person has it: a path with its query, or a whole URL, whose host does not matter. An
	// error says what is wrong with the address.
	Explain(ctx context.Context, address string) (LookupResult, error)
}

// LevelDatabase is the answer of a lookup when no cache level would answer.
const LevelDatabase = "database"

// LookupResult says which level would answer a request of the default kind now, and what each cache level has for it.
type LookupResult struct {
	Target string // as a request would carry it
	Known  bool   // the view cache knows what this spelling means
	// Answer is the level that would answer; "" when nothing is cached and only the page's own code knows what it would
	// ask.
	Answer string
	View   cachestat.Explanation
	// Query has an explanation for each question that the query cache would get if the view cache had no answer: the page
	// or the listing, and the count. It is empty for addresses outside the API.
	Query   []cachestat.Explanation
	Trusted bool // the caches are in use: the change feed has been confirmed lately
}
