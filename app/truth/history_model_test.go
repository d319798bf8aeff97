//go:build unix

package truth

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/gable-listings/gable/app/apptest"
)

// moment is a time on this machine's monotonic clock, since the history began.
type moment = time.Duration

// Prices that stand for states without a known price.
const (
	absentPrice  = -1 // the listing does not exist
	unknownPrice = -2 // committed, but not yet seen
)

// forbiddenPrice is written only by transactions that are rolled back.
const forbiddenPrice = 77_777

// historyState is one committed version of a listing.
type historyState struct {
	price     int
	committed moment // an upper bound of its commit time
	group     int    // its transaction, if that is known to have changed other listings too; else 0
}

// biography is what is known of one listing. A version that was acknowledged or shown is committed, and so are all
// versions before it.
type biography struct {
	mu      sync.RWMutex
	states  []historyState // version v stands at v-1; committed never falls
	writing int            // writes that have begun and have no known end
	// uncertain is the moment until which a write without a known outcome may still commit.
	uncertain moment
}

// learn records a committed version. It returns an error when the version is known to have another price.
func (b *biography) learn(version, price, group int, at moment) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.states) < version {
		b.states = append(b.states, historyState{price: unknownPrice, committed: at})
	}
	s := &b.states[version-1]
	if s.price != unknownPrice && price != unknownPrice && s.price != price {
		return fmt.Errorf("version %d shows the price %d, which was %d before", version, price, s.price)
	}
	if price != unknownPrice {
		s.price = price
	}
	if group != 0 {
		s.group = group
	}
	for i := version - 1; i >= 0 && b.states[i].committed > at; i-- {
		b.states[i].committed = at
	}
	return nil
}

// committedBy returns the newest version known to have been committed at the moment; 0 if none.
func (b *biography) committedBy(at moment) int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.floor(at)
}

// floor is committedBy with mu held.
func (b *biography) floor(at moment) int {
	return sort.Search(len(b.states), func(i int) bool { return b.states[i].committed > at })
}

// known reports whether a version is known to have this price. For what is known already it spares the lock for
// writing.
func (b *biography) known(version, price int) (group int, known bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if version > len(b.states) || b.states[version-1].price != price {
		return 0, false
	}
	return b.states[version-1].group, true
}

// behind returns how long before the moment a version later than this one had been committed. An answer that shows
// this version is at least so old. It is 0 if there was no later version.
func (b *biography) behind(version int, at moment) time.Duration {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if version >= len(b.states) {
		return 0
	}
	return max(0, at-b.states[version].committed)
}

// may reports whether the listing may be in a state that satisfies the condition, and must whether every possible
// state does. Possible are the states from the required version on.
func (b *biography) may(required int, now moment, holds func(price int) bool) (may, must bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	may, must = false, true
	if b.writing > 0 || b.uncertain > now || required > len(b.states) || len(b.states) == 0 {
		may, must = true, false
	}
	for _, s := range b.states[max(0, required-1):] {
		if s.price == unknownPrice {
			return true, false
		}
		if holds(s.price) {
			may = true
		} else {
			must = false
		}
	}
	return may, must
}

// describe lists what is known from a version on.
func (b *biography) describe(required int) (text string) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for i, s := range b.states[max(0, required-1):] {
		text += fmt.Sprintf("v%d at %d by %s, ", max(1, required)+i, s.price, s.committed.Round(time.Millisecond))
	}
	return text + fmt.Sprintf("%d writes, uncertain until %s", b.writing, b.uncertain.Round(time.Millisecond))
}

// begin records that a write is under way, and end that it is over; one without an outcome may still commit for a
// while.
func (b *biography) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writing++
}

func (b *biography) end(now moment, known bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writing--
	if !known {
		b.uncertain = max(b.uncertain, now+afterlife)
	}
}

// afterlife is how long a write may still commit after its writer, or its process, has gone.
const afterlife = 15 * time.Second

// member is a version of a listing.
type member struct{ listing, version int }

// chronicle is what is known of all listings.
type chronicle struct {
	listings []biography

	mu       sync.RWMutex // guards the fields below
	groups   [][]member   // versions that one transaction made; 0 is none
	editions []moment     // edition e was committed at the latest at editions[e-1]
	absences []absence
}

// absence is a time in which the table was away, or incomplete; answers of that time cannot be judged.
type absence struct{ from, to moment }

// never is the commit time of an edition that is still being made.
const never = moment(math.MaxInt64)

// lookPeriod is how long it may take, beyond the other bounds, until a change is seen that no trigger recorded.
const lookPeriod = time.Second

// beginEdition records that all listings are getting the next edition, and returns its number.
func (c *chronicle) beginEdition() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.editions = append(c.editions, never)
	return len(c.editions)
}

func (c *chronicle) endEdition(edition int, at moment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.editions[edition-1] = at
}

// editionsBy returns the newest edition known to have been committed at the moment, and the newest that has begun.
func (c *chronicle) editionsBy(at moment) (committed, begun int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for committed = len(c.editions); committed > 0 && c.editions[committed-1] > at; committed-- {
	}
	return committed, len(c.editions)
}

// unseen reports whether at the moment there may be a change that no trigger recorded and no process has looked for
// yet.
func (c *chronicle) unseen(now moment) bool {
	committed, begun := c.editionsBy(now - lookPeriod - apptest.MaxStaleness)
	return committed < begun || c.away(now-lookPeriod-apptest.MaxStaleness, now)
}

// beginAbsence records that the table may be away from now on, until the returned function is called.
func (c *chronicle) beginAbsence(now moment) (end func(moment)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.absences = append(c.absences, absence{now, never})
	at := len(c.absences) - 1
	return func(now moment) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.absences[at].to = now
	}
}

// away reports whether the table may have been away at some time between the moments.
func (c *chronicle) away(from, to moment) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.ContainsFunc(c.absences, func(a absence) bool { return a.from <= to && from <= a.to })
}

func newChronicle(listings int) *chronicle {
	return &chronicle{listings: make([]biography, listings), groups: make([][]member, 1)}
}

// together records versions that one transaction has made.
func (c *chronicle) together(members []member) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.groups = append(c.groups, members)
	return len(c.groups) - 1
}

func (c *chronicle) membersOf(group int) []member {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.groups[group]
}
