// Package servicetest starts real Postgres and Redis servers for tests, and removes them again. Only test files
// import it.
//
// Postgres, Redis and a Template return the URL of an empty database; StartPostgres and StartRedis start a whole
// server that the test may stop, kill and freeze, and StartPooler a PgBouncer in front of one. Servers come from the
// first of these that is available:
//
//   - GABLE_TEST_POSTGRES_URL and GABLE_TEST_REDIS_URL (not for
//     StartPostgres and StartRedis, whose servers are stopped and killed),
//   - the binaries postgres, initdb, redis-server and pgbouncer, installed in a usual place,
//   - containers, where Docker answers (no pooler).
//
// Without any of them the test is skipped with one line that says how to install a server;
// GABLE_TEST_REQUIRE_SERVICES=1 turns the skip into a failure. The package never touches data that it did not create.
//
// A package whose tests use it runs them through Main, which ends the shared servers:
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

// Time limits for the start and the end of a server, and for one command on it.
const (
	startTimeout   = time.Minute
	stopTimeout    = 30 * time.Second
	commandTimeout = 30 * time.Second
)

const requireVariable = "GABLE_TEST_REQUIRE_SERVICES"

// errMissing is the error of a service that is not available in any of the known ways. The wrapping text says how to
// get it.
var errMissing = errors.New("not available")

var closing struct {
	mu      sync.Mutex // guards the fields below
	inMain  bool
	closers []func()
}

// Main runs the tests of a package, ends the servers they shared, and returns the exit code.
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

// atEnd makes Main call f after the tests; the last f is called first.
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

// giveUp ends the test. It skips when the service is merely missing and not required, and fails otherwise.
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
