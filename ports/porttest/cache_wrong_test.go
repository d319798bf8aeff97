package porttest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/ports"
)

const mapLargest = 10_000

// mapCache is a plain, right cache; each of wrongCaches is wrong in one way.
type mapCache struct {
	mu      sync.Mutex
	entries map[string]mapEntry
}

type mapEntry struct {
	value []byte
	until time.Time
}

func newMapCache() *mapCache { return &mapCache{entries: map[string]mapEntry{}} }

func (c *mapCache) Get(_ context.Context, key string) ([]byte, bool, error) {
	value, found := c.shared(key)
	return bytes.Clone(value), found, nil
}

// shared is Get without the copy.
func (c *mapCache) shared(key string) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok || !time.Now().Before(e.until) {
		return nil, false
	}
	return e.value, true
}

func (c *mapCache) Set(_ context.Context, key string, value []byte, ttl time.Duration) error {
	if len(value) == 0 || len(value) > mapLargest {
		c.forget(key)
		return nil
	}
	c.put(key, bytes.Clone(value), ttl)
	return nil
}

func (c *mapCache) Add(_ context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[key]; ok && time.Now().Before(e.until) {
		return false, nil
	}
	c.entries[key] = mapEntry{bytes.Clone(value), time.Now().Add(ttl)}
	return true, nil
}

func (c *mapCache) put(key string, value []byte, ttl time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries[key] = mapEntry{value, time.Now().Add(ttl)}
}

func (c *mapCache) Delete(_ context.Context, key string) error {
	c.forget(key)
	return nil
}

func (c *mapCache) forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}

func (c *mapCache) Purge(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
	return nil
}

func (c *mapCache) Size(context.Context) (entries, size int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, e := range c.entries {
		size += int64(len(key) + len(e.value))
	}
	return int64(len(c.entries)), size, nil
}

func (c *mapCache) Ping(context.Context) error { return nil }

// bent is a cache with some methods replaced.
type bent struct {
	*mapCache
	get    func(c *mapCache, key string) ([]byte, bool, error)
	set    func(c *mapCache, key string, value []byte, ttl time.Duration) error
	add    func(c *mapCache, key string, value []byte, ttl time.Duration) (bool, error)
	delete func(c *mapCache, key string) error
	purge  func(c *mapCache) error
	size   func() (int64, int64, error)
	ping   error
}

func (b bent) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if b.get != nil {
		return b.get(b.mapCache, key)
	}
	return b.mapCache.Get(ctx, key)
}

func (b bent) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if b.set != nil {
		return b.set(b.mapCache, key, value, ttl)
	}
	return b.mapCache.Set(ctx, key, value, ttl)
}

func (b bent) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if b.add != nil {
		return b.add(b.mapCache, key, value, ttl)
	}
	return b.mapCache.Add(ctx, key, value, ttl)
}

func (b bent) Delete(ctx context.Context, key string) error {
	if b.delete != nil {
		return b.delete(b.mapCache, key)
	}
	return b.mapCache.Delete(ctx, key)
}

func (b bent) Purge(ctx context.Context) error {
	if b.purge != nil {
		return b.purge(b.mapCache)
	}
	return b.mapCache.Purge(ctx)
}

func (b bent) Size(ctx context.Context) (int64, int64, error) {
	if b.size != nil {
		return b.size()
	}
	return b.mapCache.Size(ctx)
}

func (b bent) Ping(context.Context) error { return b.ping }

// withSet changes the key, the value or the time of each Set.
func withSet(change func(c *mapCache, key string, value []byte, ttl time.Duration) (string, []byte,
	time.Duration)) bent {
	return bent{set: func(c *mapCache, key string, value []byte, ttl time.Duration) error {
		key, value, ttl = change(c, key, value, ttl)
		return c.Set(context.Background(), key, value, ttl)
	}}
}

