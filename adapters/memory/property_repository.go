package memory

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// PropertyRepository stores listings in a map. A search scans every listing, so it suits thousands, not millions.
type PropertyRepository struct {
	now func() time.Time

	mu         sync.RWMutex // guards all below
	rows       map[property.ID]property.Property
	references map[string]property.ID
	removed    map[property.ID]int64 // the version of a listing's deletion; it goes on from there when created again
	creations  map[ownedKey]creation
	log        changeLog
}

var (
	_ ports.PropertyRepository       = (*PropertyRepository)(nil)
	_ ports.IdempotencyKeyRepository = (*PropertyRepository)(nil)
	_ ports.PropertyRestorer         = (*PropertyRepository)(nil)
)

// ownedKey is an idempotency key together with its owner.
type ownedKey struct{ owner, key string }

// creation is the first use of an idempotency key.
type creation struct {
	request string
	change  property.Change
	at      time.Time
}

// NewPropertyRepository makes an empty repository. The clock sets UpdatedAt of changes and the times of the feed.
func NewPropertyRepository(now func() time.Time) *PropertyRepository {
	return &PropertyRepository{
		now:        now,
		rows:       make(map[property.ID]property.Property),
		references: make(map[string]property.ID),
		removed:    make(map[property.ID]int64),
		creations:  make(map[ownedKey]creation),
		log:        changeLog{epoch: rand.Text()},
	}
}

// Find implements ports.PropertyRepository.
func (r *PropertyRepository) Find(ctx context.Context, id property.ID) (property.Property, ports.ReadInfo, error) {
	if err := ctx.Err(); err != nil {
		return property.Property{}, ports.ReadInfo{}, fmt.Errorf("find listing %s: %w", id, err)
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	row, ok := r.rows[id]
	if !ok {
		return property.Property{}, ports.ReadInfo{}, fmt.Errorf("find listing %s: %w", id, property.ErrNotFound)
	}
	return row, ports.ReadInfo{}, nil
}

// Create implements ports.PropertyRepository.
func (r *PropertyRepository) Create(
	ctx context.Context, p property.Property, key *ports.IdempotencyKey,
) (ports.Creation, error) {
	if err := ctx.Err(); err != nil {
		return ports.Creation{}, fmt.Errorf("create listing %s: %w", p.ID, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if first, ok := r.firstUse(key); ok {
		if first.request != key.Request {
			return ports.Creation{}, fmt.Errorf("create listing %s: %w", p.ID, ports.ErrIdempotencyKeyReused)
		}
		first.change.Tx = 0
		return ports.Creation{Change: first.change, Replayed: true}, nil
	}
	if err := r.mayInsert(p); err != nil {
		return ports.Creation{}, fmt.Errorf("create listing %s: %w", p.ID, err)
	}
	change := r.insert(p, ports.ActorFrom(ctx))
	if key != nil {
		r.creations[ownedKey{key.Owner, key.Key}] = creation{request: key.Request, change: change, at: r.now()}
	}
	return ports.Creation{Change: change}, nil
}

// PruneIdempotencyKeys implements ports.IdempotencyKeyRepository.
func (r *PropertyRepository) PruneIdempotencyKeys(ctx context.Context, before time.Time) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("prune idempotency keys: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	stored := len(r.creations)
	maps.DeleteFunc(r.creations, func(_ ownedKey, c creation) bool { return c.at.Before(before) })
	return int64(stored - len(r.creations)), nil
}

func (r *PropertyRepository) firstUse(key *ports.IdempotencyKey) (creation, bool) {
	if key == nil {
		return creation{}, false
	}
	first, ok := r.creations[ownedKey{key.Owner, key.Key}]
	return first, ok
}

// Update implements ports.PropertyRepository.
func (r *PropertyRepository) Update(ctx context.Context, p property.Property) (property.Change, error) {
	if err := ctx.Err(); err != nil {
		return property.Change{}, fmt.Errorf("update listing %s: %w", p.ID, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	before, err := r.atVersion(p.ID, func(stored int64) bool { return stored == p.Version })
	if err != nil {
		return property.Change{}, fmt.Errorf("update listing %s: %w", p.ID, err)
	}
	if r.referenceTaken(p) {
		return property.Change{}, fmt.Errorf("update listing %s: %w", p.ID, property.ErrReferenceTaken)
	}
	return r.replace(before, p.Details, ports.ActorFrom(ctx)), nil
}

// Delete implements ports.PropertyRepository.
func (r *PropertyRepository) Delete(ctx context.Context, id property.ID, version int64) (property.Change, error) {
	if err := ctx.Err(); err != nil {
		return property.Change{}, fmt.Errorf("delete listing %s: %w", id, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	before, err := r.atVersion(id, func(stored int64) bool { return version == 0 || stored == version })
	if err != nil {
		return property.Change{}, fmt.Errorf("delete listing %s: %w", id, err)
	}
	delete(r.rows, id)
	delete(r.references, before.Reference)
	r.removed[id] = before.Version + 1
	return r.log.append(property.Deleted(0, before, time.Time{}), r.now(), ports.ActorFrom(ctx)), nil
}

// atVersion returns the listing if its version is the expected one.
func (r *PropertyRepository) atVersion(id property.ID, expected func(stored int64) bool) (property.Property, error) {
	row, ok := r.rows[id]
	switch {
	case !ok:
		return property.Property{}, property.ErrNotFound
	case !expected(row.Version):
		return property.Property{}, property.ErrVersionConflict
	}
	return row, nil
}

func (r *PropertyRepository) mayInsert(p property.Property) error {
	if r.referenceTaken(p) {
		return property.ErrReferenceTaken
	}
	if _, inUse := r.rows[p.ID]; inUse {
		return property.ErrVersionConflict
	}
	return nil
}

// referenceTaken reports whether another listing has the listing's reference.
func (r *PropertyRepository) referenceTaken(p property.Property) bool {
	owner, known := r.references[p.Reference]
	return p.Reference != "" && known && owner != p.ID
}

// insert stores a listing that mayInsert has accepted. The versions of an id that was in use before go on from there.
func (r *PropertyRepository) insert(p property.Property, actor string) property.Change {
	p.Version = 1
	return r.insertFrom(p, actor)
}

// insertFrom is insert for a listing at a version, which is raised where the id has had it already.
func (r *PropertyRepository) insertFrom(p property.Property, actor string) property.Change {
	p.Version = max(p.Version, r.removed[p.ID]+1)
	p.CreatedAt, p.UpdatedAt = property.Instant(p.CreatedAt), property.Instant(p.UpdatedAt)
	r.store(&p)
	return r.log.append(property.Inserted(0, p), r.now(), actor)
}

// replace stores a listing with other details, the next version and a time that does not go back.
func (r *PropertyRepository) replace(before property.Property, details property.Details, actor string) property.Change {
	after := before
	after.Details = details
	after.Version++
	if now := property.Instant(r.now()); now.After(before.UpdatedAt) {
		after.UpdatedAt = now
	}
	delete(r.references, before.Reference)
	r.store(&after)
	return r.log.append(property.Updated(0, before, after), r.now(), actor)
}

// store puts a listing into the tables, with a copy of its photos.
func (r *PropertyRepository) store(p *property.Property) {
	p.Photos = slices.Clone(p.Photos)
	r.rows[p.ID] = *p
	if p.Reference != "" {
		r.references[p.Reference] = p.ID
	}
}
