package cached

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// question is one thing that can be asked, and how its answer is kept up to date and loaded.
type question struct {
	key string
	// refresh judges a record by the ledger and brings it up to date where it can; it reports whether it changed the answer.
	refresh func(*record) (freshness.Verdict, bool)
	// depends is what the record's answer depends on.
	depends func(*record) freshness.Dependency
	// load asks the store and puts the answer into the record.
	load func(context.Context, *record) error
}

// read answers a question from the cache if the ledger says that the cached answer is current, else from the store.
func (r *PropertyRepository) read(ctx context.Context, q question) (*record, ports.ReadInfo, error) {
	if ctx.Err() != nil { // a reader who has left gets no answer, not even a cached one
		return nil, ports.ReadInfo{}, context.Cause(ctx)
	}
	rec, info, err := r.answer(ctx, q, ports.ReadOptionsFrom(ctx))
	r.counters.Count(info.Outcome)
	return rec, info, err
}

// answer reads as the options ask for.
func (r *PropertyRepository) answer(
	ctx context.Context, q question, options ports.ReadOptions,
) (*record, ports.ReadInfo, error) {
	switch {
	case options.Uncached && options.OnlyCached:
		return nil, ports.ReadInfo{Outcome: cachestat.OutcomeBypassed}, ports.ErrNotCached
	case options.Uncached:
		rec, err := fromStore(ctx, q, options)
		return rec, ports.ReadInfo{Outcome: cachestat.OutcomeBypassed}, err
	case !r.ledger.Trusted(time.Now()):
		return r.untrusted(ctx, q, options)
	}
	rec, outcome := r.fromCache(ctx, q)
	if rec != nil {
		r.offer(q, rec)
		return rec, ports.ReadInfo{Outcome: outcome}, nil
	}
	if options.OnlyCached {
		return nil, ports.ReadInfo{Outcome: outcome}, ports.ErrNotCached
	}
	rec, joined, err := r.loadShared(ctx, q, options)
	if joined {
		outcome = cachestat.OutcomeCoalesced
	}
	return rec, ports.ReadInfo{Outcome: outcome}, err
}

// fromStore returns the store's own answer.
func fromStore(ctx context.Context, q question, options ports.ReadOptions) (rec *record, err error) {
	rec = &record{}
	standAside(options, func() { err = q.load(ctx, rec) })
	return rec, err
}

// fromCache returns the cached record, current as of now, or nil and why there is none.
func (r *PropertyRepository) fromCache(ctx context.Context, q question) (*record, cachestat.Outcome) {
	place := r.ledger.Place()
	key := entryKey(place.Epoch, q.key)
	rec, err := r.get(ctx, key, place.Epoch)
	if err != nil {
		return nil, cachestat.OutcomeMiss
	}
	verdict, patched, behind := r.judge(q, rec)
	if verdict != freshness.Fresh {
		return nil, outcomeOf(verdict, patched)
	}
	if patched || behind >= restoreAfter {
		rec.setPlace(place) // read before the record was judged by all that the ledger knew
		r.store(ctx, key, rec)
	}
	return rec, outcomeOf(verdict, patched)
}

// outcomeOf is what becomes of a read whose record has been judged so.
func outcomeOf(verdict freshness.Verdict, patched bool) cachestat.Outcome {
	switch {
	case verdict == freshness.Unknown:
		return cachestat.OutcomeMiss
	case verdict == freshness.Stale:
		return cachestat.OutcomeStale
	case patched:
		return cachestat.OutcomePatched
	}
	return cachestat.OutcomeHit
}

// judge has the ledger judge a record, bring it up to date where it can, and say how many changes behind it was. The
// position is more exact than the place: it tells apart this process's own writes, which are known here before the feed
// brings them.
func (r *PropertyRepository) judge(q question, rec *record) (verdict freshness.Verdict, patched bool, behind uint64) {
	if rec.Writer == r.identity {
		before := rec.Position
		if verdict, patched = q.refresh(rec); verdict != freshness.Unknown {
			return verdict, patched, rec.Position - before
		}
	}
	at, known := r.ledger.Locate(rec.place())
	if !known {
		return freshness.Unknown, false, 0
	}
	rec.Writer, rec.Position = r.identity, uint64(at)
	verdict, patched = q.refresh(rec)
	return verdict, patched, rec.Position - uint64(at)
}

