package accounts

import (
	"net/netip"
	"sync"
	"time"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

// How wrong passwords delay the next attempts.
const (
	freeHere      = 5  // wrong passwords for one name from one address before attempts have to wait
	freeByAddress = 20 // for all names from one address; more, because a whole office may share an address
	freeByName    = 50 // for one name from all addresses; more, because any stranger can use them up
	firstWait     = time.Second
	longestWait   = 15 * time.Minute
	// remembered is how long wrong passwords still count after the wait that followed them.
	remembered = 15 * time.Minute
	// capacity bounds the entries of each kind; sample is how many are examined to make room.
	capacity = 10_000
	sample   = 64
)

// throttle counts wrong passwords and decides when the next one may be tried. Those of strangers count by name and
// address together, by address and by name. Known visitors are counted apart from all strangers, so that strangers
// cannot lock out a person who has signed in from the same browser before. The counts are in the memory of one
// process: several processes allow several times as many.
//
// An attempt is counted as wrong when it begins and taken back when it turns out right, so that a thousand concurrent
// attempts count as a thousand.
type throttle struct {
	mu        sync.Mutex    // guards all
	here      attemptCounts // by name and address
	addresses attemptCounts
	names     attemptCounts
	known     attemptCounts
}

func newThrottle() *throttle {
	free := func(n int) attemptCounts { return attemptCounts{free: n, of: make(map[string]attempts)} }
	return &throttle{here: free(freeHere), addresses: free(freeByAddress), names: free(freeByName), known: free(freeHere)}
}

// attempt is a password being tried.
type attempt struct {
	name, address string // of a stranger
	known         string // the known visitor and its browser; "" for a stranger
	// password is when the account's current password was set: counts for another one are dropped.
	password time.Time
}

// counted is one key that an attempt is counted by.
type counted struct {
	*attemptCounts
	key      string
	password time.Time
}

func (t *throttle) counts(a attempt) []counted {
	if a.known != "" {
		return []counted{{&t.known, a.known, a.password}}
	}
	return []counted{
		{&t.addresses, a.address, time.Time{}}, {&t.names, a.name, a.password},
		{&t.here, a.name + " " + a.address, a.password},
	}
}

// begin counts the attempt and returns the visitor's standing, or an *access.ThrottledError with the time to wait.
func (t *throttle) begin(a attempt, now time.Time) (ports.Standing, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var wait time.Duration
	most := 0
	for _, c := range t.counts(a) {
		wait = max(wait, c.wait(c.key, c.password, now))
		most = max(most, c.wrong(c.key, c.password, now))
	}
	if wait > 0 {
		return ports.Suspect, &access.ThrottledError{RetryAfter: wait}
	}
	for _, c := range t.counts(a) {
		c.add(c.key, c.password, now)
	}
	switch {
	case a.known != "":
		return ports.Known, nil
	case most == 0:
		return ports.Stranger, nil
	}
	return ports.Suspect, nil
}

// succeeded clears the counts of the name, because its owner has signed in. The address retains the attempts of
// others.
func (t *throttle) succeeded(a attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.counts(a) {
		if c.attemptCounts == &t.addresses {
			c.takeBack(c.key)
		} else {
			delete(c.of, c.key)
		}
	}
}

// withdraw takes back an attempt whose outcome is unknown.
func (t *throttle) withdraw(a attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.counts(a) {
		c.takeBack(c.key)
	}
}

// attemptCounts are the counts of one kind.
type attemptCounts struct {
	free int // wrong passwords without a wait
	of   map[string]attempts
}

// attempts are the wrong passwords of one key: how many, when the last one was, and against which password of the
// account.
type attempts struct {
	wrong    int
	last     time.Time
	password time.Time
}

// until returns when the next attempt may be made: 1, 2, 4 seconds after the last, and so on.
func (t attempts) until(free int) time.Time {
	beyond := t.wrong - free
	switch {
	case beyond < 0:
		return t.last
	case beyond < 10: // 512 s; the next would be longer than the longest
		return t.last.Add(firstWait << beyond)
	}
	return t.last.Add(longestWait)
}

func (t attempts) over(free int, now time.Time) bool {
	return !now.Before(t.until(free).Add(remembered))
}

// wrong returns how many wrong passwords count.
func (t *attemptCounts) wrong(key string, password, now time.Time) int {
	if found := t.of[key]; found.password.Equal(password) && !found.over(t.free, now) {
		return found.wrong
	}
	return 0
}

func (t *attemptCounts) wait(key string, password, now time.Time) time.Duration {
	if t.wrong(key, password, now) < t.free {
		return 0
	}
	return t.of[key].until(t.free).Sub(now)
}

func (t *attemptCounts) add(key string, password, now time.Time) {
	if _, ok := t.of[key]; !ok && len(t.of) >= capacity {
		t.makeRoom(now)
	}
	t.of[key] = attempts{t.wrong(key, password, now) + 1, now, password}
}

func (t *attemptCounts) takeBack(key string) {
	counted, ok := t.of[key]
	if counted.wrong--; counted.wrong > 0 {
		t.of[key] = counted
	} else if ok {
		delete(t.of, key)
	}
}

// makeRoom evicts one of a few entries chosen at random: an expired one, or else the one with the fewest wrong
// passwords. So an attacker who invents names cannot evict the one under attack.
func (t *attemptCounts) makeRoom(now time.Time) {
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

// addressKey returns the key that an address is counted by: an IPv4 address itself, or the /64 of an IPv6 address,
// which one customer has. The port is left out. Texts other than IP addresses share one key.
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
