package memory_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

// entryOverhead is what an entry counts for besides its key and value.
const entryOverhead = 200

func newCache(t testing.TB, maxBytes int64) *memory.Cache {
	cache := memory.NewCache(maxBytes)
	t.Cleanup(func() { cache.Close() })
	return cache
}

func TestCacheKeepsThePortsPromises(t *testing.T) {
	const room = 1 << 20
	porttest.Cache(t, func(t *testing.T) ports.Cache { return newCache(t, room) },
		porttest.CacheFeatures{LargestValue: room - len("key") - entryOverhead})
}

func TestCacheStaysWithinItsBytes(t *testing.T) {
	const room = 100_000
	cache := newCache(t, room)
	for i := range 1000 {
		if err := cache.Set(t.Context(), fmt.Sprintf("key %03d", i), make([]byte, 1000), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	entries, bytes, err := cache.Size(t.Context())
	if err != nil || bytes > room || bytes < room/2 || entries > 100 || entries < 50 {
		t.Errorf("1000 values of 1000 bytes in room for 100,000: %d entries, %d bytes, error %v", entries, bytes, err)
	}
}

func TestACachedValueEndsWithItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := newCache(t, 1<<20)
		cached := func() bool {
			_, found, err := cache.Get(t.Context(), "key")
			return found && err == nil
		}
		if err := cache.Set(t.Context(), "key", []byte("value"), time.Hour); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour - time.Nanosecond)
		if !cached() {
			t.Error("the value is gone before its hour is over")
		}
		time.Sleep(time.Nanosecond)
		if cached() {
			t.Error("the value is still there after its hour")
		}
		time.Sleep(time.Minute)
		if entries, bytes, _ := cache.Size(t.Context()); entries != 0 || bytes != 0 {
			t.Errorf("a minute later it still counts: %d entries, %d bytes", entries, bytes)
		}
	})
}

func BenchmarkCacheGet(b *testing.B) {
	for _, size := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			cache := newCache(b, 1<<24)
			if err := cache.Set(b.Context(), "key", make([]byte, size), time.Hour); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, found, _ := cache.Get(b.Context(), "key"); !found {
					b.Fatal("gone")
				}
			}
		})
	}
}

func BenchmarkCacheSet(b *testing.B) {
	cache := newCache(b, 1<<24)
	keys := make([]string, 1024)
	for i := range keys {
		keys[i] = strings.Repeat("k", 50) + fmt.Sprint(i)
	}
	value := make([]byte, 10_000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := cache.Set(b.Context(), keys[i%len(keys)], value, time.Hour); err != nil {
			b.Fatal(err)
		}
	}
}
