package catalog

import (
	"context"
	"errors"

	"github.com/gable-listings/gable/domain/property"
)

// UpdateAll revises listings one after the other, each as Revise does whatever its version. A listing that cannot be
// changed does not keep the others from it. The error is an outage: what is in the tally has been done by then, and the
// rest has not.
func (c *Catalog) UpdateAll(
	ctx context.Context, ids []property.ID, edit func(property.Details) (property.Details, error),
) (property.BulkResult, error) {
	return applyEach(ids, func(id property.ID) (property.Change, error) { return c.Update(ctx, id, nil, edit) })
}

// DeleteAll removes listings one after the other, whatever their versions, as ReviseAll revises them.
func (c *Catalog) DeleteAll(ctx context.Context, ids []property.ID) (property.BulkResult, error) {
	return applyEach(ids, func(id property.ID) (property.Change, error) { return c.Delete(ctx, id, nil) })
}

func applyEach(ids []property.ID, write func(property.ID) (property.Change, error)) (property.BulkResult, error) {
	var t property.BulkResult
	for _, id := range ids {
		change, err := write(id)
		var invalid *property.InvalidError
		switch {
		case err == nil && change.Op != "":
			t.Changed++
		case err == nil:
			t.Unchanged++
		case errors.Is(err, property.ErrNotFound):
			t.Gone++
		case errors.As(err, &invalid), errors.Is(err, property.ErrVersionConflict):
			t.Refused = append(t.Refused, property.Refusal{ID: id, Err: err})
		default:
			return t, err
		}
	}
	return t, nil
}
