package freshness

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gable-listings/gable/domain/property"
)

// Position counts the changes that a ledger has received. An answer with position p takes the first p of them into
// account.
type Position uint64

// Ledger is a process's memory of recent changes: a ring that is bounded in changes and in bytes. It is safe for
// concurrent use.
type Ledger struct {
	maxStaleness time.Duration
	maxBytes     int64
	head         atomic.Uint64             // position of the newest change; written under mu
	confirmed    atomic.Pointer[time.Time] // when a completed poll of the feed last began
	pollAfter    atomic.Pointer[time.Time] // a poll that began before confirms nothing; written under mu
	point        atomic.Pointer[Point]     // how far the feed has come; written under mu, or by the follower alone
	evicted      atomic.Uint64

	mu sync.RWMutex
	// ring has the change at position p in ring[(p-1) % len(ring)]; guarded by mu, as are the fields below.
	ring        []remembered
	tail        uint64               // changes up to here are forgotten
	bytes       int64                // the weight of the changes in the ring
	forgotten   uint64               // the highest transaction of a forgotten change
	undelivered uint64               // the highest transaction of an own change forgotten before its delivery
	base        Point                // where following began; the ledger has no change from before it
	known       map[changeKey]uint64 // the position of each change in the ring
	latest      map[property.ID]state
}

// remembered is a change in the ring.
type remembered struct {
	change  property.Change
	weight  int64
	highest uint64 // transaction among all changes up to this one
	// blind means that the previous change to the same listing may be unknown yet. Then the two images of this
	// change do not determine its effect on a count.
	blind bool
	// pending means that this process has announced the change and the feed has not delivered it yet.
	pending bool
}

// changeKey identifies a change that arrives twice: a process's own write comes back through the feed. Only the
// transaction makes it unique. A listing that is deleted and inserted again can have the same version a second
// time, because a writer with an older snapshot does not see the versions used meanwhile.
type changeKey struct {
	tx      uint64
	id      property.ID
	version int64
	op      property.Op
}

func keyOf(c *property.Change) changeKey { return changeKey{c.Tx, c.ID, c.Version, c.Op} }

// state is the newest state of a listing among the remembered changes.
type state struct {
	version  int64
	tx       uint64             // of the change that made this state
	current  *property.Property // nil: removed
	position uint64             // of the change to this listing that arrived last
	pending  int                // changes of this process that the feed has yet to deliver
	// unordered is the position of the last change that did not raise the version, or whose predecessor is not
	// known here. The version does not rise when an id is inserted again by a writer that cannot see its past. For
	// an answer from before this position, versions do not determine which of two states is newer.
	unordered uint64
}

// follow is the state after the next change to the listing. The feed delivers the changes of one listing in the
// order in which they were made, so the later change is newer; but no change is newer than an own change that the
// feed has yet to deliver. Own changes are announced in any order; only their versions order them.
func (s state) follow(c *property.Change, position uint64, own bool) state {
	newer := own || s.pending == 0
	if s.position > 0 && newer != (c.Version > s.version) {
		s.unordered = position
	}
	s.position = position
	if own {
		s.pending++
	}
	if newer {
		s.version, s.tx, s.current = c.Version, c.Tx, c.After
	}
	return s
}

// NewLedger makes a ledger that remembers length changes (at least 1), or fewer when they weigh more than maxBytes.
// It trusts cached answers as long as the feed was confirmed within maxStaleness.
func NewLedger(length int, maxBytes int64, maxStaleness time.Duration) *Ledger {
	l := &Ledger{
		maxStaleness: maxStaleness,
		maxBytes:     maxBytes,
		ring:         make([]remembered, max(1, length)),
		known:        map[changeKey]uint64{},
		latest:       map[property.ID]state{},
	}
	l.confirmed.Store(&time.Time{})
	l.pollAfter.Store(&time.Time{})
	l.point.Store(&Point{})
	return l
}

