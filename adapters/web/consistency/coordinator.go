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
	// CatchUp returns when the ledger knows every change that was committed before the call.
	CatchUp(ctx context.Context) error
	// Now asks the database itself where it stands. The error wraps ports.ErrUnavailable when it cannot be reached.
	Now(ctx context.Context) (freshness.Place, error)
}

// Coordinator brings the ledger as far as requests ask for, and issues tokens. It is safe for concurrent use.
type Coordinator struct {
	ledger  *freshness.Ledger
	feed    Feed
	options Options
}

// Options of a Coordinator.
type Options struct {
	// StaleIfError is the oldest answer to use when the database cannot be reached, unless the request says otherwise: how
	// long ago it was last known to be true.
	StaleIfError time.Duration
	// CatchUpTimeout is the longest wait for the feed before the database is asked.
	CatchUpTimeout time.Duration
}

// New makes a coordinator for a ledger and the feed that it follows.
func New(ledger *freshness.Ledger, feed Feed, o Options) *Coordinator {
	return &Coordinator{ledger: ledger, feed: feed, options: o}
}

// Prepare does what the directives ask for before a read, and sets the options that the caches follow. A request for
// the latest state, or for a token that the ledger has not reached, waits for one poll of the feed that begins now and is
// shared by all who wait. When the poll is late, the database is asked. Neither request accepts an unconfirmed answer.
func (c *Coordinator) Prepare(ctx context.Context, d Directives, o *ports.ReadOptions) {
	o.OnlyCached, o.Tolerance = d.OnlyCached, c.options.StaleIfError
	if d.Tolerant {
		o.Tolerance = d.MaxStale
	}
	if d.Uncached || d.Latest || d.Session {
		o.Tolerance = 0
	}
	behind := d.Token != nil && !d.Token.MetBy(c.ledger.Place())
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

// SetReadToken sets the token of a session's read. The answer may hold more than the ledger knew when it was made; a poll of
// the feed that begins later covers all of it, and so does the database's own place. Without either the session cannot be
// promised anything, and the error says so.
func (c *Coordinator) SetReadToken(ctx context.Context, h http.Header) error {
	seen, _, err := c.seen(ctx)
	if err != nil {
		return fmt.Errorf("build consistency token: %w", err)
	}
	h[Header] = []string{freshness.Token{Seen: seen}.String()}
	return nil
}

// SetWriteToken sets the token of a write that committed one change, or none (its Op is empty). The token covers the
// directives' own token as well. For a change in another epoch than the feed's it is the database's present place, as
// SetBulkToken describes.
func (c *Coordinator) SetWriteToken(ctx context.Context, d Directives, change property.Change, h http.Header) {
	place := c.ledger.Place()
	if change.Op == "" || change.Epoch != "" && change.Epoch != place.Epoch {
		c.SetBulkToken(ctx, change.Op != "", h)
		return
	}
	before := freshness.Token{Seen: freshness.Place{Epoch: place.Epoch}}
	if d.Token != nil {
		before = *d.Token
	}
	if token, ok := before.After(change.Tx, place); ok {
		h[Header] = []string{token.String()}
		return
	}
	c.SetBulkToken(ctx, true, h)
}

// SetBulkToken sets the token of a write of many changes: the database's present place. If that is unknown because the
// database has gone away, the token asks the next read to show the present wherever it is made.
//
// A write that committed nothing may have shown its client another process's recent change. If the feed cannot deliver
// that first, the caches are not trusted until it has.
func (c *Coordinator) SetBulkToken(ctx context.Context, committed bool, h http.Header) {
	token := freshness.Present()
	seen, known, err := c.seen(ctx)
	if err == nil {
		token = freshness.Token{Seen: seen}
	}
	if !known && !committed {
		c.ledger.Doubt(time.Now())
	}
	h[Header] = []string{token.String()}
}

// seen returns a place that covers everything committed before the call, and whether the ledger has reached it.
func (c *Coordinator) seen(ctx context.Context) (place freshness.Place, known bool, err error) {
	if c.catchUp(ctx) == nil {
		return c.ledger.Place(), true, nil
	}
	place, err = c.feed.Now(ctx)
	return place, false, err
}
