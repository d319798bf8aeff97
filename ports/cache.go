package ports

import (
	"context"
	"time"
)

// Cache keeps bytes under keys for a while. It may forget anything at any time, and it is never asked to be right:
// whoever stores an entry puts into it what is needed to judge it later. All methods are safe for concurrent use and
// return within the context's deadline; an error never means more than "as if nothing were kept".
type Cache interface {
	// Get returns the value last Set under the key and true, or nil and false when nothing is cached. The value belongs to
	// the caller, who may change it without harm. An empty value counts as nothing. A value longer than Set would cache is
	// never read into memory, even if another program has put it there: it counts as nothing, too, and may be an error.
	Get(ctx context.Context, key string) ([]byte, bool, error)

	// Set keeps a copy of the value until the time to live (positive) is over, in place of what was kept before. A value too
	// large to keep is not an error; the key is then empty.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error

	// Add is a Set that does nothing when something is kept under the key; it reports whether it did set. Of several callers
	// at once only one is told so.
	Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error)

	// Delete forgets the key. Forgetting what is not kept is no error.
	Delete(ctx context.Context, key string) error

	// Purge forgets every entry that this cache has kept, and nothing else that lives beside it.
	Purge(ctx context.Context) error

	// Size is how many entries are kept and how many bytes they take, keys included; estimates, and -1 where the cache
	// cannot tell.
	Size(ctx context.Context) (entries, bytes int64, err error)

	// Ping returns nil when the cache works.
	Ping(ctx context.Context) error
}
