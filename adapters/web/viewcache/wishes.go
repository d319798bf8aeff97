package viewcache

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports"
)

// Feed brings the ledger up to date on demand.
type Feed interface {
	// CatchUp returns when the ledger knows every change that was committed before the call.
	CatchUp(ctx context.Context) error
	// Now asks the database itself where it stands. The error wraps ports.ErrUnavailable when it cannot be reached.
	Now(ctx context.Context) (freshness.Place, error)
}

// TokenHeader is the header in which a reader says what it has seen and must not see undone, and is told the same.
const TokenHeader = "Consistency-Token"

// wishes is how fresh a request wants its answer. The zero value is the default.
type wishes struct {
	uncached bool // Cache-Control: no-store: the database's own answer
	latest   bool // no-cache, max-age=0: as if there were no cache
	onlyKept bool // only-if-cached
	tolerant bool // max-stale, with or without a limit
	maxStale time.Duration
	session  bool             // a Consistency-Token is given
	token    *freshness.Token // nil: a session that begins
}

// anyToken begins a session.
const anyToken = "*"

// wishesOf reads the headers. The error wraps freshness.ErrInvalidToken.
func wishesOf(r *http.Request) (w wishes, err error) {
	for _, line := range r.Header["Cache-Control"] {
		for directive := range strings.SplitSeq(line, ",") {
			name, argument, _ := strings.Cut(strings.TrimSpace(directive), "=")
			w.direct(strings.ToLower(name), argument)
		}
	}
	given := r.Header[TokenHeader]
	if len(given) == 0 {
		return w, nil
	}
	w.session = true
	switch {
	case len(given) > 1:
		err = fmt.Errorf("given %d times: %w", len(given), freshness.ErrInvalidToken)
	case given[0] != anyToken:
		var token freshness.Token
		token, err = freshness.ParseToken(given[0])
		w.token = &token
	}
	return w, err
}

// CheckToken refuses a Consistency-Token that is none. The error wraps freshness.ErrInvalidToken.
func CheckToken(r *http.Request) error {
	_, err := wishesOf(r)
	return err
}

// direct takes in a request directive of RFC 9111; others than these ask for nothing that this cache does.
func (w *wishes) direct(name, argument string) {
	switch name {
	case "no-store":
		w.uncached = true
	case "no-cache":
		w.latest = true
	case "max-age":
		if strings.Trim(argument, `"`) == "0" { // what a browser sends when somebody reloads a page
			w.latest = true
		}
	case "only-if-cached":
		w.onlyKept = true
	case "max-stale":
		w.maxStale, w.tolerant = staleness(strings.Trim(argument, `"`))
	}
}

// staleness reads the argument of max-stale. None means however old; one that is no number asks for nothing.
func staleness(argument string) (time.Duration, bool) {
	if argument == "" {
		return math.MaxInt64, true
	}
	seconds, err := strconv.ParseUint(argument, 10, 31)
	return time.Duration(seconds) * time.Second, err == nil || errors.Is(err, strconv.ErrRange)
}

// plain reports whether a request wishes for nothing special; it costs two look-ups.
func plain(r *http.Request) bool {
	return r.Header["Cache-Control"] == nil && r.Header[TokenHeader] == nil
}

// prepare does for a read what has to be done before it, and says in the reading what the caches may do. Whoever asks for
// the latest state, or for what a token names and the ledger has not seen, waits for one reading of the feed that begins
// now, shared by all who wait. When that does not come in time, the database is asked. Neither is given an answer that
// could not be confirmed.
func (c *Cache) prepare(ctx context.Context, w wishes, reading *ports.Reading) {
	reading.OnlyKept, reading.Tolerance = w.onlyKept, c.options.StaleIfError
	if w.tolerant {
		reading.Tolerance = w.maxStale
	}
	if w.uncached || w.latest || w.session {
		reading.Tolerance = 0
	}
	behind := w.token != nil && !w.token.MetBy(c.ledger.Place())
	switch {
	case w.uncached:
		reading.Uncached = true
	case w.latest, behind:
		reading.Uncached = c.catchUp(ctx) != nil
	}
}

func (c *Cache) catchUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.options.CatchUpTimeout)
	defer cancel()
	return c.feed.CatchUp(ctx)
}

// GiveWriteToken tells who has written what must not be undone for them. The request's context carries a ports.Writing.
// Of many changes at once, and of one in an epoch that the feed has not come to, it is what the database has by now that
// counts. When it has gone away meanwhile and nobody can say what that is, the next read has to show the present, wherever
// it is made.
//
// A write that changed nothing, because all is as wished for already, has told what somebody else may have written just now.
// If the feed cannot bring that before the writer is told, no kept answer may be taken for the present until it has.
func (c *Cache) GiveWriteToken(w http.ResponseWriter, r *http.Request) {
	given, _ := wishesOf(r) // one that cannot be read asks for nothing
	if given.token == nil {
		given.token = &freshness.Token{Seen: freshness.Place{Epoch: c.ledger.Place().Epoch}}
	}
	wrote := ports.WritingFrom(r.Context())
	if place := c.ledger.Place(); wrote != nil && wrote.Changes == 1 && (wrote.Epoch == "" || wrote.Epoch == place.Epoch) {
		if token, ok := given.token.After(wrote.Tx, place); ok {
			w.Header()[TokenHeader] = []string{token.String()}
			return
		}
	}
	token := freshness.Present()
	seen, told, err := c.seen(r.Context())
	if err == nil {
		token = freshness.Token{Seen: seen}
	}
	if !told && (wrote == nil || wrote.Changes == 0) {
		c.ledger.Doubt(time.Now())
	}
	w.Header()[TokenHeader] = []string{token.String()}
}

// giveToken tells a session what it has seen by now. The answer may hold more than the ledger was told of when it was
// made; what a reading of the feed has seen that begins after it covers all of it, and so does what the database shows.
// Without either, what the reader has seen cannot be promised from here on, and the error says so.
func (c *Cache) giveToken(ctx context.Context, h http.Header) error {
	seen, _, err := c.seen(ctx)
	if err != nil {
		return fmt.Errorf("say what has been seen: %w", err)
	}
	h[TokenHeader] = []string{freshness.Token{Seen: seen}.String()}
	return nil
}

// seen is a place that covers everything committed before the call, and whether the ledger has been told all that.
func (c *Cache) seen(ctx context.Context) (place freshness.Place, told bool, err error) {
	if c.catchUp(ctx) == nil {
		return c.ledger.Place(), true, nil
	}
	place, err = c.feed.Now(ctx)
	return place, false, err
}
