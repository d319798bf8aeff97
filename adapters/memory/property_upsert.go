package memory

import (
	"context"
	"fmt"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

var errBadBatch = fmt.Errorf("a batch has at most %d listings, each with a reference of its own", ports.MaxBatch)

// Upsert implements ports.PropertyRepository.
func (r *PropertyRepository) Upsert(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("upsert %d listings: %w", len(batch), err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.mayUpsert(batch); err != nil {
		return nil, fmt.Errorf("upsert %d listings: %w", len(batch), err)
	}
	result := make([]ports.Upserted, len(batch))
	for i, p := range batch {
		result[i].Change = r.upsert(p, ports.ActorFrom(ctx))
	}
	return result, nil
}

// mayUpsert returns the error of a batch that could not be stored whole, before anything is changed.
func (r *PropertyRepository) mayUpsert(batch []ports.Incoming) error {
	if len(batch) > ports.MaxBatch {
		return errBadBatch
	}
	references := make(map[string]bool, len(batch))
	ids := make(map[property.ID]bool, len(batch))
	for _, p := range batch {
		if p.Reference == "" || references[p.Reference] {
			return errBadBatch
		}
		references[p.Reference] = true
		if _, known := r.references[p.Reference]; known {
			continue
		}
		if _, inUse := r.rows[p.ID]; inUse || ids[p.ID] {
			return fmt.Errorf("listing %s: %w", p.ID, property.ErrVersionConflict)
		}
		ids[p.ID] = true
	}
	return nil
}

func (r *PropertyRepository) upsert(p ports.Incoming, actor string) property.Change {
	id, known := r.references[p.Reference]
	if !known {
		return r.insert(p.Property, actor)
	}
	before := r.rows[id]
	details := p.Completed(p.Absent, &before.Details)
	if before.Details.Equal(details) {
		return property.Change{ID: id, Version: before.Version}
	}
	return r.replace(before, details, actor)
}
