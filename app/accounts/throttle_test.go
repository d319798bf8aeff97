package accounts

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/access"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// waitOf returns how long an attempt has to wait; 0 when it may be made, and then it is counted.
func waitOf(t *testing.T, throttle *throttle, a attempt, now time.Time) time.Duration {
	t.Helper()
	_, err := throttle.begin(a, now)
	if err == nil {
		return 0
	}
	var throttled *access.ThrottledError
	if !errors.As(err, &throttled) || throttled.RetryAfter <= 0 {
		t.Fatalf("begin: %v", err)
	}
	return throttled.RetryAfter
}

// fail makes wrong attempts, each as soon as it may be made, and returns when the last was made.
func fail(t *testing.T, throttle *throttle, a attempt, times int, now time.Time) time.Time {
	t.Helper()
	for range times {
		wait := waitOf(t, throttle, a, now)
		if now = now.Add(wait); wait > 0 && waitOf(t, throttle, a, now) > 0 {
			t.Fatal("the wait was not over when it was said to be")
		}
	}
	return now
}

func TestWaitsDoubleFromASecondToAQuarterOfAnHour(t *testing.T) {
	throttle, anna, now := newThrottle(), attempt{name: "anna", address: "x"}, noon
	var waits []time.Duration
	for range freeHere + 12 {
		wait := waitOf(t, throttle, anna, now)
		waits = append(waits, wait)
		if now = now.Add(wait); wait > 0 && waitOf(t, throttle, anna, now) > 0 {
			t.Fatal("the wait was not over when it was said to be")
		}
	}
	want := "[0s 0s 0s 0s 0s 1s 2s 4s 8s 16s 32s 1m4s 2m8s 4m16s 8m32s 15m0s 15m0s]"
	if got := fmt.Sprint(waits); got != want {
		t.Errorf("the waits are\n%s\nnot\n%s", got, want)
	}
}

func TestAskingTooEarlyDoesNotMakeTheWaitLonger(t *testing.T) {
	throttle, anna := newThrottle(), attempt{name: "anna", address: "x"}
	now := fail(t, throttle, anna, freeHere+2, noon)
	for range 100 {
		if wait := waitOf(t, throttle, anna, now.Add(time.Second)); wait != 3*time.Second {
			t.Fatalf("the wait is %s", wait)
		}
	}
	if wait := waitOf(t, throttle, attempt{name: "bob", address: "x"}, now.Add(time.Second)); wait != 0 {
		t.Errorf("attempts that were not made count for the address: %s", wait)
	}
}

func TestWrongPasswordsAreForgottenAQuarterOfAnHourAfterTheWait(t *testing.T) {
	throttle, anna := newThrottle(), attempt{known: "anna"}
	now := fail(t, throttle, anna, freeHere+2, noon)
	until := now.Add(4 * time.Second)
	if wait := waitOf(t, throttle, anna, until.Add(remembered-1)); wait != 0 {
		t.Fatalf("long after the wait it is %s", wait)
	}
	if wait := waitOf(t, throttle, anna, until.Add(remembered-1)); wait != 8*time.Second {
		t.Errorf("just not forgotten, yet the wait is %s", wait)
	}

	throttle = newThrottle()
	now = fail(t, throttle, anna, freeHere+2, noon)
	later := now.Add(4*time.Second + remembered)
	if after := fail(t, throttle, anna, freeHere, later); after != later {
		t.Errorf("forgotten, yet the attempts took until %s", after)
	}
}

func TestNamesAndAddressesAreCountedApart(t *testing.T) {
	throttle := newThrottle()
	for i := range freeByAddress {
		if wait := waitOf(t, throttle, attempt{name: fmt.Sprint("name", i), address: "office"}, noon); wait != 0 {
			t.Fatalf("attempt %d waits %s", i, wait)
		}
	}
	if wait := waitOf(t, throttle, attempt{name: "another", address: "office"}, noon); wait != time.Second {
		t.Errorf("another name from that address waits %s", wait)
	}
	if wait := waitOf(t, throttle, attempt{name: "name1", address: "home"}, noon); wait != 0 {
		t.Errorf("a name tried once from another address waits %s", wait)
	}
}

// guess makes wrong attempts for a name from ever other addresses.
func guess(t *testing.T, throttle *throttle, name string, times int) {
	t.Helper()
	for i := range times {
		if wait := waitOf(t, throttle, attempt{name: name, address: fmt.Sprint("away", i)}, noon); wait > 0 {
			t.Fatalf("guess %d waits %s", i, wait)
		}
	}
}

func TestOneNameFromManyAddressesHasToWaitInTheEnd(t *testing.T) {
	throttle := newThrottle()
	guess(t, throttle, "anna", freeByName)
	if wait := waitOf(t, throttle, attempt{name: "anna", address: "home"}, noon); wait != time.Second {
		t.Errorf("one more address waits %s", wait)
	}
	if wait := waitOf(t, throttle, attempt{known: "anna's browser"}, noon); wait != 0 {
		t.Errorf("a browser that is known waits %s", wait)
	}
	if wait := waitOf(t, throttle, attempt{name: "bob", address: "home"}, noon); wait != 0 {
		t.Errorf("another name waits %s", wait)
	}
}

