package ports

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gable-listings/gable/domain/property"
)

// ErrUnavailable means that the store or cache behind a port cannot answer now: it is down, unreachable, too busy
// or too slow. Adapters wrap it around their own error, so that an outage never looks like "not found" or
// "invalid".
var ErrUnavailable = errors.New("unavailable")

// ErrBusy means that there is too much work to begin this operation, or to finish it in time; a retry may help. It
// comes together with ErrUnavailable, but the same store or cache may still answer other questions.
var ErrBusy = fmt.Errorf("too busy: %w", ErrUnavailable)

// ErrIdempotencyKeyReused means that an idempotency key came with another request than the first one.
var ErrIdempotencyKeyReused = errors.New("the idempotency key was used for another request")

// PropertyRepository stores listings. All methods are safe for concurrent use, return within the context's deadline
// with an error that wraps its cause, and report an outage as ErrUnavailable. Values passed in and out are
// immutable: neither side changes them. Reads return what the caches in front of the store did; a store itself
// returns the zero ReadInfo.
//
// Every write is atomic. When it returns an error nothing has changed, except after ErrUnavailable or a canceled
// context: then the write may or may not have happened. When it returns nil the write is durable and visible to
// every later read. In a store with other writers, a change of an existing listing has in BeforeTx the transaction
// that wrote the replaced state, or a later one.
type PropertyRepository interface {
	// Find returns the listing. The error is property.ErrNotFound when it does not exist.
	Find(ctx context.Context, id property.ID) (property.Property, ReadInfo, error)

	// Search returns the page of the search: the first listings, in the search's order, that match its filter and
	// stand behind its After. The page has as many as fill it (property.Search.Full). Without a match it is empty;
	// that is not an error.
	Search(ctx context.Context, s *property.Search) (*property.Page, ReadInfo, error)

	// Count returns how many listings match the filter.
	Count(ctx context.Context, f *property.Filter) (int64, ReadInfo, error)

	// Create stores a new listing and returns the change, with the listing as stored in After. Errors:
	// property.ErrReferenceTaken; ErrVersionConflict if the id is in use.
	//
	// An idempotency key is stored in the same transaction. If it is stored already with the same request, Create
	// stores nothing and returns the first creation's result, with Replayed set and Change.Tx 0. If it is stored
	// with another request, the error is ErrIdempotencyKeyReused. Of concurrent creations with one key a single one
	// stores.
	Create(ctx context.Context, p property.Property, key *IdempotencyKey) (Creation, error)

	// Update replaces the details of the listing with p.ID if its version still is p.Version, and returns the
	// change. Before is the replaced state; After has the version and time that the store set. Errors:
	// property.ErrNotFound, property.ErrVersionConflict, property.ErrReferenceTaken.
	Update(ctx context.Context, p property.Property) (property.Change, error)

	// Delete removes the listing if its version still is version (0: any), and returns the change. Errors:
	// property.ErrNotFound, property.ErrVersionConflict.
	Delete(ctx context.Context, id property.ID, version int64) (property.Change, error)

	// Upsert creates or updates a batch of at most MaxBatch listings, all or nothing. Each has a reference of its
	// own. A listing with a new reference is created with its ID and times. One with a known reference retains its
	// id and gets the details of Incoming.Onto; when its details are then unchanged it is left alone. The result has
	// one item per listing, in the order of the batch.
	Upsert(ctx context.Context, batch []Incoming) ([]Upserted, error)

	// Compare returns what Upsert of this batch would return now, and stores nothing. It refuses the same malformed
	// batches. The changes have no transaction; in After, a stored listing still has its version and times, and a new
	// one has those of the batch.
	Compare(ctx context.Context, batch []Incoming) ([]Upserted, error)
}

// MaxBatch is the largest number of listings in one Upsert. It lies below the number of rows from which the
// database records a reset instead of each change.
const MaxBatch = 500

// MaxIdempotencyKey is the largest number of characters in a client's key.
const MaxIdempotencyKey = 255

// IdempotencyKey makes a creation happen at most once.
type IdempotencyKey struct {
	Owner   string // the client that uses the key; keys of different owners are unrelated
	Key     string // 1 to MaxIdempotencyKey characters, chosen by the client
	Request string // a digest of the request; the same key with another digest is refused
}

// IdempotencyKeyRepository stores the keys that creations came with; a PropertyRepository adds them.
type IdempotencyKeyRepository interface {
	// PruneIdempotencyKeys removes the keys that were stored before the time, in small batches, and returns how
	// many. A creation with a removed key is a new one. Listings and changes stay. No key is removed or counted
	// twice, however many processes do this at once. Errors: ErrUnavailable.
	PruneIdempotencyKeys(ctx context.Context, before time.Time) (int64, error)
}

// Creation is the result of Create.
type Creation struct {
	Change   property.Change
	Replayed bool // the listing was created by an earlier request with the same idempotency key
}

// Incoming is a listing for Upsert.
type Incoming struct {
	property.Property
	// Absent are the fields that the source of the listing lacks. A stored listing retains its own values; a new
	// one gets those of Property.
	Absent property.Fields
	// Claimed means that the listing belongs to the source that it names: a stored listing of another source is left
	// alone. One without a source is adopted.
	Claimed bool
	// Offered means that the listing is on offer again, even if the status is absent: a withdrawn listing gets the
	// status of Property.
	Offered bool
	// Withdrawal means that nothing but the status is written, and only to a live listing of this very source: it
	// becomes withdrawn. A listing that is not stored is not created.
	Withdrawal bool
}

// Onto returns the details that a stored listing with the same reference gets. They are its own when the listing may
// not be claimed; foreign is then its source, otherwise "".
func (in *Incoming) Onto(stored *property.Details) (details property.Details, foreign string) {
	if in.Withdrawal {
		details = *stored
		if stored.Source == in.Source && stored.Status.Live() {
			details.Status = property.StatusWithdrawn
		}
		return details, ""
	}
	if in.Claimed && stored.Source != "" && stored.Source != in.Source {
		return *stored, stored.Source
	}
	absent := in.Absent
	if in.Offered && stored.Status == property.StatusWithdrawn {
		absent = absent.Without(property.StatusField)
	}
	return in.Completed(absent, stored), ""
}

// Upserted is the result of Upsert for one listing: Change.Op is insert or update, or empty when nothing differed.
// Then After is the listing as it is stored; nil after a withdrawal that found none.
type Upserted struct {
	Change property.Change
	// Foreign is the source of the stored listing when that is another one than the batch claims; "" otherwise.
	Foreign string
}
