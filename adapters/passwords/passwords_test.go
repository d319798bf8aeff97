package passwords_test

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/gable-listings/gable/adapters/passwords"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

func TestHasherKeepsItsPromises(t *testing.T) {
	porttest.PasswordHasher(t, func(*testing.T) ports.PasswordHasher { return passwords.New() })
}

func TestHashesOfOtherParametersStayGood(t *testing.T) {
	other := &argon2id.Params{Memory: 8 << 10, Iterations: 1, Parallelism: 2, SaltLength: 8, KeyLength: 16}
	hash, err := argon2id.CreateHash("correct horse", other)
	if err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]bool{"correct horse": true, "incorrect horse": false} {
		if right, err := passwords.New().Verify(t.Context(), password, hash); right != want || err != nil {
			t.Errorf("%s: %t, %v", password, right, err)
		}
	}
}

func TestHashesSayHowTheyWereMade(t *testing.T) {
	hash, err := passwords.New().Hash(t.Context(), "correct horse battery staple")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=32768,t=2,p=1$") {
		t.Errorf("%s, %v", hash, err)
	}
}

// BenchmarkHundredSignInsAtOnce starts a hundred verifications together. It reports how long they take, how many are
// served, and how much memory the program has taken from the system.
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
