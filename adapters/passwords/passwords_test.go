package passwords_test

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/passwords"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

func TestHasherKeepsItsPromises(t *testing.T) {
	porttest.PasswordHasher(t, func(*testing.T) ports.PasswordHasher { return passwords.New() })
}

func TestHashesOfOtherParametersStayGood(t *testing.T) {
	const old = "$argon2id$v=19$m=65536,t=1,p=2$c29tZXNhbHRzb21lc2FsdA$EpYxa0YTOxb6PgMOj2kW6pmAw2w3rQ9x6Q8pFbWcWqM"
	if _, err := passwords.New().Verify(t.Context(), "correct horse", old); err != nil {
		t.Error(err)
	}
}

func TestHashesSayHowTheyWereMade(t *testing.T) {
	hash, err := passwords.New().Hash(t.Context(), "correct horse battery staple")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=32768,t=3,p=1$") {
		t.Errorf("%s, %v", hash, err)
	}
}

// BenchmarkHundredSignInsAtOnce is a hundred verifications that begin together: how long they take, how many are served,
// and how much memory the program has asked the system for.
func BenchmarkHundredSignInsAtOnce(b *testing.B) {
	hasher := passwords.New()
	hash, err := hasher.Hash(b.Context(), "correct horse battery staple")
	if err != nil {
		b.Fatal(err)
	}
	var served atomic.Int64
	for b.Loop() {
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				_, err := hasher.Verify(b.Context(), "incorrect horse battery staple", hash)
				switch {
				case err == nil:
					served.Add(1)
				case !errors.Is(err, ports.ErrUnavailable):
					b.Error(err)
				}
			})
		}
		all.Wait()
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	b.ReportMetric(float64(served.Load())/float64(b.N), "served/op")
	b.ReportMetric(float64(memory.HeapSys>>20), "heap-MiB")
	b.ReportMetric(b.Elapsed().Seconds()*float64(time.Second/time.Millisecond)/float64(max(1, served.Load())), "ms/served")
}
