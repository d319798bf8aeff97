package freshness

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gable-listings/gable/domain/property"
)

// Position counts the changes a ledger has been told of. An answer with position p takes the first p of them into account.
type Position uint64

// Ledger is what a process remembers of recent changes: a ring that is bounded in changes and in bytes. It is safe for
// concurrent use.
type Ledger struct {
	maxStaleness time.Duration
	maxBytes     int64
	head         atomic.Uint64             // position of the newest change; written under mu
	confirmed    atomic.Pointer[time.Time] // when a completed poll of the feed last began
	doubted      atomic.Pointer[time.Time] // a poll confirms nothing that began before; written under mu
	point        atomic.Pointer[Point]     // how far the feed has come; written under mu, or by the follower alone
	evicted      atomic.Uint64

	mu        sync.RWMutex
	ring      []remembered         // the change at position p is ring[(p-1) % len(ring)]; guarded by mu, so the rest
	tail      uint64               // changes up to here are forgotten
	bytes     int64                // the weight of those in the ring
	forgotten uint64               // the highest transaction of a change forgotten
	doubtful  uint64               // the highest of an own change announced that is forgotten and was not brought
	base      Point                // where following began: the changes before it never came here
	known     map[changeKey]uint64 // the position of each change in the ring
	latest    map[property.ID]state
}

// remembered is a change in the ring.
type remembered struct {
	change  property.Change
	weight  int64
	highest uint64 // transaction among all changes up to this one
	// blind says that the change before this one to the same listing may be unknown yet. What it did to a count cannot be
	// told from the two images of this one.
	blind bool
	// pending says that this process has announced the change and the feed has not brought it yet.
	pending bool
}

// changeKey recognises a change that arrives twice: a process's own write comes back through the feed. Only the
// transaction makes it certain: a listing that is deleted and inserted again can have the same version a second time,
// since a writer with an older snapshot does not see the versions that were used meanwhile.
type changeKey struct {
	tx      uint64
	id      property.ID
	version int64
	op      property.Op
}

func keyOf(c *property.Change) changeKey { return changeKey{c.Tx, c.ID, c.Version, c.Op} }

// state is the newest state of a listing among the changes remembered.
type state struct {
	version  int64
	tx       uint64             // of the change that made this state
	current  *property.Property // nil: removed
	position uint64             // of the last change to this listing, whichever order changes came in
	pending  int                // changes of this process that the feed has yet to bring
	// unordered is the position of the last change that did not raise the version, as when an id is inserted again by a
	// writer that cannot see its past, or whose past is not known here. Of an answer from before it, a version does not say
	// which of two states is the newer one.
	unordered uint64
}

// follow is the state after the next change to the listing. The feed brings the changes of one listing in the order in
// which they were made, so the later one is the newer one; but none is newer than an own change that the feed has yet
// to bring. Own changes are announced in any order, and only versions tell it.
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

// NewLedger makes a ledger that remembers the given number of changes (at least 1), fewer when they weigh more than
// maxBytes, and vouches for kept answers as long as the feed has been confirmed within maxStaleness.
func NewLedger(length int, maxBytes int64, maxStaleness time.Duration) *Ledger {
	l := &Ledger{
		maxStaleness: maxStaleness,
		maxBytes:     maxBytes,
		ring:         make([]remembered, max(1, length)),
		known:        map[changeKey]uint64{},
		latest:       map[property.ID]state{},
	}
	l.confirmed.Store(&time.Time{})
	l.doubted.Store(&time.Time{})
	l.point.Store(&Point{})
	return l
}

// slot is where the change behind a position stands. mu is held.
func (l *Ledger) slot(at uint64) *remembered { return &l.ring[at%uint64(len(l.ring))] }

// Append tells the ledger of committed changes, in the order in which the feed brings them. A change that is already
// remembered counts once. When Append returns, every later Check takes the changes into account.
func (l *Ledger) Append(changes ...property.Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range changes {
		l.append(&changes[i], false)
	}
}

