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

// question is one thing to ask the repository, with the functions that load its answer and bring it up to date.
type question struct {
	key string
	// refresh has the ledger judge a record and brings it up to date if possible. It reports whether the answer
	// changed.
	refresh func(*record) (freshness.Verdict, bool)
	// depends returns what the record's answer depends on.
	depends func(*record) freshness.Dependency
	// load reads from the store and puts the answer into the record.
	load func(context.Context, *record) error
}

// read answers a question from the cache if the ledger says that the cached answer is current, else from the store.
func (r *PropertyRepository) read(ctx context.Context, q question) (*record, ports.ReadInfo, error) {
	if ctx.Err() != nil { // a canceled read gets no answer, not even a cached one
		return nil, ports.ReadInfo{}, context.Cause(ctx)
	}
	rec, info, err := r.answer(ctx, q, ports.ReadOptionsFrom(ctx))
	r.counters.Count(info.Outcome)
	return rec, info, err
}

// answer reads as the options ask.
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
		return r.answerUntrusted(ctx, q, options)
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

// fromStore reads from the store.
func fromStore(ctx context.Context, q question, options ports.ReadOptions) (rec *record, err error) {
	rec = &record{}
	standAside(options, func() { err = q.load(ctx, rec) })
	return rec, err
}

// fromCache returns the cached record, current as of now; or nil and the reason.
func (r *PropertyRepository) fromCache(ctx context.Context, q question) (*record, cachestat.Outcome) {
	point := r.ledger.Point()
	key := entryKey(point.Epoch, q.key)
	rec, err := r.get(ctx, key, point.Epoch)
	if err != nil {
		return nil, cachestat.OutcomeMiss
	}
	verdict, patched, behind := r.judge(q, rec)
	if verdict != freshness.Fresh {
		return nil, outcomeOf(verdict, patched)
	}
	if patched || behind >= restoreAfter {
		rec.setPoint(point) // read before the ledger judged the record
		r.store(ctx, key, rec)
	}
	return rec, outcomeOf(verdict, patched)
}

// outcomeOf returns the outcome of a read whose record got this verdict.
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

// judge has the ledger judge a record, brings it up to date if possible, and returns how many changes behind the record
// was. The position is more exact than the feed point: it distinguishes this process's own writes, which are in the
// ledger before the feed delivers them.
func (r *PropertyRepository) judge(q question, rec *record) (verdict freshness.Verdict, patched bool, behind uint64) {
	if rec.Writer == r.identity {
		before := rec.Position
		if verdict, patched = q.refresh(rec); verdict != freshness.Unknown {
			return verdict, patched, rec.Position - before
		}
	}
	at, known := r.ledger.Locate(rec.point())
	if !known {
		return freshness.Unknown, false, 0
	}
	rec.Writer, rec.Position = r.identity, uint64(at)
	verdict, patched = q.refresh(rec)
	return verdict, patched, rec.Position - uint64(at)
}

// get looks a record up, and counts failures of the cache: an error, or bytes that no process of this service has
// written.
func (r *PropertyRepository) get(ctx context.Context, key, epoch string) (*record, error) {
	rec, _, err := r.lookup(ctx, key, epoch)
	expected := errors.Is(err, ports.ErrNotCached) || errors.Is(err, errExpired) || errors.Is(err, errUnknownKey)
	if err != nil && !expected {
		r.counters.CountError()
	}
	return rec, err
}

// lookup returns the record cached under the entry's key, and how many bytes it takes there. The error is
// ports.ErrNotCached without such a record.
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

// briefly bounds one call of the cache by a tenth of LoadTimeout, so that a cache that hangs is bypassed.
func (r *PropertyRepository) briefly(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, r.options.LoadTimeout/10)
}

// restoreAfter is how many changes behind an entry may be before it is stored again. Each read has to check an entry
// against these changes; a new entry starts from the present.
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
			load := func(ctx context.Context) (*record, bool, error) { return r.load(ctx, q) }
			rec, joined, err = r.flights.do(ctx, q.key, r.options.LoadTimeout, load)
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

// load loads the answer from the store, or returns the one that another process has meanwhile cached (fromPeer).
func (r *PropertyRepository) load(ctx context.Context, q question) (rec *record, fromPeer bool, err error) {
	if r.options.LeaseTTL > 0 {
		rec, release := r.lease(ctx, q)
		if rec != nil {
			return rec, true, nil
		}
		defer release()
	}
	// The position and the feed point are read before the question goes out.
	rec = &record{Writer: r.identity, Position: uint64(r.ledger.Position())}
	rec.setPoint(r.ledger.Point())
	now := time.Now()
	rec.Loaded, rec.Expires = now.UnixMicro(), now.Add(jittered(r.options.TTL)).UnixMicro()
	if err := q.load(ctx, rec); err != nil {
		return nil, false, err
	}
	r.store(context.WithoutCancel(ctx), entryKey(rec.Epoch, q.key), rec) // cached even if every caller has left
	return rec, false, nil
}

func jittered(ttl time.Duration) time.Duration {
	return ttl - rand.N(ttl/10+1)
}

// store caches the record for the rest of its time. A failure of the cache is counted and has no other effect.
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

// entryKey returns the key of an answer in the cache. It separates epochs and shapes, and it is short however long a
// search is.
func entryKey(epoch, key string) string {
	const longest = 200
	if len(key) > longest {
		sum := sha256.Sum256([]byte(key))
		key = "sha256:" + hex.EncodeToString(sum[:])
	}
	return shape + ":" + epoch + ":" + key
}
