package cached

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports"
)

// question is one thing that can be asked, and how its answer is kept up to date and loaded.
type question struct {
	key string
	// refresh judges a record by the ledger and brings it up to date where it can; it reports whether it changed the answer.
	refresh func(*record) (freshness.Verdict, bool)
	// load asks the store and puts the answer into the record.
	load func(context.Context, *record) error
}

// read answers a question from the cache if the ledger vouches for what is kept, else from the store.
func (r *PropertyRepository) read(ctx context.Context, q question) (*record, error) {
	reading := ports.ReadingFrom(ctx)
	if reading != nil && reading.Uncached || !r.ledger.Trusted(time.Now()) {
		r.note(reading, ports.OutcomeBypassed)
		rec := &record{}
		return rec, q.load(ctx, rec)
	}
	rec, outcome := r.kept(ctx, q)
	if rec != nil {
		r.note(reading, outcome)
		return rec, nil
	}
	rec, joined, err := r.loaded(ctx, q)
	if joined {
		outcome = ports.OutcomeCoalesced
	}
	r.note(reading, outcome)
	return rec, err
}

func (r *PropertyRepository) note(reading *ports.Reading, o ports.Outcome) {
	r.counters.Count(o)
	reading.Note(o)
}

// kept returns the kept record, true as of now, or nil and why there is none.
func (r *PropertyRepository) kept(ctx context.Context, q question) (*record, ports.Outcome) {
	b, found, err := r.get(ctx, q.key)
	if err != nil || !found {
		return nil, ports.OutcomeMiss
	}
	rec, err := decodeRecord(b, q.key, r.options.Epoch, time.Now())
	if err != nil {
		return nil, ports.OutcomeMiss
	}
	before := rec.Position
	verdict, patched := q.refresh(rec)
	switch {
	case verdict == freshness.Unknown:
		return nil, ports.OutcomeMiss
	case verdict == freshness.Stale:
		return nil, ports.OutcomeStale
	case patched:
		r.store(ctx, rec)
		return rec, ports.OutcomePatched
	case rec.Position-before >= restoreAfter:
		r.store(ctx, rec)
	}
	return rec, ports.OutcomeHit
}

// get asks the cache and counts its failure.
func (r *PropertyRepository) get(ctx context.Context, key string) ([]byte, bool, error) {
	ctx, cancel := r.briefly(ctx)
	defer cancel()
	b, found, err := r.cache.Get(ctx, r.cacheKey(key))
	if err != nil {
		r.counters.CountError()
	}
	return b, found, err
}

// briefly gives one call of the cache a tenth of the time that a load may take: a cache that hangs is passed by.
func (r *PropertyRepository) briefly(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, r.options.LoadTimeout/10)
}

// restoreAfter is how many changes an entry may have to be checked against again at each read before it is worth the
// write to the cache that makes it start from the present.
const restoreAfter = 64

// loaded loads the answer, or waits for a load that is under way. A load that began before this read may lack a change
// that was acknowledged before this read: what it brings is judged like anything kept, and loaded again if need be.
func (r *PropertyRepository) loaded(ctx context.Context, q question) (*record, bool, error) {
	arrived := r.ledger.Position()
	for {
		rec, joined, err := r.flights.do(ctx, q.key, r.options.LoadTimeout, func(ctx context.Context) (*record, error) {
			return r.load(ctx, q)
		})
		if err != nil || !joined || rec.position() >= arrived {
			return rec, joined, err
		}
		own := *rec
		if verdict, _ := q.refresh(&own); verdict == freshness.Fresh {
			return &own, joined, nil
		}
	}
}

// load asks the store. The ledger's position is taken before the question goes out.
func (r *PropertyRepository) load(ctx context.Context, q question) (*record, error) {
	rec := &record{Key: q.key, Epoch: r.options.Epoch, Position: uint64(r.ledger.Position())}
	rec.Expires = time.Now().Add(jittered(r.options.TTL)).UnixMicro()
	if err := q.load(ctx, rec); err != nil {
		return nil, err
	}
	r.store(ctx, rec)
	return rec, nil
}

func jittered(ttl time.Duration) time.Duration {
	return ttl - rand.N(ttl/10+1)
}

// store keeps the record for the rest of its time. A cache that fails has failed to help, nothing more.
func (r *PropertyRepository) store(ctx context.Context, rec *record) {
	left := time.Until(time.UnixMicro(rec.Expires))
	b, err := rec.encode()
	if err == nil && left > 0 {
		ctx, cancel := r.briefly(ctx)
		defer cancel()
		err = r.cache.Set(ctx, r.cacheKey(rec.Key), b, left)
	}
	if err != nil {
		r.counters.CountError()
	}
}

// cacheKey keeps keys short however long a search is.
func (r *PropertyRepository) cacheKey(key string) string {
	const longest = 200
	if len(key) > longest {
		sum := sha256.Sum256([]byte(key))
		key = "sha256:" + hex.EncodeToString(sum[:])
	}
	return shape + ":" + key
}