// Announce tells the ledger of changes that this process has committed itself, before the feed brings them. It cannot say
// anything about one that the feed is said to have brought already, and that is not remembered: it is old news, which
// others may have overtaken. Then everything is forgotten.
//
// It reports whether the changes are of another epoch than the feed has come to: the database has crashed, and numbers of
// transactions that it has forgotten are given anew. Answers of other processes may then claim to have seen the changes and
// have not: see Doubt.
func (l *Ledger) Announce(changes ...property.Change) (strange bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	place := l.point.Load()
	reached := place.Snapshot
	for i := range changes {
		c := &changes[i]
		other := c.Epoch != "" && c.Epoch != place.Epoch
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

// blind notes that the state before the own change at the position is not known here. mu is held.
func (l *Ledger) blind(position uint64) {
	r := l.slot(position - 1)
	r.blind = true
	s := l.latest[r.change.ID]
	s.unordered = position
	l.latest[r.change.ID] = s
}

// knowsBefore reports whether the ledger has been told of whatever happened to the listing before this own change, or the
// change is its first. A transaction counts as told only when all before it are: rows name the subtransaction that wrote
// them, and that has a later number than its transaction. mu is held.
func (l *Ledger) knowsBefore(c *property.Change, reached Snapshot) bool {
	switch latest := l.latest[c.ID]; {
	case c.Version <= 1:
		return true
	case c.BeforeTx == 0: // nobody else writes to this store
		return c.Op != property.OpInsert || latest.version >= c.Version-1
	default:
		return c.BeforeTx < reached.Xmin || latest.position > 0 && latest.tx == c.BeforeTx
	}
}

func (l *Ledger) remembers(c *property.Change) bool {
	_, known := l.known[keyOf(c)]
	return known
}

// append adds a change, an own one that is announced or one of the feed, and reports whether it is remembered. One
// that is too large to be remembered is as good as a reset. mu is held.
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

// forget notes the transaction of a change that is not remembered, and whether the feed has yet to bring it. mu is
// held.
func (l *Ledger) forget(c *property.Change, pending bool) {
	l.forgotten = max(l.forgotten, order(c))
	if pending {
		l.doubtful = max(l.doubtful, order(c))
	}
}

// settle notes that an own change is not pending any more: the feed has brought it, or it is forgotten. mu is held.
func (l *Ledger) settle(r *remembered) {
	if r.pending {
		r.pending = false
		s := l.latest[r.change.ID]
		s.pending--
		l.latest[r.change.ID] = s
	}
}

// reset forgets everything: whatever was kept before may be wrong in any way.
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

// order is the change's transaction; one that is not known may be later than any other.
func order(c *property.Change) uint64 {
	if c.Tx == 0 {
		return math.MaxUint64
	}
	return c.Tx
}

// Position is where the ledger stands. Whoever loads an answer takes it BEFORE the load begins and keeps it with the
// answer: a change that arrives during the load may or may not be part of what is loaded, so it has to be checked.
func (l *Ledger) Position() Position { return Position(l.head.Load()) }

// Confirm says that a poll of the feed that began at the given moment has completed and delivered all it found.
func (l *Ledger) Confirm(began time.Time) { l.confirmed.Store(&began) }

// ConfirmedAt is when the last completed poll of the feed began; the zero time before the first.
func (l *Ledger) ConfirmedAt() time.Time { return *l.confirmed.Load() }

// RequirePollAfter says that somebody was told at the moment what the feed may not have brought yet, so that they must not be shown
// less: only a poll of the feed that begins later confirms anything.
func (l *Ledger) RequirePollAfter(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at.After(*l.doubted.Load()) {
		l.doubted.Store(&at)
	}
}

// Trusted reports whether kept answers may be judged by this ledger at all: the feed has been confirmed within the
// staleness allowed, and since the last doubt. Silence is loss; a feed that has merely been quiet does not count as confirmed.
func (l *Ledger) Trusted(now time.Time) bool {
	_, ok := l.Tolerated(now, l.maxStaleness)
	return ok
}

// Tolerated reports whether what this ledger judges to be true was known to be true at most so long ago, and how long ago
// that was. After a doubt nothing was, however long ago is tolerated, until the feed has been confirmed again.
func (l *Ledger) Tolerated(now time.Time, tolerance time.Duration) (age time.Duration, ok bool) {
	confirmed := l.ConfirmedAt()
	age = now.Sub(confirmed)
	return age, age <= tolerance && !confirmed.Before(*l.doubted.Load())
}

// Figures says how much a ledger remembers.
type Figures struct {
	Position Position // changes told so far, resets included
	Length   int      // changes remembered
	Capacity int      // changes it can remember
	Bytes    int64    // what the changes remembered weigh
	MaxBytes int64    // what they can weigh
	Evicted  uint64   // changes forgotten for lack of room
}

// Figures returns the ledger's present figures.
func (l *Ledger) Figures() Figures {
	l.mu.RLock()
	defer l.mu.RUnlock()
	head := l.head.Load()
	return Figures{Position(head), int(head - l.tail), len(l.ring), l.bytes, l.maxBytes, l.evicted.Load()}
}
