package ports

import (
	"context"
	"time"
)

// Cache stores bytes under keys for a while. It may forget anything at any time, and nothing relies on it for
// correctness: an entry contains all that is needed to judge it later. All methods are safe for concurrent use and
// return within the context's deadline. An error never means more than "as if nothing were cached".
type Cache interface {
	// Get returns the value last Set under the key and true, or nil and false when nothing is cached. The value
	// belongs to the caller, who may change it without harm. An empty value counts as nothing. A value longer than
	// Set would cache is never read into memory, even if another program has put it there: it counts as nothing,
	// too, and may be an error.
	Get(ctx context.Context, key string) ([]byte, bool, error)

	// Set caches a copy of the value until the time to live (positive) is over, and replaces what was cached
	// before. A value that is too large is not an error; the key is then empty.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error

	// Add is a Set that does nothing when something is cached under the key; it reports whether it set the value.
	// Of several callers at once only one gets true.
	Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error)

	// Delete forgets the key. It is not an error when nothing is cached under it.
	Delete(ctx context.Context, key string) error

	// Purge forgets every entry of this cache, and nothing else that is stored in the same place.
	Purge(ctx context.Context) error

	// Size is the number of cached entries and the bytes they take, keys included. Both are estimates, and -1 where
	// the cache does not know.
	Size(ctx context.Context) (entries, bytes int64, err error)

	// Ping returns nil when the cache works.
	Ping(ctx context.Context) error
}
