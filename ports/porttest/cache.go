package porttest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/ports"
)

// CacheFeatures are the honest differences between caches.
type CacheFeatures struct {
	// LargestValue is the size in bytes of the largest value that the caches under test accept. It is small enough to be
	// tried.
	LargestValue int
}

// Cache checks that a cache keeps every promise of ports.Cache. newCache returns an empty cache with room for a
// thousand small entries at each call.
func Cache(t *testing.T, newCache func(t *testing.T) ports.Cache, f CacheFeatures) {
	runCases(t, cacheCases(f), func(t *testing.T) box { return box{t, newCache(t)} })
}

func cacheCases(f CacheFeatures) []suiteCase[box] {
	return concat(cacheValueCases, cacheAddingCases, cacheForgettingCases(f), cacheTimeCases, cacheCallCases)
}

// box is a cache under test with the steps that cases are made of. A step that must succeed ends the case when it
// fails.
type box struct {
	t     reporter
	cache ports.Cache
}

func (b box) set(key, value string, ttl time.Duration) {
	b.t.Helper()
	if err := b.cache.Set(b.t.Context(), key, []byte(value), ttl); err != nil {
		b.t.Fatalf("set %.40q: %v", key, err)
	}
}

func (b box) get(key string) ([]byte, bool) {
	b.t.Helper()
	value, found, err := b.cache.Get(b.t.Context(), key)
	if err != nil {
		b.t.Fatalf("get %.40q: %v", key, err)
	}
	if !found && value != nil {
		b.t.Fatalf("get %.40q: a miss returns a value", key)
	}
	return value, found
}

func (b box) wantCached(key, want string) {
	b.t.Helper()
	if value, found := b.get(key); !found || string(value) != want {
		b.t.Fatalf("under %.40q is %.60q (found: %t), not %.60q", key, value, found, want)
	}
}

func (b box) wantNothing(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		if value, found := b.get(key); found {
			b.t.Fatalf("under %.40q is still %.60q", key, value)
		}
	}
}

func (b box) delete(key string) {
	b.t.Helper()
	if err := b.cache.Delete(b.t.Context(), key); err != nil {
		b.t.Fatalf("delete %.40q: %v", key, err)
	}
}

func (b box) purge() {
	b.t.Helper()
	if err := b.cache.Purge(b.t.Context()); err != nil {
		b.t.Fatalf("purge: %v", err)
	}
}

// waitForNothing reads the key again and again until its entry expires.
func (b box) waitForNothing(key string) {
	b.t.Helper()
	for deadline := time.Now().Add(10 * brief); ; time.Sleep(2 * time.Millisecond) {
		if _, found := b.get(key); !found {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("the entry under %q outlives its time", key)
		}
	}
}

