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

// offer hands an answer over to be verified, if one is wanted.
func (r *PropertyRepository) offer(q question, rec *record) {
	r.options.Samples.Offer(func() cachestat.Sample {
		given := *rec
		return cachestat.Sample{Question: q.key, Recheck: func(ctx context.Context, catchUp func(context.Context) error) (cachestat.Finding, error) {
			return r.recheck(ctx, q, given, catchUp)
		}}
	})
}

// recheck compares an answer with the store's. If, when the ledger knows all that happened before, nothing has touched the
// answer, then the store cannot have answered otherwise at any time since.
func (r *PropertyRepository) recheck(
	ctx context.Context, q question, given record, catchUp func(context.Context) error,
) (cachestat.Finding, error) {
	truth, err := fromStore(ctx, q, ports.ReadOptions{})
	if err != nil {
		return cachestat.Finding{}, err
	}
	if err := catchUp(ctx); err != nil {
		return cachestat.Finding{}, err
	}
	// Change by change: to bring the answer up to date would pass over what came and went in between.
	entry := freshness.NewEntry(given.position(), q.depends(&given))
	switch {
	case r.ledger.Check(entry) != freshness.Fresh:
		return cachestat.Finding{Verdict: cachestat.Undecided}, nil
	case sameAnswer(&given, truth):
		return cachestat.Finding{Verdict: cachestat.Verified}, nil
	}
	r.drop(ctx, entryKey(given.Epoch, q.key))
	return cachestat.Finding{Verdict: cachestat.Violated, Detail: fmt.Sprintf(
		"at position %d, place %s: given %s; the store has %s; ledger at position %d, place %s",
		given.Position, given.place().Snapshot, describe(&given), describe(truth), entry.Position(), r.ledger.Place().Snapshot)}, nil
}

// drop removes an entry from the cache.
func (r *PropertyRepository) drop(ctx context.Context, key string) {
	ctx, cancel := r.briefly(ctx)
	defer cancel()
	if err := r.cache.Delete(ctx, key); err != nil {
		r.counters.CountError()
	}
}

// Forget has this process use nothing that was loaded before now, by itself or by others.
func (r *PropertyRepository) Forget() { r.forgotten.Store(time.Now().UnixMicro()) }

func sameAnswer(a, b *record) bool {
	return a.Absent == b.Absent && a.Count == b.Count &&
		slices.EqualFunc(a.page().Properties, b.page().Properties, func(p, q property.Property) bool {
			return p.ID == q.ID && p.Version == q.Version && p.Details.Equal(q.Details) &&
				p.CreatedAt.Equal(q.CreatedAt) && p.UpdatedAt.Equal(q.UpdatedAt)
		})
}

// describe is an answer in few words: its count, and the ids and versions of its listings.
func describe(r *record) string {
	text := fmt.Sprintf("absent=%t count=%d", r.Absent, r.Count)
	for i := range r.Listings {
		text += fmt.Sprintf(" %s@%d", r.Listings[i].ID, r.Listings[i].Version)
	}
	return text
}
