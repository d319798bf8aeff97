package cached

import (
	"context"
	"errors"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// ExplainItem explains how Find would answer. Like ExplainPage and ExplainCount it reads the cache and never the store;
// it counts and caches nothing.
func (r *PropertyRepository) ExplainItem(ctx context.Context, id property.ID) cachestat.Explanation {
	return r.explain(ctx, r.item(id))
}

// ExplainPage explains how Search would answer.
func (r *PropertyRepository) ExplainPage(ctx context.Context, s *property.Search) cachestat.Explanation {
	return r.explain(ctx, r.page(s))
}

// ExplainCount explains how Count would answer.
func (r *PropertyRepository) ExplainCount(ctx context.Context, f *property.Filter) cachestat.Explanation {
	return r.explain(ctx, r.count(f))
}

func (r *PropertyRepository) explain(ctx context.Context, q question) cachestat.Explanation {
	x := cachestat.Explanation{Level: cachestat.LevelQuery, Question: q.key, Outcome: cachestat.OutcomeMiss}
	trusted := r.ledger.Trusted(time.Now())
	if !trusted {
		x.Outcome = cachestat.OutcomeBypassed
	}
	epoch := r.ledger.Point().Epoch
	rec, size, err := r.lookup(ctx, entryKey(epoch, q.key), epoch)
	if err != nil {
		if !errors.Is(err, ports.ErrNotCached) {
			x.Err = err
		}
		return x
	}
	dependency := q.depends(rec) // before the record is brought up to date
	x.Cached = &cachestat.CachedAnswer{
		Made: time.UnixMicro(rec.Loaded), Expires: time.UnixMicro(rec.Expires), Bytes: size,
		Snapshot: rec.point().Snapshot.String(), Own: rec.Writer == r.identity,
		Depends: freshness.NewEntry(0, dependency).Depends(),
	}
	verdict, patched, behind := r.judge(q, rec)
	if verdict != freshness.Unknown {
		entry := freshness.NewEntry(rec.position()-freshness.Position(behind), dependency)
		x.Cached.Ledger = r.ledger.Explain(entry, cachestat.MaxExplainedChanges)
	}
	if trusted {
		x.Outcome = outcomeOf(verdict, patched)
	}
	return x
}
