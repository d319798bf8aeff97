package ports

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gable-listings/gable/domain/property"
)

// ErrUnavailable says that the store or cache behind a port cannot answer now: it is down, unreachable, too busy or too
// slow. Adapters wrap it around their own error, so that an outage is never taken for "not found" or "invalid".
var ErrUnavailable = errors.New("unavailable")

// ErrBusy says that there is too much work for this to be begun, or to be finished in time, and that trying again may
// help. It comes together with ErrUnavailable, but what could not do this may still answer other questions.
var ErrBusy = fmt.Errorf("too busy: %w", ErrUnavailable)

// ErrIdempotencyKeyReused says that an idempotency key came back with another request than the one it was first used for.
var ErrIdempotencyKeyReused = errors.New("the idempotency key was used for another request")

// PropertyRepository keeps listings. All methods are safe for concurrent use, return within the context's deadline with
// an error that wraps its cause, and report an outage as ErrUnavailable. Values handed in and out are the caller's to
// read and nobody's to change. Reads return what the caches in front of the store did; a store itself returns the zero
// ReadInfo.
//
// Every write is atomic: when it returns an error nothing has changed, except after ErrUnavailable or a cancelled context,
// when the write may or may not have happened. When it returns nil the write is durable and visible to every later read.
// Where others can write too, a change of a listing that existed names in BeforeTx the transaction that wrote the state it
// replaced, or a later one.
type PropertyRepository interface {
	// Find returns the listing. The error is property.ErrNotFound when there is none.
	Find(ctx context.Context, id property.ID) (property.Property, ReadInfo, error)

	// Search returns the page the search asks for: the first listings, in the search's order, that match its filter and
	// stand behind its After, as many as fill it (property.Search.Full). Nothing found is an empty page, not an error.
	Search(ctx context.Context, s *property.Search) (*property.Page, ReadInfo, error)

	// Count returns how many listings match the filter.
	Count(ctx context.Context, f *property.Filter) (int64, ReadInfo, error)

	// Create stores a new listing and returns the change, with the listing as stored in After. Errors:
	// property.ErrReferenceTaken; ErrVersionConflict if the id is in use.
	//
	// With an idempotency key, the key is kept in the same transaction. If the key is already kept and its request is the
	// same, nothing is stored: the result is the first creation's, with Replayed set and Change.Tx 0. If its request is
	// another, the error is ErrIdempotencyKeyReused. Of concurrent creations with one key a single one stores.
	Create(ctx context.Context, p property.Property, key *IdempotencyKey) (Creation, error)

	// Update replaces the details of the listing with p.ID if its version still is p.Version, and returns the change: the
	// state before, and after with the version and time that the store gave it. Errors: property.ErrNotFound,
	// property.ErrVersionConflict, property.ErrReferenceTaken.
	Update(ctx context.Context, p property.Property) (property.Change, error)

	// Delete removes the listing if its version still is the given one (0: whatever it is), and returns the change. Errors:
	// property.ErrNotFound, property.ErrVersionConflict.
	Delete(ctx context.Context, id property.ID, version int64) (property.Change, error)

	// Upsert brings a batch of at most MaxBatch listings in, all or nothing. Each has a reference, no two the same one. A
	// listing whose reference is new is created with its ID and times; one whose reference is known has its details
	// replaced, but for those that are Absent, and retains its id; one whose details are then all the same is left alone.
	// The result has one item per listing, in the order of the batch.
	Upsert(ctx context.Context, batch []Incoming) ([]Upserted, error)
}

// MaxBatch is the most listings one Upsert takes. It lies below the number of rows from which the database would record
// a reset instead of each change.
const MaxBatch = 500

// MaxIdempotencyKey is how many characters a client's key may have.
const MaxIdempotencyKey = 255

// IdempotencyKey makes a creation happen at most once.
type IdempotencyKey struct {
	Owner   string // who uses the key; keys of different owners have nothing to do with each other
	Key     string // 1 to MaxIdempotencyKey characters, chosen by the client
	Request string // a digest of the request; the same key with another digest is refused
}

// IdempotencyKeyRepository stores the keys that creations came with; a PropertyRepository adds them.
type IdempotencyKeyRepository interface {
	// PruneIdempotencyKeys removes the keys that were stored before the given time, in small batches, and returns how
	// many: a creation with one of them is a new one. Listings and changes stay. No key is removed or counted twice,
	// however many processes do this at once. Errors: ErrUnavailable.
	PruneIdempotencyKeys(ctx context.Context, before time.Time) (int64, error)
}

// Creation is what Create did.
type Creation struct {
	Change   property.Change
	Replayed bool // the listing was created by an earlier request with the same idempotency key
}

// Incoming is a listing for Upsert.
type Incoming struct {
	property.Property
	// Absent are the fields that the source of the listing lacks. A stored listing retains its own; a new one has what
	// Property says.
	Absent property.Fields
}

// Upserted is what Upsert did with one listing: Change.Op is insert or update, or empty when nothing differed.
type Upserted struct {
	Change property.Change
}
