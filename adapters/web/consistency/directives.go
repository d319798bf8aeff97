// Package consistency is what a request asks of the caches and what the answer says about it: the directives of
// Cache-Control (RFC 9111), the Consistency-Token in and out, and the cookie in which a browser carries the token. A
// request is parsed once, at the outermost handler, and its directives travel in the exchange.
//
// It decides nothing about cached answers: it prepares the reading that the caches go by.
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

// Header is the header in which a client sends what it has seen and must not see undone, and receives the same.
const Header = "Consistency-Token"

// anyToken begins a session.
const anyToken = "*"

// Directives are what a request asks of the caches. The zero value asks for the default.
type Directives struct {
	Uncached   bool // no-store: the database's own answer
	Latest     bool // no-cache, max-age=0: as if there were no cache
	OnlyCached bool // only-if-cached
	Tolerant   bool // max-stale, with or without a limit
	MaxStale   time.Duration
	Session    bool             // a Consistency-Token is present
	Token      *freshness.Token // nil: a session that begins
	// Err wraps freshness.ErrInvalidToken when the token is not one.
	Err error
}

// Parse reads the directives of a request. It costs two look-ups when there are none.
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

// parseToken reads the header; the token of a session that begins is nil.
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

// add applies a request directive of RFC 9111; others than these ask for nothing that the caches do.
func (d *Directives) add(name, argument string) {
	switch name {
	case "no-store":
		d.Uncached = true
	case "no-cache":
		d.Latest = true
	case "max-age":
		if strings.Trim(argument, `"`) == "0" { // what a browser sends when somebody reloads a page
			d.Latest = true
		}
	case "only-if-cached":
		d.OnlyCached = true
	case "max-stale":
		d.MaxStale, d.Tolerant = staleness(strings.Trim(argument, `"`))
	}
}

// staleness reads the argument of max-stale. An absent one means any age; one that is not a number is ignored.
func staleness(argument string) (time.Duration, bool) {
	if argument == "" {
		return math.MaxInt64, true
	}
	seconds, err := strconv.ParseUint(argument, 10, 31)
	return time.Duration(seconds) * time.Second, err == nil || errors.Is(err, strconv.ErrRange)
}