var cacheValueCases = []suiteCase[box]{
	{"an_unknown_key_is_a_miss", "Get returns nil, false and no error when nothing is cached.", func(b box) {
		b.wantNothing("unknown")
	}},
	{"a_value_is_cached", "Get returns the value last Set under the key.", func(b box) {
		b.set("key", "value", time.Hour)
		b.wantCached("key", "value")
	}},
	{"the_last_value_counts", "Set replaces the value that was cached before.", func(b box) {
		for _, value := range []string{"first", "the second, which is longer", "3rd"} {
			b.set("key", value, time.Hour)
			b.wantCached("key", value)
		}
	}},
	{"keys_are_apart", "A key is the text as it is: capitals, spaces, patterns, bytes outside UTF-8.", func(b box) {
		keys := []string{
			"a", "A", "a ", " a", "ab", "a:b", "a*", "a?", "[a]", `a\`, "a\x00", "a\r\nb", "\xff\xfe", "é", "e\u0301",
			strings.Repeat("k", 2000), strings.Repeat("k", 2001),
		}
		for _, key := range keys {
			b.set(key, "value of "+key, time.Hour)
		}
		for _, key := range keys {
			b.wantCached(key, "value of "+key)
		}
	}},
	{"an_empty_value_counts_as_nothing",
		"An empty value is not returned, and replaces the one before.", func(b box) {
			b.set("key", "value", time.Hour)
			b.set("key", "", time.Hour)
			b.wantNothing("key")
		}},
	{"values_are_bytes", "A value comes back byte for byte, whatever the bytes.", func(b box) {
		var all []byte
		for i := range 256 {
			all = append(all, byte(i), '\r', '\n')
		}
		b.set("key", string(all), time.Hour)
		b.wantCached("key", string(all))
	}},
	{"set_stores_a_copy", "Set stores a copy: changing the slice afterwards does no harm.", func(b box) {
		value := []byte("value")
		if err := b.cache.Set(b.t.Context(), "key", value, time.Hour); err != nil {
			b.t.Fatalf("set: %v", err)
		}
		copy(value, "XXXXX")
		b.wantCached("key", "value")
	}},
	{"get_gives_the_value_away",
		"The returned value belongs to the caller, and may be changed without harm.", func(b box) {
			b.set("key", "value", time.Hour)
			value, _ := b.get("key")
			copy(value, "XXXXX")
			_ = append(value[:0], "YYYYYYYYY"...)
			b.wantCached("key", "value")
		}},
}

func cacheForgettingCases(f CacheFeatures) []suiteCase[box] {
	return []suiteCase[box]{
		{"delete_forgets_one_key", "Delete removes the key and no other.", func(b box) {
			b.set("key", "value", time.Hour)
			b.set("other", "value", time.Hour)
			b.delete("key")
			b.wantNothing("key")
			b.wantCached("other", "value")
		}},
		{"delete_of_nothing_is_fine", "Deleting what is not cached is not an error.", func(b box) {
			b.delete("unknown")
			b.wantNothing("unknown")
		}},
		{"the_largest_value_is_cached", "A value of the largest size is cached.", func(b box) {
			large := strings.Repeat("x", f.LargestValue)
			b.set("key", large, time.Hour)
			b.wantCached("key", large)
		}},
		{"too_large_a_value_empties_the_key", "A value too large to cache is not an error; the key is then empty.",
			func(b box) {
				b.set("key", "small", time.Hour)
				b.set("key", strings.Repeat("x", f.LargestValue+1), time.Hour)
				b.wantNothing("key")
			}},
		{"purge_forgets_everything",
			"Purge removes every entry, however many; afterwards the cache works as before.", func(b box) {
				var keys []string
				for i := range 1000 {
					keys = append(keys, fmt.Sprintf("key %d", i))
					b.set(keys[i], "value", time.Hour)
				}
				b.purge()
				b.wantNothing(keys...)
				b.set("key", "value", time.Hour)
				b.wantCached("key", "value")
			}},
		{"purge_of_nothing_is_fine", "Purging an empty cache is not an error.", func(b box) {
			b.purge()
			b.wantNothing("key")
		}},
	}
}

const brief = 50 * time.Millisecond

var cacheTimeCases = []suiteCase[box]{
	{"a_value_ends_with_its_time", "A value is cached until its time to live is over, however often it is read.",
		func(b box) {
			b.set("brief", "value", brief)
			b.set("long", "value", time.Hour)
			b.waitForNothing("brief")
			b.wantCached("long", "value")
		}},
	{"set_renews_the_time", "A new Set brings its own, longer time to live.", func(b box) {
		b.set("key", "first", brief)
		b.set("key", "second", time.Hour)
		b.set("mark", "x", brief)
		b.waitForNothing("mark")
		b.wantCached("key", "second")
	}},
	{"set_shortens_the_time", "A new Set brings its own, shorter time to live.", func(b box) {
		b.set("key", "first", time.Hour)
		b.set("key", "second", brief)
		b.waitForNothing("key")
	}},
	{"the_shortest_time_ends_too", "A time to live of a nanosecond ends, too.", func(b box) {
		b.set("key", "value", time.Nanosecond)
		b.waitForNothing("key")
	}},
}

var cacheCallCases = []suiteCase[box]{
	{"size_is_about_right", "Size returns how many entries are cached and how many bytes they take, or -1.", func(b box) {
		for i := range 100 {
			b.set(fmt.Sprintf("key %02d", i), strings.Repeat("v", 94), time.Hour)
		}
		entries, size, err := b.cache.Size(b.t.Context())
		if err != nil || entries != -1 && (entries < 50 || entries > 200) || size != -1 && (size < 5_000 || size > 100_000) {
			b.t.Fatalf("100 entries of 100 bytes each: size says %d entries, %d bytes, error %v", entries, size, err)
		}
		b.purge()
		if entries, size, err = b.cache.Size(b.t.Context()); err != nil || entries > 1 || size > 1_000 {
			b.t.Fatalf("after a purge: size says %d entries, %d bytes, error %v", entries, size, err)
		}
	}},
	{"ping_works", "Ping returns nil when the cache works.", func(b box) {
		if err := b.cache.Ping(b.t.Context()); err != nil {
			b.t.Fatalf("ping: %v", err)
		}
	}},
	{"a_cancelled_call_returns", "Calls return within the context's deadline, do the work or do not, and corrupt nothing.",
		func(b box) {
			b.set("key", "value", time.Hour)
			ctx, cancel := context.WithDeadline(b.t.Context(), time.Now().Add(-time.Second))
			defer cancel()
			if value, found, _ := b.cache.Get(ctx, "key"); found && string(value) != "value" {
				b.t.Fatalf("get: %q", value)
			}
			_ = b.cache.Set(ctx, "late", []byte("late value"), time.Hour)
			_ = b.cache.Ping(ctx)
			_, _, _ = b.cache.Size(ctx)
			if value, found := b.get("late"); found && string(value) != "late value" {
				b.t.Fatalf("the value set too late is cached as %q", value)
			}
			b.wantCached("key", "value")
			_ = b.cache.Delete(ctx, "key")
			_ = b.cache.Purge(ctx)
			b.set("key", "value", time.Hour)
			b.wantCached("key", "value")
		}},
	{"calls_may_be_concurrent",
		"All methods are safe for concurrent use; a value is one that was set under its key, whole.", func(b box) {
			var workers sync.WaitGroup
			failures := make(chan error, 8)
			for n := range 8 {
				workers.Go(func() { failures <- b.stir(n) })
			}
			workers.Wait()
			for range 8 {
				if err := <-failures; err != nil {
					b.t.Fatalf("%v", err)
				}
			}
		}},
}

// stir works on a few keys as one of several goroutines. A value is its key followed by one repeated byte.
func (b box) stir(n int) error {
	ctx := b.t.Context()
	for i := range 100 {
		key := fmt.Sprintf("key %d", i%3)
		fill := bytes.Repeat([]byte{byte('a' + n)}, 100+n)
		if err := b.cache.Set(ctx, key, append([]byte(key), fill...), time.Hour); err != nil {
			return fmt.Errorf("set: %w", err)
		}
		value, found, err := b.cache.Get(ctx, key)
		if err != nil {
			return fmt.Errorf("get: %w", err)
		}
		if fill, own := bytes.CutPrefix(value, []byte(key)); found && (!own || !uniform(fill)) {
			return fmt.Errorf("get %q: %q", key, value)
		}
		if i%10 == n {
			err = b.cache.Delete(ctx, key)
		} else if i == 50 && n == 0 {
			err = b.cache.Purge(ctx)
		}
		if err != nil {
			return fmt.Errorf("delete: %w", err)
		}
	}
	return nil
}

// uniform reports whether a worker made these bytes: one letter, repeated as often as that worker writes it.
func uniform(fill []byte) bool {
	return len(fill) >= 100 && len(fill) == 100+int(fill[0]-'a') && bytes.Count(fill, fill[:1]) == len(fill)
}
