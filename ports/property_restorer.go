package ports

import (
	"context"
	"fmt"

	"github.com/gable-listings/gable/domain/property"
)

// PropertyRestorer brings exported listings back, each with the id, version and times that it had. A PropertyRepository
// numbers versions by itself; this is for operators. Concurrency, deadlines and outages are those of a
// PropertyRepository.
type PropertyRestorer interface {
	// Restore stores a batch of at most MaxBatch listings, all or nothing, and returns one item per listing, in the
	// order of the batch. It never changes or deletes a stored listing.
	//
	// A listing with a new id is inserted as it is. Where its id had the same or a higher version in this store before,
	// it gets the next one, because versions never go back. A listing whose id is stored already is left alone, and is
	// refused with property.ErrVersionConflict unless its details and its creation time are the stored ones. A listing
	// whose reference belongs to another one is refused with property.ErrReferenceTaken. Two listings of a batch with
	// one id or reference are judged as if the first was stored before the second came.
	Restore(ctx context.Context, batch []property.Property) ([]Restored, error)

	// PreviewRestore returns what Restore would do now, and stores nothing. An insert then has an Op and an ID alone.
	PreviewRestore(ctx context.Context, batch []property.Property) ([]Restored, error)
}

// Restored is the result of Restore for one listing.
type Restored struct {
	// Change is the insert. Its Op is empty when nothing was stored.
	Change property.Change
	// Refused is nil, property.ErrVersionConflict or property.ErrReferenceTaken.
	Refused error
}

// RestoreCheck decides what Restore does with each listing of a batch. Every store decides alike.
type RestoreCheck struct {
	byID       map[property.ID]*property.Property
	references map[string]property.ID
}

// NewRestoreCheck knows no stored listing.
func NewRestoreCheck() *RestoreCheck {
	return &RestoreCheck{byID: map[property.ID]*property.Property{}, references: map[string]property.ID{}}
}

// Add adds a stored listing that has an id or a reference of the batch.
func (c *RestoreCheck) Add(stored *property.Property) {
	c.byID[stored.ID] = stored
	if stored.Reference != "" {
		c.references[stored.Reference] = stored.ID
	}
}

// Judge returns the results of the batch as PreviewRestore does. The error says that the batch is too large.
func (c *RestoreCheck) Judge(batch []property.Property) ([]Restored, error) {
	if len(batch) > MaxBatch {
		return nil, fmt.Errorf("a batch has at most %d listings, not %d", MaxBatch, len(batch))
	}
	result := make([]Restored, len(batch))
	for i := range batch {
		p := &batch[i]
		owner, taken := c.references[p.Reference]
		switch stored, known := c.byID[p.ID]; {
		case known && (!stored.Details.Equal(p.Details) || !stored.CreatedAt.Equal(p.CreatedAt)):
			result[i].Refused = property.ErrVersionConflict
		case known:
		case taken && owner != p.ID:
			result[i].Refused = property.ErrReferenceTaken
		default:
			result[i].Change = property.Change{Op: property.OpInsert, ID: p.ID}
			c.Add(p)
		}
	}
	return result, nil
}
