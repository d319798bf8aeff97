package access

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/access"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// waitOf is how long an attempt is told to wait; 0 when it may be made, and then it is counted.
func waitOf(t *testing.T, throttle *throttle, a attempt, now time.Time) time.Duration {
	t.Helper()
	err := throttle.begin(a, now)
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
	throttle, anna, now := newThrottle(), attempt{name: "anna"}, noon
	var waits []time.Duration
	for range freeByName + 12 {
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
	now := fail(t, throttle, anna, freeByName+2, noon)
	for range 100 {
		if wait := waitOf(t, throttle, anna, now.Add(time.Second)); wait != 3*time.Second {
			t.Fatalf("the wait is %s", wait)
		}
	}
	if wait := waitOf(t, throttle, attempt{address: "x"}, now.Add(time.Second)); wait != 0 {
		t.Errorf("attempts that were not made count for the address: %s", wait)
	}
}

func TestWrongPasswordsAreForgottenAQuarterOfAnHourAfterTheWait(t *testing.T) {
	throttle, anna := newThrottle(), attempt{name: "anna"}
	now := fail(t, throttle, anna, freeByName+2, noon)
	until := now.Add(4 * time.Second)
	if wait := waitOf(t, throttle, anna, until.Add(remembered-1)); wait != 0 {
		t.Fatalf("long after the wait it is %s", wait)
	}
	if wait := waitOf(t, throttle, anna, until.Add(remembered-1)); wait != 8*time.Second {
		t.Errorf("just not forgotten, yet the wait is %s", wait)
	}

	throttle = newThrottle()
	now = fail(t, throttle, anna, freeByName+2, noon)
	if after := fail(t, throttle, anna, freeByName, now.Add(4*time.Second+remembered)); after != now.Add(4*time.Second+remembered) {
		t.Errorf("forgotten, yet the attempts took until %s", after)
	}
}

func TestNamesAndAddressesAreCountedApart(t *testing.T) {
	throttle := newThrottle()
	for i := range freeByAddress {
		if wait := waitOf(t, throttle, attempt{fmt.Sprint("name", i), "office"}, noon); wait != 0 {
			t.Fatalf("attempt %d waits %s", i, wait)
		}
	}
	if wait := waitOf(t, throttle, attempt{"another", "office"}, noon); wait != time.Second {
		t.Errorf("another name from that address waits %s", wait)
	}
	if wait := waitOf(t, throttle, attempt{"name1", "home"}, noon); wait != 0 {
		t.Errorf("a name tried once from another address waits %s", wait)
	}
}

func TestASuccessClearsTheNameAndNotTheAddress(t *testing.T) {
	throttle, anna := newThrottle(), attempt{"anna", "office"}
	for i := range freeByAddress - 1 {
		waitOf(t, throttle, attempt{fmt.Sprint("name", i), "office"}, noon)
	}
	fail(t, throttle, attempt{name: "anna"}, freeByName-1, noon)
	for range 3 {
		if wait := waitOf(t, throttle, anna, noon); wait != 0 {
			t.Fatalf("anna waits %s", wait)
		}
		throttle.succeeded(anna)
	}
	fail(t, throttle, attempt{name: "anna"}, freeByName, noon)
	if wait := waitOf(t, throttle, attempt{"bob", "office"}, noon); wait != 0 {
		t.Fatalf("the last free attempt from the address waits %s", wait)
	}
	if wait := waitOf(t, throttle, attempt{"bob", "office"}, noon); wait != time.Second {
		t.Errorf("the address has been cleared: %s", wait)
	}
}

func TestWhatNobodyCouldJudgeDoesNotCount(t *testing.T) {
	throttle, anna := newThrottle(), attempt{"anna", "office"}
	for range 100 {
		if wait := waitOf(t, throttle, anna, noon); wait != 0 {
			t.Fatalf("anna waits %s", wait)
		}
		throttle.withdraw(anna)
	}
	if len(throttle.names.of)+len(throttle.addresses.of) > 0 {
		t.Errorf("%d names and %d addresses are remembered", len(throttle.names.of), len(throttle.addresses.of))
	}
}

func TestInventedNamesNeitherFillTheMemoryNorHideTheOneThatIsMeant(t *testing.T) {
	throttle := newThrottle()
	now := fail(t, throttle, attempt{name: "anna"}, freeByName+3, noon)
	now = fail(t, throttle, attempt{address: "office"}, freeByAddress+3, now)
	for i := range 3 * capacity {
		_ = throttle.begin(attempt{fmt.Sprint("name", i), fmt.Sprint("address", i)}, now)
	}
	if len(throttle.names.of) != capacity || len(throttle.addresses.of) != capacity {
		t.Errorf("%d names and %d addresses are remembered", len(throttle.names.of), len(throttle.addresses.of))
	}
	if name, address := throttle.names.of["anna"], throttle.addresses.of["office"]; name.wrong != freeByName+3 || address.wrong != freeByAddress+3 {
		t.Errorf("the name and the address that were tried often are remembered as %+v and %+v", name, address)
	}
}

func TestRoomIsMadeFromWhatIsOverFirst(t *testing.T) {
	counted := tallies{free: 1, of: map[string]tally{"over": {9, noon.Add(-time.Hour)}}}
	for i := range sample - 1 {
		counted.of[fmt.Sprint(i)] = tally{1, noon.Add(-time.Minute)}
	}
	counted.makeRoom(noon)
	if _, there := counted.of["over"]; there || len(counted.of) != sample-1 {
		t.Errorf("%d are kept, and that is one of them: %t", len(counted.of), there)
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