// slot returns where the change at position at+1 stands: the first change that an answer at this position has not seen.
// mu is held.
func (l *Ledger) slot(at uint64) *remembered { return &l.ring[at%uint64(len(l.ring))] }

// Append adds committed changes in the order in which the feed delivers them. A change that the ledger already
// holds counts once. When Append returns, every later Check takes the changes into account.
func (l *Ledger) Append(changes ...property.Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range changes {
		l.append(&changes[i], false)
	}
}

// Announce adds changes that this process has committed itself, before the feed delivers them. If the feed has
// already passed a change's transaction but the ledger no longer holds the change, newer changes may have been
// forgotten, too: the ledger resets.
//
// It reports whether a change is of another epoch than the feed's. Then the database has crashed and reuses the
// numbers of transactions that it lost. Answers of other processes may claim to have seen the changes without
// having seen them: see RequirePollAfter.
func (l *Ledger) Announce(changes ...property.Change) (strange bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	point := l.point.Load()
	reached := point.Snapshot
	for i := range changes {
		c := &changes[i]
		other := c.Epoch != "" && c.Epoch != point.Epoch
		strange = strange || other
		switch {
		case l.remembers(c):
		case reached.Sees(order(c)):
			l.reset()
			l.forget(c, true)
		default:
			blind := other || !l.knowsBefore(c, reached)
			if l.append(c, true) && blind {
				l.blind(l.head.Load())
			}
		}
	}
	return strange
}

// blind marks the own change at the position: the state before it is not known here. mu is held.
func (l *Ledger) blind(position uint64) {
	r := l.slot(position - 1)
	r.blind = true
	s := l.latest[r.change.ID]
	s.unordered = position
	l.latest[r.change.ID] = s
}

// knowsBefore reports whether the ledger has received everything that happened to the listing before this own
// change. That is so for its first change. A transaction counts as received only when all before it are: rows name
// the subtransaction that wrote them, and its number is higher than its transaction's. mu is held.
func (l *Ledger) knowsBefore(c *property.Change, reached Snapshot) bool {
	switch latest := l.latest[c.ID]; {
	case c.Version <= 1:
		return true
	case c.BeforeTx == 0: // this process is the store's only writer
		return c.Op != property.OpInsert || latest.version >= c.Version-1
	default:
		return c.BeforeTx < reached.Xmin || latest.position > 0 && latest.tx == c.BeforeTx
	}
}

func (l *Ledger) remembers(c *property.Change) bool {
	_, known := l.known[keyOf(c)]
	return known
}

// append adds a change, announced by this process (own) or from the feed, and reports whether the ledger holds it
// now. A change that is too large for the ledger resets it, as OpReset does. mu is held.
func (l *Ledger) append(c *property.Change, own bool) bool {
	if at, known := l.known[keyOf(c)]; known {
		l.settle(l.slot(at - 1))
		return true
	}
	weight := int64(c.Weight())
	if c.Op == property.OpReset || weight > l.maxBytes {
		l.reset()
		l.forget(c, own)
		return false
	}
	position, highest := l.head.Load()+1, order(c)
	for position-l.tail > uint64(len(l.ring)) || l.tail+1 < position && l.bytes+weight > l.maxBytes {
		l.forgetOldest()
	}
	if l.tail+1 < position {
		highest = max(highest, l.slot(position-2).highest)
	}
	r := l.slot(position - 1)
	*r = remembered{change: c.Compact(), weight: weight, highest: highest, pending: own}
	l.bytes += weight
	l.known[keyOf(c)] = position
	l.latest[c.ID] = l.latest[c.ID].follow(&r.change, position, own)
	l.head.Store(position)
	return true
}

// forget records the transaction of a change that the ledger does not hold; pending means that the feed has yet to
// deliver it. mu is held.
func (l *Ledger) forget(c *property.Change, pending bool) {
	l.forgotten = max(l.forgotten, order(c))
	if pending {
		l.undelivered = max(l.undelivered, order(c))
	}
}

