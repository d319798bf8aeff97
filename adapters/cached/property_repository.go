// Package cached is the decorator repository: a PropertyRepository that caches the answers of another one. It serves a
// cached answer as long as the ledger confirms that the answer is current.
//
// It never deletes to be correct. Writes pass straight through, and every cached answer is judged when it is read, if a
// process of this service signed it. Losing, emptying or poisoning the cache costs time and changes no answer.
package cached

import (
	"context"
	"crypto/rand"
	"errors"
	"sync/atomic"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// PropertyRepository answers reads from a cache when the cached answer is current. It is safe for concurrent use.
type PropertyRepository struct {
	ports.PropertyRepository // writes pass through

	cache    ports.Cache
	ledger   *freshness.Ledger
	counters *cachestat.Counters
	options  Options
	keys     *Keyring
	identity string // marks the records of this repository
	flights  flights
	outage   outage

	forgotten atomic.Int64 // records loaded before are not used; in microseconds since 1970
}

// Options of a PropertyRepository.
type Options struct {
	// TTL is the longest time that an answer is cached, even if it stays current. Each entry gets up to a tenth less,
	// so that entries made together do not expire together.
	TTL time.Duration
	// LoadTimeout bounds one load from the store, for all callers that wait for it. A tenth of it bounds each call of
	// the cache.
	LoadTimeout time.Duration
	// LeaseTTL is how long one process may load an answer while others with the same cache wait for it. It is 0 when
	// the cache is not shared, and no process has to wait.
	LeaseTTL time.Duration
	// Samples, if not nil, receives some of the answers for verification.
	Samples *cachestat.Samples
	// Keys sign the cached records. All processes that share the cache share them; nil when the cache is not shared.
	Keys *Keyring
}

// New puts a cache in front of the store. The counters count the outcome of each read.
func New(
	store ports.PropertyRepository, cache ports.Cache, ledger *freshness.Ledger, counters *cachestat.Counters, o Options,
) *PropertyRepository {
	keys := o.Keys
	if keys == nil {
		keys = OwnKeyring()
	}
	return &PropertyRepository{
		PropertyRepository: store, cache: cache, ledger: ledger, counters: counters, options: o, keys: keys,
		identity: rand.Text(),
	}
}

// Find implements ports.PropertyRepository. The absence of a listing is cached like any other answer.
func (r *PropertyRepository) Find(ctx context.Context, id property.ID) (property.Property, ports.ReadInfo, error) {
	rec, info, err := r.read(ctx, r.item(id))
	if err != nil {
		return property.Property{}, info, err
	}
	if rec.Absent {
		return property.Property{}, info, property.ErrNotFound
	}
	return rec.Listings[0], info, nil
}

func (r *PropertyRepository) item(id property.ID) question {
	return question{
		key: "item:" + id.String(),
		refresh: func(rec *record) (freshness.Verdict, bool) {
			return r.refreshItem(id, rec)
		},
		depends: func(*record) freshness.Dependency { return freshness.OnItem(id) },
		load: func(ctx context.Context, rec *record) error {
			p, _, err := r.PropertyRepository.Find(ctx, id)
			if errors.Is(err, property.ErrNotFound) {
				rec.setItem(nil)
				return nil
			}
			rec.setItem(&p)
			return err
		},
	}
}

// Search implements ports.PropertyRepository.
func (r *PropertyRepository) Search(ctx context.Context, s *property.Search) (*property.Page, ports.ReadInfo, error) {
	rec, info, err := r.read(ctx, r.page(s))
	if err != nil {
		return nil, info, err
	}
	return rec.page(), info, nil
}

func (r *PropertyRepository) page(s *property.Search) question {
	return question{
		key: "page:" + s.String(),
		refresh: func(rec *record) (freshness.Verdict, bool) {
			return r.refreshPage(s, rec)
		},
		depends: func(rec *record) freshness.Dependency { return freshness.OnPage(s, rec.page()) },
		load: func(ctx context.Context, rec *record) error {
			page, _, err := r.PropertyRepository.Search(ctx, s)
			if err == nil {
				rec.setPage(page)
			}
			return err
		},
	}
}

// Count implements ports.PropertyRepository.
func (r *PropertyRepository) Count(ctx context.Context, f *property.Filter) (int64, ports.ReadInfo, error) {
	rec, info, err := r.read(ctx, r.count(f))
	if err != nil {
		return 0, info, err
	}
	return rec.Count, info, nil
}

func (r *PropertyRepository) count(f *property.Filter) question {
	return question{
		key: "count:" + f.String(),
		refresh: func(rec *record) (freshness.Verdict, bool) {
			at, verdict := r.ledger.CheckCount(f, rec.position())
			rec.Position = uint64(at)
			return verdict, false
		},
		depends: func(*record) freshness.Dependency { return freshness.OnCount(f) },
		load: func(ctx context.Context, rec *record) (err error) {
			rec.Count, _, err = r.PropertyRepository.Count(ctx, f)
			return err
		},
	}
}

// refreshItem brings a cached item up to the ledger's present and reports whether the item changed on the way.
func (r *PropertyRepository) refreshItem(id property.ID, rec *record) (freshness.Verdict, bool) {
	var cached *property.Property
	if !rec.Absent {
		if len(rec.Listings) != 1 {
			return freshness.Unknown, false
		}
		cached = &rec.Listings[0]
	}
	current, at, verdict := r.ledger.PatchItem(id, cached, rec.position())
	rec.Position = uint64(at)
	if verdict != freshness.Fresh || current == cached {
		return verdict, false
	}
	rec.setItem(current)
	return verdict, true
}

// refreshPage brings a cached page up to the ledger's present and reports whether the page changed on the way.
func (r *PropertyRepository) refreshPage(s *property.Search, rec *record) (freshness.Verdict, bool) {
	if rec.position() == r.ledger.Position() {
		return freshness.Fresh, false
	}
	cached := rec.page()
	current, at, verdict := r.ledger.PatchPage(s, cached, rec.position())
	rec.Position = uint64(at)
	if verdict != freshness.Fresh || current == cached {
		return verdict, false
	}
	rec.setPage(current)
	return verdict, true
}
