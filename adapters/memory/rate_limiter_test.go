package memory_test

import (
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

func newRateLimiter(t testing.TB) *memory.RateLimiter {
	limiter := memory.NewRateLimiter()
	t.Cleanup(func() { _ = limiter.Close() })
	return limiter
}

func TestRateLimiterKeepsThePortsPromises(t *testing.T) {
	porttest.RateLimiter(t, func(t *testing.T) ports.RateLimiter { return newRateLimiter(t) })
}

// However many clients there are, the memory for them stays small, and the most active ones are not forgotten.
func TestRememberedClientsAreBounded(t *testing.T) {
	limiter := newRateLimiter(t)
	busy := ports.ClientWith("busy")
	take := func(client ports.Client) bool {
		_, ok, _ := limiter.Take(t.Context(), client, time.Hour, 100*time.Hour)
		return ok
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	let := 0
	for i := range 300_000 {
		take(ports.ClientWith(fmt.Sprintf("00000000-0000-0000-0000-%012d", i)))
		if i%100 == 0 && take(busy) {
			let++
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 24<<20 {
		t.Errorf("300,000 clients take %d KiB", grown>>10)
	} else {
		t.Logf("%d KiB", grown>>10)
	}
	if let != 100 {
		t.Errorf("a client with 3,000 requests among many others got through %d times, want 100", let)
	}
	runtime.KeepAlive(limiter)
}

func TestTakesThatOverlapAreAllCounted(t *testing.T) {
	limiter := newRateLimiter(t)
	const workers, each = 4, 50_000
	began := time.Now()
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for range each {
				_, _, _ = limiter.Take(t.Context(), ports.ClientWith("one"), time.Second, workers*each*time.Hour)
			}
		})
	}
	working.Wait()
	used, _, _ := limiter.Take(t.Context(), ports.ClientWith("one"), time.Second, workers*each*time.Hour)
	if want := (workers*each + 1) * time.Second; used > want || used < want-time.Since(began) {
		t.Errorf("counted %v, want %v", used, want)
	}
}

func BenchmarkTake(b *testing.B) {
	limiter := newRateLimiter(b)
	client := ports.ClientAt(netip.MustParseAddr("2001:db8::1"))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, ok, _ := limiter.Take(b.Context(), client, time.Nanosecond, time.Hour); !ok {
				b.Fatal("refused")
			}
		}
	})
}
