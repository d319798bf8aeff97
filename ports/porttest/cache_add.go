package porttest

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

func (b box) add(key, value string, ttl time.Duration) bool {
	b.t.Helper()
	added, err := b.cache.Add(b.t.Context(), key, []byte(value), ttl)
	if err != nil {
		b.t.Fatalf("add %.40q: %v", key, err)
	}
	return added
}

var cacheAddingCases = []suiteCase[box]{
	{"add_caches_what_is_new", "Add sets the value where nothing is cached, and reports true.", func(b box) {
		if !b.add("key", "value", time.Hour) {
			b.t.Fatalf("adding to an empty cache reports false")
		}
		b.wantCached("key", "value")
	}},
	{"add_leaves_alone_what_is_cached",
		"Add does nothing when a value is cached under the key, however short, and reports false.", func(b box) {
			for _, cached := range []string{"cached", "\x00"} {
				b.set("key", cached, time.Hour)
				if b.add("key", "other", time.Hour) {
					b.t.Fatalf("adding over %q reports true", cached)
				}
				b.wantCached("key", cached)
			}
		}},
	{"add_may_be_repeated_when_the_key_is_free", "A key is free again when it was deleted or its time is over.",
		func(b box) {
			b.add("key", "first", time.Hour)
			b.delete("key")
			if !b.add("key", "second", brief) {
				b.t.Fatalf("a deleted key is not free")
			}
			b.waitForNothing("key")
			if !b.add("key", "third", time.Hour) {
				b.t.Fatalf("a key whose time is over is not free")
			}
			b.wantCached("key", "third")
		}},
	{"one_of_many_adds", "Of several callers at once only one gets true, and its value is cached.",
		func(b box) {
			for round := range 20 {
				key := fmt.Sprintf("key %d", round)
				added := make([]bool, 8)
				errs := together(len(added), func(i int) (err error) {
					added[i], err = b.cache.Add(b.t.Context(), key, []byte{byte(i)}, time.Hour)
					return err
				})
				if err := errors.Join(errs...); err != nil {
					b.t.Fatalf("add: %v", err)
				}
				winner := slices.Index(added, true)
				if winner < 0 || slices.Contains(added[winner+1:], true) {
					b.t.Fatalf("of eight callers these got true: %v", added)
				}
				b.wantCached(key, string([]byte{byte(winner)}))
			}
		}},
}
