package memory

import (
	"bytes"
	"context"
	"math"
	"time"

	"github.com/maypok86/otter/v2"
)

// entryOverhead is roughly how many bytes an entry takes besides its key and value. It covers the node, its place in
// the table, and the slice of the value.
const entryOverhead = 200

// Cache is a ports.Cache in the memory of this process, bounded by bytes. When it is full, it evicts the entries
// least likely to be read again. It ignores contexts, since it never waits, and it never fails.
type Cache struct {
	entries  *otter.Cache[string, entry]
	maxBytes int64
}

// entry is a cached value; its bytes are never written to.
type entry struct {
	value []byte
	ttl   time.Duration
}

// NewCache makes a cache that takes at most about maxBytes (positive) of memory, keys and overhead included. Close
// releases it.
func NewCache(maxBytes int64) *Cache {
	c := &Cache{maxBytes: max(maxBytes, 1)}
	c.entries = otter.Must(&otter.Options[string, entry]{
		MaximumWeight:    uint64(c.maxBytes),
		Weigher:          func(key string, e entry) uint32 { return uint32(weight(key, e.value)) },
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[string, entry]) time.Duration { return e.Value.ttl }),
	})
	return c
}

// weight is how many bytes an entry counts for.
func weight(key string, value []byte) int64 {
	return int64(len(key)) + int64(len(value)) + entryOverhead
}

// Get implements ports.Cache.
func (c *Cache) Get(_ context.Context, key string) ([]byte, bool, error) {
	e, ok := c.entries.GetIfPresent(key)
	if !ok {
		return nil, false, nil
	}
	return bytes.Clone(e.value), true, nil
}

// Set implements ports.Cache. A value is too large when it would fill the whole cache by itself.
func (c *Cache) Set(_ context.Context, key string, value []byte, ttl time.Duration) error {
	if w := weight(key, value); len(value) == 0 || w > c.maxBytes || w > math.MaxUint32 {
		c.entries.Invalidate(key)
		return nil
	}
	c.entries.Set(key, entry{value: bytes.Clone(value), ttl: ttl})
	return nil
}

// Add implements ports.Cache.
func (c *Cache) Add(_ context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if w := weight(key, value); w > c.maxBytes || w > math.MaxUint32 {
		return false, nil
	}
	_, added := c.entries.SetIfAbsent(key, entry{value: bytes.Clone(value), ttl: ttl})
	return added, nil
}

// Delete implements ports.Cache.
func (c *Cache) Delete(_ context.Context, key string) error {
	c.entries.Invalidate(key)
	return nil
}

// Purge implements ports.Cache.
func (c *Cache) Purge(context.Context) error {
	c.entries.InvalidateAll()
	return nil
}

// Size implements ports.Cache. Expired entries count until the next sweep, a second or so later.
func (c *Cache) Size(context.Context) (entries, bytes int64, err error) {
	c.entries.CleanUp()
	return int64(c.entries.EstimatedSize()), int64(c.entries.WeightedSize()), nil
}

// Ping implements ports.Cache.
func (c *Cache) Ping(context.Context) error { return nil }

// Close empties the cache and stops the sweeper. The cache must not be used afterwards.
func (c *Cache) Close() error {
	c.entries.InvalidateAll()
	c.entries.StopAllGoroutines()
	return nil
}