func TestWhatWasCountedForAnotherPasswordIsForgotten(t *testing.T) {
	throttle, anna := newThrottle(), attempt{name: "anna", address: "office", password: noon}
	fail(t, throttle, anna, freeHere, noon)
	if wait := waitOf(t, throttle, anna, noon); wait != time.Second {
		t.Fatalf("anna waits %s", wait)
	}
	anna.password = noon.Add(-time.Hour) // also by a clock that is behind
	fail(t, throttle, anna, freeHere, noon)
	if wait := waitOf(t, throttle, anna, noon); wait != time.Second {
		t.Errorf("guesses at the next password are followed by %s", wait)
	}
}

func TestASuccessClearsTheNameAndNotTheAddress(t *testing.T) {
	throttle, anna := newThrottle(), attempt{name: "anna", address: "office"}
	for i := range freeByAddress - 1 {
		waitOf(t, throttle, attempt{name: fmt.Sprint("name", i), address: "office"}, noon)
	}
	guess(t, throttle, "anna", freeByName-1)
	for range 3 {
		if wait := waitOf(t, throttle, anna, noon); wait != 0 {
			t.Fatalf("anna waits %s", wait)
		}
		throttle.succeeded(anna)
	}
	guess(t, throttle, "anna", freeHere)
	if wait := waitOf(t, throttle, attempt{name: "bob", address: "office"}, noon); wait != 0 {
		t.Fatalf("the last free attempt from the address waits %s", wait)
	}
	if wait := waitOf(t, throttle, attempt{name: "bob", address: "office"}, noon); wait != time.Second {
		t.Errorf("the address has been cleared: %s", wait)
	}
}

func TestWhatNobodyCouldJudgeDoesNotCount(t *testing.T) {
	throttle, anna := newThrottle(), attempt{name: "anna", address: "office"}
	for range 100 {
		if wait := waitOf(t, throttle, anna, noon); wait != 0 {
			t.Fatalf("anna waits %s", wait)
		}
		throttle.withdraw(anna)
	}
	if len(throttle.names.of)+len(throttle.addresses.of)+len(throttle.here.of) > 0 {
		t.Errorf("%d names and %d addresses are remembered", len(throttle.names.of), len(throttle.addresses.of))
	}
}

func TestInventedNamesNeitherFillTheMemoryNorHideTheOneThatIsMeant(t *testing.T) {
	throttle, anna, known := newThrottle(), attempt{name: "anna", address: "office"}, attempt{known: "anna's browser"}
	now := fail(t, throttle, anna, freeHere+3, noon)
	now = fail(t, throttle, known, freeHere+3, now)
	for i := range 3 * capacity {
		_, _ = throttle.begin(attempt{name: fmt.Sprint("name", i), address: fmt.Sprint("address", i)}, now)
		_, _ = throttle.begin(attempt{known: fmt.Sprint("browser", i)}, now)
	}
	for what, c := range map[string]struct {
		attemptCounts
		key string
	}{
		"here": {throttle.here, "anna office"}, "addresses": {throttle.addresses, "office"},
		"names": {throttle.names, "anna"},
		"known": {throttle.known, "anna's browser"},
	} {
		if wrong := c.of[c.key].wrong; len(c.of) != capacity || wrong != freeHere+3 {
			t.Errorf("%s: %d are remembered, and the one that was tried often as %d", what, len(c.of), wrong)
		}
	}
}

func TestRoomIsMadeFromWhatIsOverFirst(t *testing.T) {
	counted := attemptCounts{free: 1, of: map[string]attempts{"over": {wrong: 9, last: noon.Add(-time.Hour)}}}
	for i := range sample - 1 {
		counted.of[fmt.Sprint(i)] = attempts{wrong: 1, last: noon.Add(-time.Minute)}
	}
	counted.makeRoom(noon)
	if _, there := counted.of["over"]; there || len(counted.of) != sample-1 {
		t.Errorf("%d are counted, and that is one of them: %t", len(counted.of), there)
	}
}

func TestAddressesAreCountedByCustomer(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "192.0.2.7:5555": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "[::ffff:192.0.2.7]:80": "192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "[2001:db8:1:2:ffff::1]:443": "2001:db8:1:2::/64",
		"2001:db8:1:3::1": "2001:db8:1:3::/64", "fe80::1%eth0": "fe80::/64",
		"": "unknown", "@": "unknown", "localhost:80": "unknown", "192.0.2": "unknown",
	} {
		if got := addressKey(address); got != want {
			t.Errorf("%s is counted as %s, not %s", address, got, want)
		}
	}
}
