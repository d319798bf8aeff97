// Package cached is the decorator repository: a PropertyRepository that keeps another one's answers in a Cache and serves
// them as long as the ledger vouches for them. It never deletes to be correct: writes pass straight through, and every
// cached answer is judged when it is read, if it bears the signature of a process of this service. Losing, emptying or
// poisoning the cache costs time and changes no answer.
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

// PropertyRepository answers reads from a cache where it truthfully can. It is safe for concurrent use.
type PropertyRepository struct {
	ports.PropertyRepository // writes pass through

	cache    ports.Cache
	ledger   *freshness.Ledger
	counters *cachestat.Counters
	options  Options
	keys     *Keyring
	identity string // tells this repository's records from those of other processes
	flights  flights
	outage   outage

	forgotten atomic.Int64 // what was loaded before is not used; in microseconds since 1970
}

// Options of a PropertyRepository.
type Options struct {
	// TTL is the longest time an answer is kept however true it is; each entry gets up to a tenth less, so that entries
	// made together do not end together.
	TTL time.Duration
	// LoadTimeout bounds one load from the store, whoever waits for it; a tenth of it bounds each call of the cache.
	LoadTimeout time.Duration
	// LeaseTTL is how long a process may load an answer while others with the same cache wait for it; 0 where the cache is
	// not shared, and nobody has to wait.
	LeaseTTL time.Duration
	// Samples, if not nil, gets some of the answers to be verified.
	Samples *cachestat.Samples
	// Keys sign what is cached, and are those of all processes that share the cache; nil where the cache is not shared.
	Keys *Keyring
}

// New puts a cache in front of the store. The counters count what the cache did for each read.
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

// Find implements ports.PropertyRepository. That a listing does not exist is kept like any other answer.
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

// refreshItem brings a kept item up to the ledger's present and reports whether it changed on the way.
func (r *PropertyRepository) refreshItem(id property.ID, rec *record) (freshness.Verdict, bool) {
	var kept *property.Property
	if !rec.Absent {
		if len(rec.Listings) != 1 {
			return freshness.Unknown, false
		}
		kept = &rec.Listings[0]
	}
	current, at, verdict := r.ledger.PatchItem(id, kept, rec.position())
	rec.Position = uint64(at)
	if verdict != freshness.Fresh || current == kept {
		return verdict, false
	}
	rec.setItem(current)
	return verdict, true
}

// refreshPage brings a kept page up to the ledger's present and reports whether it changed on the way.
func (r *PropertyRepository) refreshPage(s *property.Search, rec *record) (freshness.Verdict, bool) {
	if rec.position() == r.ledger.Position() {
		return freshness.Fresh, false
	}
	kept := rec.page()
	current, at, verdict := r.ledger.PatchPage(s, kept, rec.position())
	rec.Position = uint64(at)
	if verdict != freshness.Fresh || current == kept {
		return verdict, false
	}
	rec.setPage(current)
	return verdict, true
}