// wrongCaches are caches with the case that must notice what is wrong.
var wrongCaches = []struct {
	wrong, noticed string
	cache          bent
}{
	{"reports a miss as an error", "an_unknown_key_is_a_miss",
		bent{get: func(c *mapCache, key string) ([]byte, bool, error) {
			if value, found := c.shared(key); found {
				return value, true, nil
			}
			return nil, false, errors.New("not found")
		}}},
	{"caches nothing", "a_value_is_cached",
		bent{set: func(*mapCache, string, []byte, time.Duration) error { return nil }}},
	{"never replaces a value", "the_last_value_counts",
		bent{set: func(c *mapCache, key string, value []byte, ttl time.Duration) error {
			if _, found := c.shared(key); !found {
				c.put(key, value, ttl)
			}
			return nil
		}}},
	{"folds capitals in keys", "keys_are_apart", withSet(
		func(_ *mapCache, key string, value []byte, ttl time.Duration) (string, []byte, time.Duration) {
			return strings.ToLower(key), value, ttl
		})},
	{"cuts keys", "keys_are_apart", bent{
		get: func(c *mapCache, key string) ([]byte, bool, error) {
			value, found := c.shared(key[:min(len(key), 2000)])
			return value, found, nil
		},
		set: func(c *mapCache, key string, value []byte, ttl time.Duration) error {
			c.put(key[:min(len(key), 2000)], value, ttl)
			return nil
		},
	}},
	{"returns an empty value", "an_empty_value_counts_as_nothing", bent{
		set: func(c *mapCache, key string, value []byte, ttl time.Duration) error {
			c.put(key, bytes.Clone(value), ttl)
			return nil
		},
	}},
	{"repairs values that are not UTF-8", "values_are_bytes", withSet(
		func(_ *mapCache, key string, value []byte, ttl time.Duration) (string, []byte, time.Duration) {
			return key, []byte(strings.ToValidUTF8(string(value), "?")), ttl
		})},
	{"stores the caller's slice", "set_stores_a_copy",
		bent{set: func(c *mapCache, key string, value []byte, ttl time.Duration) error {
			c.put(key, value, ttl)
			return nil
		}}},
	{"returns its own slice", "get_gives_the_value_away",
		bent{get: func(c *mapCache, key string) ([]byte, bool, error) {
			value, found := c.shared(key)
			return value, found, nil
		}}},
	{"never adds", "add_caches_what_is_new",
		bent{add: func(*mapCache, string, []byte, time.Duration) (bool, error) { return false, nil }}},
	{"adds without caching", "add_caches_what_is_new",
		bent{add: func(*mapCache, string, []byte, time.Duration) (bool, error) { return true, nil }}},
	{"adds over a cached value", "add_leaves_alone_what_is_cached",
		bent{add: func(c *mapCache, key string, value []byte, ttl time.Duration) (bool, error) {
			_, found := c.shared(key)
			c.put(key, value, ttl)
			return !found, nil
		}}},
	{"never frees what was added", "add_may_be_repeated_when_the_key_is_free",
		bent{add: func(c *mapCache, key string, value []byte, _ time.Duration) (bool, error) {
			return c.Add(context.Background(), key, value, time.Hour)
		}}},
	{"looks before it adds", "one_of_many_adds",
		bent{add: func(c *mapCache, key string, value []byte, ttl time.Duration) (bool, error) {
			if _, found := c.shared(key); found {
				return false, nil
			}
			time.Sleep(time.Millisecond)
			c.put(key, bytes.Clone(value), ttl)
			return true, nil
		}}},
	{"does not delete", "delete_forgets_one_key", bent{delete: func(*mapCache, string) error { return nil }}},
	{"deletes everything", "delete_forgets_one_key",
		bent{delete: func(c *mapCache, _ string) error { return c.Purge(context.Background()) }}},
	{"complains when there is nothing to delete", "delete_of_nothing_is_fine",
		bent{delete: func(c *mapCache, key string) error {
			if _, found := c.shared(key); !found {
				return errors.New("not found")
			}
			return c.Delete(context.Background(), key)
		}}},
	{"cuts large values", "the_largest_value_is_cached", withSet(
		func(_ *mapCache, key string, value []byte, ttl time.Duration) (string, []byte, time.Duration) {
			return key, value[:min(len(value), mapLargest/2)], ttl
		})},
	{"leaves the old value when the new one is too large", "too_large_a_value_empties_the_key", bent{
		set: func(c *mapCache, key string, value []byte, ttl time.Duration) error {
			if len(value) > mapLargest {
				return nil
			}
			return c.Set(context.Background(), key, value, ttl)
		}}},
	{"purges only some", "purge_forgets_everything", bent{purge: func(c *mapCache) error {
		for i := range 500 {
			c.forget("key " + string(rune('0'+i%10)))
		}
		return nil
	}}},
	{"complains when there is nothing to purge", "purge_of_nothing_is_fine", bent{purge: func(c *mapCache) error {
		if entries, _, _ := c.Size(context.Background()); entries == 0 {
			return errors.New("already empty")
		}
		return c.Purge(context.Background())
	}}},
	{"forgets the time", "a_value_ends_with_its_time", withSet(
		func(_ *mapCache, key string, value []byte, _ time.Duration) (string, []byte, time.Duration) {
			return key, value, time.Hour
		})},
	{"begins the time anew at each read", "a_value_ends_with_its_time",
		bent{get: func(c *mapCache, key string) ([]byte, bool, error) {
			value, found := c.shared(key)
			if found {
				c.put(key, value, time.Hour)
			}
			return bytes.Clone(value), found, nil
		}}},
	{"never lengthens a time", "set_renews_the_time", withSet(withOldTime)},
	{"never shortens a time", "set_shortens_the_time", withSet(withOldTime)},
	{"treats a time below a millisecond as endless", "the_shortest_time_ends_too", withSet(
		func(_ *mapCache, key string, value []byte, ttl time.Duration) (string, []byte, time.Duration) {
			if ttl < time.Millisecond {
				ttl = time.Hour
			}
			return key, value, ttl
		})},
	{"makes up its size", "size_is_about_right", bent{size: func() (int64, int64, error) { return 7, 7, nil }}},
	{"does not answer a ping", "ping_works", bent{ping: ports.ErrUnavailable}},
	{"truncates a value that is read", "calls_may_be_concurrent",
		bent{get: func(c *mapCache, key string) ([]byte, bool, error) {
			value, found := c.shared(key)
			return bytes.Clone(value[:len(value)/2]), found, nil
		}}},
}

// withOldTime gives a value the time of the one it replaces.
func withOldTime(c *mapCache, key string, value []byte, ttl time.Duration) (string, []byte, time.Duration) {
	if _, found := c.shared(key); found {
		ttl = time.Until(c.entries[key].until)
	}
	return key, value, ttl
}

func TestCacheSuiteAcceptsARightCache(t *testing.T) {
	Cache(t, func(*testing.T) ports.Cache { return newMapCache() }, CacheFeatures{LargestValue: mapLargest})
}

func TestCacheSuiteNoticesWrongCaches(t *testing.T) {
	for _, w := range wrongCaches {
		t.Run(w.wrong, func(t *testing.T) {
			t.Parallel()
			w.cache.mapCache = newMapCache()
			wantNoticed(t, cacheCases(CacheFeatures{LargestValue: mapLargest}), w.noticed,
				func(r reporter) box { return box{r, w.cache} })
		})
	}
}