// get looks a record up, and counts the cache's failure: an error, or bytes that no process of this service has
// written.
func (r *PropertyRepository) get(ctx context.Context, key, epoch string) (*record, error) {
	rec, _, err := r.lookup(ctx, key, epoch)
	if err != nil && !errors.Is(err, ports.ErrNotCached) && !errors.Is(err, errExpired) && !errors.Is(err, errUnknownKey) {
		r.counters.CountError()
	}
	return rec, err
}

// lookup returns the record that the cache has under the entry's key, and how many bytes it takes there. The error is
// ports.ErrNotCached when there is none.
func (r *PropertyRepository) lookup(ctx context.Context, key, epoch string) (*record, int, error) {
	ctx, cancel := r.briefly(ctx)
	defer cancel()
	b, found, err := r.cache.Get(ctx, key)
	if err != nil {
		return nil, 0, err
	}
	if !found {
		return nil, 0, ports.ErrNotCached
	}
	payload, err := r.keys.open(key, b)
	if err != nil {
		return nil, 0, err
	}
	rec, err := decodeRecord(payload, epoch, time.Now())
	if err == nil && rec.Loaded < r.forgotten.Load() {
		return nil, 0, ports.ErrNotCached
	}
	return rec, len(b), err
}

// briefly gives one call of the cache a tenth of the time that a load may take: a cache that hangs is passed by.
func (r *PropertyRepository) briefly(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, r.options.LoadTimeout/10)
}

// restoreAfter is how many changes an entry may have to be checked against again at each read before it is worth the
// write to the cache that makes it start from the present.
const restoreAfter = 64

// loadShared loads the answer, or waits for a load that is under way. A load that began before this read may lack a
// change that was acknowledged before this read: its answer is judged like a cached one, and loaded again if necessary.
func (r *PropertyRepository) loadShared(
	ctx context.Context, q question, options ports.ReadOptions,
) (*record, bool, error) {
	arrived := r.ledger.Position()
	for {
		var rec *record
		var joined bool
		var err error
		standAside(options, func() {
			rec, joined, err = r.flights.do(ctx, q.key, r.options.LoadTimeout, func(ctx context.Context) (*record, bool, error) {
				return r.load(ctx, q)
			})
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

// load answers from the store, or from the cache once another process has put there what it loaded; elsewhere tells.
func (r *PropertyRepository) load(ctx context.Context, q question) (rec *record, elsewhere bool, err error) {
	if r.options.LeaseTTL > 0 {
		rec, release := r.lease(ctx, q)
		if rec != nil {
			return rec, true, nil
		}
		defer release()
	}
	// Position and place are taken before the question goes out.
	rec = &record{Writer: r.identity, Position: uint64(r.ledger.Position())}
	rec.setPlace(r.ledger.Place())
	now := time.Now()
	rec.Loaded, rec.Expires = now.UnixMicro(), now.Add(jittered(r.options.TTL)).UnixMicro()
	if err := q.load(ctx, rec); err != nil {
		return nil, false, err
	}
	r.store(context.WithoutCancel(ctx), entryKey(rec.Epoch, q.key), rec) // cached even if every waiter has left
	return rec, false, nil
}

func jittered(ttl time.Duration) time.Duration {
	return ttl - rand.N(ttl/10+1)
}

// store keeps the record for the rest of its time. A cache that fails has failed to help, nothing more.
func (r *PropertyRepository) store(ctx context.Context, key string, rec *record) {
	left := time.Until(time.UnixMicro(rec.Expires))
	signing := r.keys.newest()
	if left <= 0 || signing == nil {
		return
	}
	ctx, cancel := r.briefly(ctx)
	defer cancel()
	if err := r.cache.Set(ctx, key, signing.seal(key, rec), left); err != nil {
		r.counters.CountError()
	}
}

// entryKey keeps the answers of different histories and shapes apart, and keys short however long a search is.
func entryKey(epoch, key string) string {
	const longest = 200
	if len(key) > longest {
		sum := sha256.Sum256([]byte(key))
		key = "sha256:" + hex.EncodeToString(sum[:])
	}
	return shape + ":" + epoch + ":" + key
}
