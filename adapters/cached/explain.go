package cached

import (
	"context"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/cachestat"
)

// Explanation is what is kept of the answer to one question, for people who wonder.
type Explanation struct {
	Question string // as it is kept: item:, page: or count: and the question's canonical text
	// Outcome is what a read of the default kind would get now: a hit, a patched answer, or why there is none (stale, miss
	// or bypassed).
	Outcome cachestat.Outcome
	// Kept is the record that the Cache has; nil when it has none that can be read, and Why says so.
	Kept *KeptRecord
	Why  error // ports.ErrNotCached, or what went wrong
}

// KeptRecord describes a record.
type KeptRecord struct {
	Bytes           int             // as it is kept
	Loaded, Expires time.Time       // when its load began, and when it ends however true it is
	Place           freshness.Place // where in the database's history it stands
	Own             bool            // this process was the last to write it
	Depends         []string        // what it depends on, in words
	// Ledger is what decides. Its positions are 0 when the ledger does not remember all that the record may have missed.
	Ledger freshness.Explanation
}

// explainedChanges is how many changes an explanation names.
const explainedChanges = 10

// ExplainItem says what would become of a Find. Like its sisters it only looks: it asks the Cache and never the store, and
// nothing is counted or kept.
func (r *PropertyRepository) ExplainItem(ctx context.Context, id property.ID) Explanation {
	return r.explain(ctx, r.item(id))
}

// ExplainPage says what would become of a Search.
func (r *PropertyRepository) ExplainPage(ctx context.Context, s *property.Search) Explanation {
	return r.explain(ctx, r.page(s))
}

// ExplainCount says what would become of a Count.
func (r *PropertyRepository) ExplainCount(ctx context.Context, f *property.Filter) Explanation {
	return r.explain(ctx, r.count(f))
}

func (r *PropertyRepository) explain(ctx context.Context, q question) Explanation {
	x := Explanation{Question: q.key, Outcome: cachestat.OutcomeMiss}
	trusted := r.ledger.Trusted(time.Now())
	if !trusted {
		x.Outcome = cachestat.OutcomeBypassed
	}
	epoch := r.ledger.Place().Epoch
	rec, size, err := r.lookup(ctx, entryKey(epoch, q.key), epoch)
	if err != nil {
		x.Why = err
		return x
	}
	dependency := q.depends(rec) // before the record is brought up to date
	x.Kept = &KeptRecord{
		Bytes: size, Loaded: time.UnixMicro(rec.Loaded), Expires: time.UnixMicro(rec.Expires), Place: rec.place(),
		Own: rec.Writer == r.identity, Depends: freshness.NewEntry(0, dependency).Depends(),
	}
	verdict, patched, behind := r.judge(q, rec)
	if verdict != freshness.Unknown {
		x.Kept.Ledger = r.ledger.Explain(freshness.NewEntry(rec.position()-freshness.Position(behind), dependency), explainedChanges)
	}
	if trusted {
		x.Outcome = outcomeOf(verdict, patched)
	}
	return x
}
