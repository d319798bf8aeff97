// Package consistency reads what a request asks of the caches, and reports what the answer guarantees. It covers the
// directives of Cache-Control (RFC 9111), the Consistency-Token in both directions, and the cookie in which a browser
// carries the token. The outermost handler parses a request once, and its directives travel in the exchange.
//
// It decides nothing about cached answers: it prepares the read options that the caches follow.
package consistency

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
)

// Header is the header with which a client sends what it has seen and must not see undone, and receives the same.
const Header = "Consistency-Token"

// anyToken is the token that begins a session.
const anyToken = "*"

// Directives are what a request asks of the caches. The zero value asks for the default.
type Directives struct {
	Uncached   bool // no-store: the database's own answer
	Latest     bool // no-cache, max-age=0: as if there were no cache
	OnlyCached bool // only-if-cached
	Tolerant   bool // max-stale, with or without a limit
	MaxStale   time.Duration
	Session    bool             // a Consistency-Token is present
	Token      *freshness.Token // nil for a new session
	// Err wraps freshness.ErrInvalidToken when the token is invalid.
	Err error
}

// Parse reads the directives of a request. Without any it costs two look-ups.
func Parse(h http.Header) Directives {
	var d Directives
	for _, line := range h["Cache-Control"] {
		for directive := range strings.SplitSeq(line, ",") {
			name, argument, _ := strings.Cut(strings.TrimSpace(directive), "=")
			d.add(strings.ToLower(name), argument)
		}
	}
	if tokens := h[Header]; len(tokens) > 0 {
		d.Session = true
		d.Token, d.Err = parseToken(tokens)
	}
	return d
}

// parseToken reads the header. The token of a new session is nil.
func parseToken(tokens []string) (*freshness.Token, error) {
	switch {
	case len(tokens) > 1:
		return nil, fmt.Errorf("present %d times: %w", len(tokens), freshness.ErrInvalidToken)
	case tokens[0] == anyToken:
		return nil, nil //nolint:nilnil // the session has seen nothing yet
	}
	token, err := freshness.ParseToken(tokens[0])
	if err != nil {
		return nil, err
	}
	return &token, nil
}

// Plain reports whether the request asks for the default.
func (d Directives) Plain() bool { return d == Directives{} }

// add applies a request directive of RFC 9111. It ignores directives that do not concern the caches.
func (d *Directives) add(name, argument string) {
	switch name {
	case "no-store":
		d.Uncached = true
	case "no-cache":
		d.Latest = true
	case "max-age":
		if strings.Trim(argument, `"`) == "0" { // a browser sends it to reload a page
			d.Latest = true
		}
	case "only-if-cached":
		d.OnlyCached = true
	case "max-stale":
		d.MaxStale, d.Tolerant = staleness(strings.Trim(argument, `"`))
	}
}

// staleness reads the argument of max-stale. An absent argument means any age; one that is not a number is ignored.
func staleness(argument string) (time.Duration, bool) {
	if argument == "" {
		return math.MaxInt64, true
	}
	seconds, err := strconv.ParseUint(argument, 10, 31)
	return time.Duration(seconds) * time.Second, err == nil || errors.Is(err, strconv.ErrRange)
}
