package viewcache

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// offer offers a served view for verification.
func (c *Cache) offer(v *View) {
	c.options.Samples.Offer(func() cachestat.Sample {
		return cachestat.Sample{
			Question: v.key,
			Recheck: func(ctx context.Context, catchUp func(context.Context) error) (cachestat.Finding, error) {
				return c.recheck(ctx, v, catchUp)
			},
		}
	})
}

// recheck makes the answer again from the store. It decides once the ledger contains every change that was committed
// before the store answered: if no change has touched the view by then, the store cannot have answered otherwise at any
// time since.
func (c *Cache) recheck(ctx context.Context, v *View, catchUp func(context.Context) error) (cachestat.Finding, error) {
	at := v.entry.Position()
	truth, _, err := v.load(ports.WithReadOptions(ctx, ports.ReadOptions{Uncached: true}))
	if err != nil && !errors.Is(err, property.ErrNotFound) {
		return cachestat.Finding{}, err
	}
	if err := catchUp(ctx); err != nil {
		return cachestat.Finding{}, err
	}
	switch {
	case c.ledger.Check(v.entry) != freshness.Fresh:
		return cachestat.Finding{Verdict: cachestat.Undecided}, nil
	case bytes.Equal(v.answer.Body, truth.Body):
		return cachestat.Finding{Verdict: cachestat.Verified}, nil
	}
	c.views.Invalidate(v.key)
	return cachestat.Finding{Verdict: cachestat.Violated, Detail: fmt.Sprintf(
		"at position %d: answered %s; the store has %s; ledger at position %d, snapshot %s",
		at, excerpt(v.answer.Body), excerpt(truth.Body), c.ledger.Position(), c.ledger.Point().Snapshot)}, nil
}

// excerpt bounds the length of a log line.
func excerpt(body []byte) string {
	const longest = 4_000
	return string(body[:min(len(body), longest)])
}
