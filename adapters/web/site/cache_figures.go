package site

import (
	"context"
	"time"
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

// LevelSample is a Sample of one cache level: reads by what the level did for them, per second, and what it keeps.
type LevelSample struct {
	Hits        float64 `json:"hits"`        // what was kept is true
	Patched     float64 `json:"patched"`     // it was brought up to date without the database
	Coalesced   float64 `json:"coalesced"`   // another reader was loading it
	Stale       float64 `json:"stale"`       // a change has touched it
	Misses      float64 `json:"misses"`      // nothing is kept
	Bypassed    float64 `json:"bypassed"`    // the reader, or a silent feed, wanted the database itself
	Unconfirmed float64 `json:"unconfirmed"` // the database is away; the answer was true a while ago
	// HitRatio is the share of hits, patched and coalesced reads among those that asked the level; nil when none did.
	HitRatio *float64 `json:"hit_ratio"`

	Entries int64 `json:"entries"` // kept; -1 when the cache cannot tell
	Bytes   int64 `json:"bytes"`   // taken by them; -1 when the cache cannot tell

	// What came of comparing answers with the database, since the process started. A violation is a defect.
	Verified   uint64 `json:"verified"`
	Undecided  uint64 `json:"undecided"`
	Violations uint64 `json:"violations"`
}

// Lookup says what would become of a request, without making it: nothing is counted, loaded or kept.
type Lookup interface {
	// Explain takes an address as a person has it: a path with its query, or a whole URL, whose host does not matter. An
	// error says what is wrong with the address.
	Explain(ctx context.Context, address string) (Explanation, error)
}

// The levels that can answer a request.
const (
	LevelView     = "view"
	LevelQuery    = "query"
	LevelDatabase = "database"
)

// Explanation says which level would answer a request of the default kind now, and what each level has for it.
type Explanation struct {
	Target string `json:"target"` // as a request would carry it
	Known  bool   `json:"known"`  // the view cache knows what this spelling means
	// Answer is the level that would answer; "" when nothing is kept and only the page's own code knows what it would ask.
	Answer string `json:"answer"`
	View   Kept   `json:"view"`
	// Query has an element for each question that the query cache would be asked if the view cache had no answer: the page
	// or the listing, and the count. It is empty for addresses outside the API.
	Query []Kept `json:"query"`

	Trusted   bool          `json:"trusted"`      // the caches are in use: the change feed has been confirmed lately
	Confirmed time.Duration `json:"confirmed_ns"` // since a completed reading of the change feed began
}

// Kept is what one level has for one question, and what it would do with it.
type Kept struct {
	Level    string `json:"level"`
	Question string `json:"question"` // in its canonical form; "" when it is not known
	Outcome  string `json:"outcome"`  // hit, patched, stale, miss or bypassed
	Why      string `json:"why"`      // the same, in a sentence

	// Found says that something is kept. If not, what follows is empty.
	Found    bool      `json:"found"`
	Made     time.Time `json:"made,omitzero"`    // or last patched, in the view cache; loaded, in the query cache
	Expires  time.Time `json:"expires,omitzero"` // ends then, however true it is
	Bytes    int       `json:"bytes"`
	Variants []Variant `json:"variants"` // of a view
	Epoch    string    `json:"epoch"`    // of the database's history, of a record of the query cache
	Snapshot string    `json:"snapshot"` // that the record has seen, as Postgres writes it
	Own      bool      `json:"own"`      // this process was the last to write the record
	Depends  []string  `json:"depends"`  // what its truth depends on, in words

	// What the ledger says: where the answer and the ledger stand, how many changes lie between, how many of them touch the
	// answer, and the newest ones.
	Verdict  string   `json:"verdict"` // fresh, stale or unknown
	Position uint64   `json:"position"`
	Ledger   uint64   `json:"ledger"`
	Between  uint64   `json:"between"`
	Touching int      `json:"touching"`
	Recent   []Change `json:"recent"`
}

// Variant is a content coding that a view has been asked for in.
type Variant struct {
	Coding string `json:"coding"`
	Bytes  int    `json:"bytes"`
}

// Change is a committed change of a listing that an answer is checked against.
type Change struct {
	Position uint64    `json:"position"`
	Op       string    `json:"op"` // insert, update or delete
	ID       string    `json:"id"`
	Version  int64     `json:"version"`
	At       time.Time `json:"at"`
	Touches  bool      `json:"touches"` // the answer
}
