package consistency

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// Feed brings the ledger up to date on demand.
type Feed interface {
	// CatchUp returns when the ledger contains every change that was committed before the call.
	CatchUp(ctx context.Context) error
	// Now asks the database for its current feed point. The error wraps ports.ErrUnavailable when the database cannot
	// be reached.
	Now(ctx context.Context) (freshness.Point, error)
}

// Coordinator brings the ledger as far as a request needs, and issues tokens. It is safe for concurrent use.
type Coordinator struct {
	ledger  *freshness.Ledger
	feed    Feed
	options Options
}

// Options of a Coordinator.
type Options struct {
	// StaleIfError is the greatest age of an answer that is used when the database cannot be reached, unless the
	// request sets another. The age is the time since the answer was last known to be current.
	StaleIfError time.Duration
	// CatchUpTimeout is the longest wait for the feed; after it the database answers.
	CatchUpTimeout time.Duration
}

// New makes a coordinator for a ledger and the feed that the ledger follows.
func New(ledger *freshness.Ledger, feed Feed, o Options) *Coordinator {
	return &Coordinator{ledger: ledger, feed: feed, options: o}
}

// Prepare does what the directives ask for before a read, and sets the options for the caches. A request for the latest
// state, or with a token that the ledger has not reached, waits for one poll of the feed. The poll begins now, and all
// requests that wait share it. If the poll is late, the database answers. Neither request accepts an unconfirmed
// answer.
func (c *Coordinator) Prepare(ctx context.Context, d Directives, o *ports.ReadOptions) {
	o.OnlyCached, o.Tolerance = d.OnlyCached, c.options.StaleIfError
	if d.Tolerant {
		o.Tolerance = d.MaxStale
	}
	if d.Uncached || d.Latest || d.Session {
		o.Tolerance = 0
	}
	behind := d.Token != nil && !d.Token.MetBy(c.ledger.Point())
	switch {
	case d.Uncached:
		o.Uncached = true
	case d.Latest, behind:
		o.Uncached = c.catchUp(ctx) != nil
	}
}

func (c *Coordinator) catchUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.options.CatchUpTimeout)
	defer cancel()
	return c.feed.CatchUp(ctx)
}

// SetReadToken sets the token of a session's read. The answer may contain more than the ledger did when the answer was
// made; a poll of the feed that begins later covers all of it, and so does the database's own feed point. Without
// either no token is possible, and SetReadToken returns an error.
func (c *Coordinator) SetReadToken(ctx context.Context, h http.Header) error {
	seen, _, err := c.seenPoint(ctx)
	if err != nil {
		return fmt.Errorf("build consistency token: %w", err)
	}
	h[Header] = []string{freshness.Token{Seen: seen}.String()}
	return nil
}

// SetWriteToken sets the token of a write that committed one change, or none (its Op is empty). The token also covers
// the token in the directives. For a change in another epoch than the feed's, the token is the database's current feed
// point, as SetBulkToken describes.
func (c *Coordinator) SetWriteToken(ctx context.Context, d Directives, change property.Change, h http.Header) {
	point := c.ledger.Point()
	if change.Op == "" || change.Epoch != "" && change.Epoch != point.Epoch {
		c.SetBulkToken(ctx, change.Op != "", h)
		return
	}
	before := freshness.Token{Seen: freshness.Point{Epoch: point.Epoch}}
	if d.Token != nil {
		before = *d.Token
	}
	if token, ok := before.After(change.Tx, point); ok {
		h[Header] = []string{token.String()}
		return
	}
	c.SetBulkToken(ctx, true, h)
}

// SetBulkToken sets the token of a write of many changes: the database's current feed point. If the database cannot be
// reached, the token requires the next read to show the current state, on any process.
//
// A write that committed nothing may have shown its client another process's recent change. If the feed cannot deliver
// that change first, the ledger is untrusted until it has.
func (c *Coordinator) SetBulkToken(ctx context.Context, committed bool, h http.Header) {
	token := freshness.Present()
	seen, known, err := c.seenPoint(ctx)
	if err == nil {
		token = freshness.Token{Seen: seen}
	}
	if !known && !committed {
		c.ledger.RequirePollAfter(time.Now())
	}
	h[Header] = []string{token.String()}
}

// seenPoint returns a feed point that covers everything committed before the call, and whether the ledger has reached
// it.
func (c *Coordinator) seenPoint(ctx context.Context) (point freshness.Point, known bool, err error) {
	if c.catchUp(ctx) == nil {
		return c.ledger.Point(), true, nil
	}
	point, err = c.feed.Now(ctx)
	return point, false, err
}