// settle ends the pending state of an own change: the feed has delivered it, or it is forgotten. mu is held.
func (l *Ledger) settle(r *remembered) {
	if r.pending {
		r.pending = false
		s := l.latest[r.change.ID]
		s.pending--
		l.latest[r.change.ID] = s
	}
}

// reset forgets all changes and makes every cached answer Unknown. mu is held.
func (l *Ledger) reset() {
	for at, head := l.tail, l.head.Load(); at < head; at++ {
		l.forget(&l.slot(at).change, l.slot(at).pending)
	}
	clear(l.ring)
	clear(l.known)
	clear(l.latest)
	l.tail = l.head.Load() + 1
	l.bytes = 0
	l.head.Store(l.tail)
}

func (l *Ledger) forgetOldest() {
	l.tail++
	l.evicted.Add(1)
	slot := l.slot(l.tail - 1)
	c := &slot.change
	l.forget(c, slot.pending)
	l.settle(slot)
	delete(l.known, keyOf(c))
	if l.latest[c.ID].position == l.tail {
		delete(l.latest, c.ID)
	}
	l.bytes -= slot.weight
	*slot = remembered{}
}

// order is the change's transaction; an unknown one counts as later than any other.
func order(c *property.Change) uint64 {
	if c.Tx == 0 {
		return math.MaxUint64
	}
	return c.Tx
}

// Position is where the ledger stands. A loader of an answer reads it BEFORE the load begins and stores it with the
// answer: a change that arrives during the load may or may not be part of what is loaded, so it must be checked.
func (l *Ledger) Position() Position { return Position(l.head.Load()) }

// Confirm records that a poll of the feed has completed and delivered all it found; began is when the poll began.
func (l *Ledger) Confirm(began time.Time) { l.confirmed.Store(&began) }

// ConfirmedAt is when the last completed poll of the feed began; the zero time before the first.
func (l *Ledger) ConfirmedAt() time.Time { return *l.confirmed.Load() }

// RequirePollAfter makes the ledger untrusted until a poll that begins after at completes. A client has just
// received something that the feed may not have delivered yet, and must not be shown less.
func (l *Ledger) RequirePollAfter(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at.After(*l.pollAfter.Load()) {
		l.pollAfter.Store(&at)
	}
}

// Trusted reports whether this ledger may judge cached answers at all. The feed must have been confirmed within the
// allowed staleness, by a poll that began after the moment of the last RequirePollAfter. A feed that is merely
// quiet does not count as confirmed.
func (l *Ledger) Trusted(now time.Time) bool {
	_, ok := l.Tolerated(now, l.maxStaleness)
	return ok
}

// Tolerated reports whether an answer that this ledger judges current was current at most tolerance ago, and its
// age. After RequirePollAfter it reports false for every tolerance, until the feed is confirmed again.
func (l *Ledger) Tolerated(now time.Time, tolerance time.Duration) (age time.Duration, ok bool) {
	confirmed := l.ConfirmedAt()
	age = now.Sub(confirmed)
	return age, age <= tolerance && !confirmed.Before(*l.pollAfter.Load())
}

// Figures are the size and the capacity of a ledger.
type Figures struct {
	Position Position // changes received so far, resets included
	Length   int      // remembered changes
	Capacity int      // the largest number of remembered changes
	Bytes    int64    // the weight of the remembered changes
	MaxBytes int64    // the largest weight of the remembered changes
	Evicted  uint64   // changes forgotten for lack of room
}

// Figures returns the ledger's current figures.
func (l *Ledger) Figures() Figures {
	l.mu.RLock()
	defer l.mu.RUnlock()
	head := l.head.Load()
	return Figures{Position(head), int(head - l.tail), len(l.ring), l.bytes, l.maxBytes, l.evicted.Load()}
}
