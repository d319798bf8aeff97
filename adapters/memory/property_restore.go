package memory

import (
	"context"
	"fmt"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// Restore implements ports.PropertyRestorer.
func (r *PropertyRepository) Restore(ctx context.Context, batch []property.Property) ([]ports.Restored, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	result, err := r.judge(ctx, batch)
	if err != nil {
		return nil, fmt.Errorf("restore %d listings: %w", len(batch), err)
	}
	for i, p := range batch {
		if result[i].Change.Op == property.OpInsert {
			result[i].Change = r.insertFrom(p, ports.ActorFrom(ctx))
		}
	}
	return result, nil
}

// PreviewRestore implements ports.PropertyRestorer.
func (r *PropertyRepository) PreviewRestore(ctx context.Context, batch []property.Property) ([]ports.Restored, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	result, err := r.judge(ctx, batch)
	if err != nil {
		return nil, fmt.Errorf("preview the restore of %d listings: %w", len(batch), err)
	}
	return result, nil
}

func (r *PropertyRepository) judge(ctx context.Context, batch []property.Property) ([]ports.Restored, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	known := ports.NewRestoreCheck()
	for _, p := range batch {
		if stored, ok := r.rows[p.ID]; ok {
			known.Add(&stored)
		}
		if owner, ok := r.references[p.Reference]; ok {
			stored := r.rows[owner]
			known.Add(&stored)
		}
	}
	return known.Judge(batch)
}
