package access

import (
	"net/netip"
	"sync"
	"time"

	"github.com/gable-listings/gable/domain/access"
)

// How wrong passwords slow down those that follow.
const (
	freeByName    = 5  // so many may be wrong before one has to wait
	freeByAddress = 20 // more, because a whole office may share an address
	firstWait     = time.Second
	longestWait   = 15 * time.Minute
	// remembered is how long wrong passwords count on after the wait that followed them.
	remembered = 15 * time.Minute
	// capacity bounds the names, and the addresses, that are remembered; sample is how many are looked at to make room.
	capacity = 10_000
	sample   = 64
)

// throttle counts wrong passwords by the name and by the address they were tried for and from, and says when the next one
// may be tried. It lives in the memory of one process: several processes allow several times as much.
//
// An attempt is counted as wrong when it begins and taken back when it turns out right, so that a thousand at once are a
// thousand, not one.
type throttle struct {
	mu        sync.Mutex // guards names and addresses
	names     tallies
	addresses tallies
}

func newThrottle() *throttle {
	return &throttle{
		names:     tallies{free: freeByName, of: make(map[string]tally)},
		addresses: tallies{free: freeByAddress, of: make(map[string]tally)},
	}
}

// attempt is a password being tried. Either key may be empty, which nobody counts.
type attempt struct{ name, address string }

// begin counts the attempt, or says how long to wait before it may be made: an *access.ThrottledError.
func (t *throttle) begin(a attempt, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if wait := max(t.names.wait(a.name, now), t.addresses.wait(a.address, now)); wait > 0 {
		return &access.ThrottledError{RetryAfter: wait}
	}
	t.names.add(a.name, now)
	t.addresses.add(a.address, now)
	return nil
}

// succeeded forgets what was counted for the name, whose owner is here. The address keeps what others have tried from it.
func (t *throttle) succeeded(a attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.names.of, a.name)
	t.addresses.takeBack(a.address)
}

// withdraw takes back an attempt of which nobody knows whether the password was right.
func (t *throttle) withdraw(a attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.names.takeBack(a.name)
	t.addresses.takeBack(a.address)
}

// forgive forgets what was counted for a name.
func (t *throttle) forgive(name string) { t.succeeded(attempt{name: name}) }

// tallies are what was counted for names, or for addresses.
type tallies struct {
	free int // so many are followed by no wait
	of   map[string]tally
}

// tally is how often a password was wrong, and when it was last.
type tally struct {
	wrong int
	last  time.Time
}

// until is when the next attempt may be made: 1, 2, 4 seconds after the last, and so on.
func (t tally) until(free int) time.Time {
	beyond := t.wrong - free
	switch {
	case beyond < 0:
		return t.last
	case beyond < 10: // 512 s; the next would be longer than the longest
		return t.last.Add(firstWait << beyond)
	}
	return t.last.Add(longestWait)
}

func (t tally) over(free int, now time.Time) bool { return !now.Before(t.until(free).Add(remembered)) }

func (t *tallies) wait(key string, now time.Time) time.Duration {
	counted, ok := t.of[key]
	if !ok || counted.wrong < t.free {
		return 0
	}
	return counted.until(t.free).Sub(now)
}

func (t *tallies) add(key string, now time.Time) {
	if key == "" {
		return
	}
	counted, ok := t.of[key]
	if !ok && len(t.of) >= capacity {
		t.makeRoom(now)
	}
	if counted.over(t.free, now) {
		counted.wrong = 0
	}
	t.of[key] = tally{counted.wrong + 1, now}
}

func (t *tallies) takeBack(key string) {
	counted, ok := t.of[key]
	if counted.wrong--; counted.wrong > 0 {
		t.of[key] = counted
	} else if ok {
		delete(t.of, key)
	}
}

// makeRoom forgets one of a few chosen at random: one that is over, or else the one with the fewest wrong passwords. So
// whoever invents names cannot make it forget the one that they are really after.
func (t *tallies) makeRoom(now time.Time) {
	least, fewest, seen := "", 0, 0
	for key, counted := range t.of { // begins anywhere
		if counted.over(t.free, now) {
			least = key
			break
		}
		if least == "" || counted.wrong < fewest {
			least, fewest = key, counted.wrong
		}
		if seen++; seen == sample {
			break
		}
	}
	delete(t.of, least)
}

// addressKey is what an address is counted by: an IPv4 address itself, of an IPv6 address the /64 that one customer has. A
// port is left out. What is no IP address counts as one and the same.
func addressKey(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		var withPort netip.AddrPort
		if withPort, err = netip.ParseAddrPort(address); err != nil {
			return "unknown"
		}
		ip = withPort.Addr()
	}
	if ip = ip.Unmap(); ip.Is4() {
		return ip.String()
	}
	customer, _ := ip.Prefix(64) // 64 bits are never too many for an IPv6 address
	return customer.String()
}
