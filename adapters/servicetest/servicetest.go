// Package servicetest gives tests a real Postgres and a real Redis of their own, and takes them away again. Only test
// files import it.
//
// A test asks Postgres, Redis or a Template for the URL of an empty database; StartPostgres and StartRedis give it a
// whole server that it may stop, kill and freeze, and StartPooler a PgBouncer in front of one. Servers come from the first of these that is there:
//
//   - GABLE_TEST_POSTGRES_URL and GABLE_TEST_REDIS_URL (not for StartPostgres and StartRedis: those servers get hurt),
//   - the binaries postgres, initdb, redis-server and pgbouncer, installed in a usual place,
//   - containers, where Docker answers (no pooler).
//
// Without any of them the test is skipped with one line that says how to get them; GABLE_TEST_REQUIRE_SERVICES=1 turns
// the skip into a failure. The package never touches data that it did not put there.
//
// A package whose tests use it runs them through Main, which ends the servers they shared:
//
//	func TestMain(m *testing.M) { os.Exit(servicetest.Main(m)) }
package servicetest

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// How long a server may take to start or to end, and a command on it to be answered.
const (
	startTimeout   = time.Minute
	stopTimeout    = 30 * time.Second
	commandTimeout = 30 * time.Second
)

const requireVariable = "GABLE_TEST_REQUIRE_SERVICES"

// errMissing says that a service is to be had in none of the known ways; wrapped with how to get it.
var errMissing = errors.New("not available")

var closing struct {
	mu      sync.Mutex // guards the fields below
	inMain  bool
	closers []func()
}

// Main runs the tests of a package, ends the servers they shared, and returns the code to exit with.
func Main(m *testing.M) int {
	closing.mu.Lock()
	closing.inMain = true
	closing.mu.Unlock()
	code := m.Run()
	closing.mu.Lock()
	defer closing.mu.Unlock()
	for i := len(closing.closers) - 1; i >= 0; i-- {
		closing.closers[i]()
	}
	return code
}

// atEnd has Main call f after the tests, last come first.
func atEnd(f func()) {
	closing.mu.Lock()
	defer closing.mu.Unlock()
	closing.closers = append(closing.closers, f)
}

func needMain(t testing.TB) {
	t.Helper()
	closing.mu.Lock()
	defer closing.mu.Unlock()
	if !closing.inMain {
		t.Fatal("shared servers need a TestMain: func TestMain(m *testing.M) { os.Exit(servicetest.Main(m)) }")
	}
}

// giveUp ends the test: skipped when the service is merely missing and not required, failed otherwise.
func giveUp(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, errMissing) && os.Getenv(requireVariable) != "1" {
		t.Skip(oneLine(err))
	}
	t.Fatal(oneLine(err))
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

func within(limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), limit)
}
