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
	for i := range batch {
		result[i] = r.compare(&batch[i])
		switch c := &result[i].Change; c.Op {
		case property.OpInsert:
			*c = r.insert(*c.After, ports.ActorFrom(ctx))
		case property.OpUpdate:
			*c = r.replace(*c.Before, c.After.Details, ports.ActorFrom(ctx))
		}
	}
	return result, nil
}

// Compare implements ports.PropertyRepository.
func (r *PropertyRepository) Compare(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("compare %d listings: %w", len(batch), err)
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if err := checkBatch(batch); err != nil {
		return nil, fmt.Errorf("compare %d listings: %w", len(batch), err)
	}
	result := make([]ports.Upserted, len(batch))
	for i := range batch {
		result[i] = r.compare(&batch[i])
	}
	return result, nil
}

// checkBatch returns the error of a malformed batch.
func checkBatch(batch []ports.Incoming) error {
	references := make(map[string]bool, len(batch))
	for _, p := range batch {
		references[p.Reference] = true
	}
	if len(batch) > ports.MaxBatch || references[""] || len(references) < len(batch) {
		return errBadBatch
	}
	return nil
}

// mayUpsert returns the error of a batch that could not be stored whole, before anything is changed.
func (r *PropertyRepository) mayUpsert(batch []ports.Incoming) error {
	if err := checkBatch(batch); err != nil {
		return err
	}
	ids := make(map[property.ID]bool, len(batch))
	for _, p := range batch {
		if _, known := r.references[p.Reference]; known || p.Withdrawal {
			continue
		}
		if _, inUse := r.rows[p.ID]; inUse || ids[p.ID] {
			return fmt.Errorf("listing %s: %w", p.ID, property.ErrVersionConflict)
		}
		ids[p.ID] = true
	}
	return nil
}

// compare returns what Upsert does with the listing.
func (r *PropertyRepository) compare(in *ports.Incoming) ports.Upserted {
	id, known := r.references[in.Reference]
	switch {
	case !known && in.Withdrawal:
		return ports.Upserted{}
	case !known:
		return ports.Upserted{Change: property.Inserted(0, in.Property)}
	}
	before := r.rows[id]
	after := before
	var foreign string
	after.Details, foreign = in.Onto(&before.Details)
	if before.Details.Equal(after.Details) {
		return ports.Upserted{Change: property.Change{ID: id, Version: before.Version, After: &before}, Foreign: foreign}
	}
	return ports.Upserted{Change: property.Updated(0, before, after)}
}
