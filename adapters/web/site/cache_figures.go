package site

import (
	"context"
	"time"

	"github.com/gable-listings/gable/ports/cachestat"
)

// Trend provides samples of the process's recent figures.
type Trend interface {
	// Since returns the samples taken after the moment, the oldest first; the zero time means all that are held. Callers
	// must not change them.
	Since(t time.Time) []Sample
}

// Sample holds the process's figures over an interval, and its state at the end. Rates are per second. A figure that
// could not be measured is nil, which is null in JSON and a gap in a plot.
type Sample struct {
	At      time.Time `json:"at"`      // the end of the interval
	Seconds float64   `json:"seconds"` // its length

	Requests float64  `json:"requests"` // answered
	Failed   float64  `json:"failed"`   // of these, with a status of 500 or more
	MeanMS   *float64 `json:"mean_ms"`  // time to answer in milliseconds; streams, imports and exports are left out
	P99MS    *float64 `json:"p99_ms"`   // 99 of 100 were answered within this time; estimated from a histogram

	View     LevelSample `json:"view"`
	Query    LevelSample `json:"query"`
	Saved    float64     `json:"saved"`    // reads answered by a level without the database
	Database float64     `json:"database"` // reads that asked the database, or tried to

	Trusted     bool     `json:"trusted"`      // the caches are in use: the change feed has been confirmed lately
	ConfirmedMS *float64 `json:"confirmed_ms"` // since a completed reading of the change feed began; nil before the first
	DelayMS     *float64 `json:"delay_ms"`     // mean time from a change in the database to its arrival by the feed
	Changes     float64  `json:"changes"`      // appended to the ledger
	Position    uint64   `json:"position"`     // of the ledger: changes since the process started
}

// LevelSample is a Sample of one cache level: its reads per second by outcome, and its size.
type LevelSample struct {
	Reads cachestat.Reads[float64] `json:"-"` // members of the same object, named by outcome
	// HitRatio is the share of hits, patched and coalesced reads among those that asked the level; nil when none did.
	HitRatio *float64 `json:"hit_ratio"`

	Entries int64 `json:"entries"` // cached; -1 if unknown
	Bytes   int64 `json:"bytes"`   // taken by them; -1 if unknown

	// Answers compared with the database since the process started, by result. A violation is a defect.
	Verified   uint64 `json:"verified"`
	Undecided  uint64 `json:"undecided"`
	Violations uint64 `json:"violations"`
}

// MarshalJSON implements json.Marshaler.
func (s LevelSample) MarshalJSON() ([]byte, error) {
	type rest LevelSample
	return s.Reads.MarshalWith(rest(s))
}

// Lookup explains which level would answer a request. It makes no request: it counts, loads and caches nothing.
type Lookup interface {
	// Explain accepts an address as users copy it: a path with its query, or a whole URL, whose host does not matter. The
	// error says what is wrong with the address.
	Explain(ctx context.Context, address string) (LookupResult, error)
}

// LevelDatabase is the answer of a lookup when no cache level would answer.
const LevelDatabase = "database"

// LookupResult says which level would answer a request now, and what each cache level holds for it. The request is one
// with the default consistency.
type LookupResult struct {
	Target string // as a request would carry it
	Known  bool   // the view cache knows the meaning of this spelling
	// Answer is the level that would answer; "" when nothing is cached and only the page's own code knows its questions.
	Answer string
	View   cachestat.Explanation
	// Query explains each question that the query cache would get after a miss in the view cache: the page or the listing,
	// and the count. It is empty for addresses outside the API.
	Query   []cachestat.Explanation
	Trusted bool // the caches are in use: the change feed has been confirmed lately
}
