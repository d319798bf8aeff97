package main

import (
	"os"
	"testing"
	"time"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func takeVariable(name string) (string, bool) {
	value, given := os.LookupEnv(name)
	_ = os.Unsetenv(name)
	return value, given
}

// poll asks until the condition holds; it fails the test after a generous while.
func poll(t *testing.T, what string, condition func() bool) {
	t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("never: %s", what)
		}
	}
}

// until waits for a moment that a promise names.
func until(moment time.Time) { <-time.After(time.Until(moment)) }
