package catalog

import (
	"context"
	"errors"

	"github.com/gable-listings/gable/domain/property"
)

// ReviseAll revises listings one after the other, each as Revise does whatever its version. A listing that cannot be
// changed does not keep the others from it. The error is an outage: what is in the tally has been done by then, and the
// rest has not.
func (c *Catalog) ReviseAll(
	ctx context.Context, ids []property.ID, edit func(property.Details) (property.Details, error),
) (property.Tally, error) {
	return each(ids, func(id property.ID) (property.Change, error) { return c.Revise(ctx, id, nil, edit) })
}

// RemoveAll removes listings one after the other, whatever their versions, as ReviseAll revises them.
func (c *Catalog) RemoveAll(ctx context.Context, ids []property.ID) (property.Tally, error) {
	return each(ids, func(id property.ID) (property.Change, error) { return c.Remove(ctx, id, nil) })
}

func each(ids []property.ID, write func(property.ID) (property.Change, error)) (property.Tally, error) {
	var t property.Tally
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
