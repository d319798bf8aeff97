package cached

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// offer offers an answer for verification.
func (r *PropertyRepository) offer(q question, rec *record) {
	r.options.Samples.Offer(func() cachestat.Sample {
		answer := *rec
		return cachestat.Sample{
			Question: q.key,
			Recheck: func(ctx context.Context, catchUp func(context.Context) error) (cachestat.Finding, error) {
				return r.recheck(ctx, q, answer, catchUp)
			},
		}
	})
}

// recheck compares an answer with the store's. It decides once the ledger contains every change that was committed
// before the store answered: if no change has touched the answer by then, the store cannot have answered otherwise at
// any time since.
func (r *PropertyRepository) recheck(
	ctx context.Context, q question, answer record, catchUp func(context.Context) error,
) (cachestat.Finding, error) {
	truth, err := fromStore(ctx, q, ports.ReadOptions{})
	if err != nil {
		return cachestat.Finding{}, err
	}
	if err := catchUp(ctx); err != nil {
		return cachestat.Finding{}, err
	}
	// The check goes change by change. Bringing the answer up to date would skip changes that cancel each other out.
	entry := freshness.NewEntry(answer.position(), q.depends(&answer))
	switch {
	case r.ledger.Check(entry) != freshness.Fresh:
		return cachestat.Finding{Verdict: cachestat.Undecided}, nil
	case sameAnswer(&answer, truth):
		return cachestat.Finding{Verdict: cachestat.Verified}, nil
	}
	r.drop(ctx, entryKey(answer.Epoch, q.key))
	return cachestat.Finding{Verdict: cachestat.Violated, Detail: fmt.Sprintf(
		"at position %d, snapshot %s: answered %s; the store has %s; ledger at position %d, snapshot %s",
		answer.Position, answer.point().Snapshot, describe(&answer), describe(truth),
		entry.Position(), r.ledger.Point().Snapshot)}, nil
}

// drop removes an entry from the cache.
func (r *PropertyRepository) drop(ctx context.Context, key string) {
	ctx, cancel := r.briefly(ctx)
	defer cancel()
	if err := r.cache.Delete(ctx, key); err != nil {
		r.counters.CountError()
	}
}

// Forget makes this process ignore every record loaded before now, by itself or by other processes.
func (r *PropertyRepository) Forget() { r.forgotten.Store(time.Now().UnixMicro()) }

func sameAnswer(a, b *record) bool {
	return a.Absent == b.Absent && a.Count == b.Count &&
		slices.EqualFunc(a.page().Properties, b.page().Properties, func(p, q property.Property) bool {
			return p.ID == q.ID && p.Version == q.Version && p.Details.Equal(q.Details) &&
				p.CreatedAt.Equal(q.CreatedAt) && p.UpdatedAt.Equal(q.UpdatedAt)
		})
}

// describe summarizes an answer: its count, and the ids and versions of its listings.
func describe(r *record) string {
	text := fmt.Sprintf("absent=%t count=%d", r.Absent, r.Count)
	for i := range r.Listings {
		text += fmt.Sprintf(" %s@%d", r.Listings[i].ID, r.Listings[i].Version)
	}
	return text
}
