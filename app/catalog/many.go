package catalog

import (
	"context"
	"errors"

	"github.com/gable-listings/gable/domain/property"
)

// UpdateAll updates listings one after the other, each as Update does without an expected state. A listing that
// cannot be changed does not stop the rest. The error is an outage: the changes in the result are done by then, and
// the remaining ones are not.
func (c *Catalog) UpdateAll(
	ctx context.Context, ids []property.ID, edit func(property.Details) (property.Details, error),
) (property.BulkResult, error) {
	return applyEach(ids, func(id property.ID) (property.Change, error) { return c.Update(ctx, id, nil, edit) })
}

// DeleteAll deletes listings one after the other, whatever their state; result and error are as in UpdateAll.
func (c *Catalog) DeleteAll(ctx context.Context, ids []property.ID) (property.BulkResult, error) {
	return applyEach(ids, func(id property.ID) (property.Change, error) { return c.Delete(ctx, id, nil) })
}

func applyEach(ids []property.ID, write func(property.ID) (property.Change, error)) (property.BulkResult, error) {
	var result property.BulkResult
	for _, id := range ids {
		change, err := write(id)
		var invalid *property.InvalidError
		switch {
		case err == nil && change.Op != "":
			result.Changed++
		case err == nil:
			result.Unchanged++
		case errors.Is(err, property.ErrNotFound):
			result.Gone++
		case errors.As(err, &invalid), errors.Is(err, property.ErrVersionConflict):
			result.Refused = append(result.Refused, property.Refusal{ID: id, Err: err})
		default:
			return result, err
		}
	}
	return result, nil
}
