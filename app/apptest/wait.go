package apptest

import (
	"os"
	"testing"
	"time"
)

// Must fails the test if there is an error.
func Must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TakeVariable reads a variable and removes it from the environment, since it is not a setting of the program.
func TakeVariable(name string) (string, bool) {
	value, set := os.LookupEnv(name)
	_ = os.Unsetenv(name)
	return value, set
}

// Poll checks a condition again and again until it holds; it fails the test after a generous while.
func Poll(t *testing.T, what string, condition func() bool) {
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

// Until waits for a moment that a promise names.
func Until(moment time.Time) { <-time.After(time.Until(moment)) }
