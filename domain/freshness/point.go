package freshness

import "github.com/gable-listings/gable/domain/property"

// Point is where in a database's history a feed or an answer stands. It means the same in every process that
// follows that database, while a Position belongs to one ledger.
type Point struct {
	// Epoch names the history; snapshots of different epochs are unrelated. After a restore from a backup, or a
	// failover that lost transactions, the same transaction numbers mean other transactions.
	Epoch    string
	Snapshot Snapshot
}

// Point is how far the feed has come: the ledger has received every change that this point sees. A loader of an
// answer that other ledgers judge, too, reads it BEFORE the load begins and stores it with the answer.
func (l *Ledger) Point() Point { return *l.point.Load() }

// Reach sets the ledger's Point: the ledger has received every change that p sees.
func (l *Ledger) Reach(p Point) { l.point.Store(&p) }

// Restart clears the ledger and refills it with history: the changes that to sees and from does not. Every answer
// cached so far becomes Unknown by its position. Answers of other processes that have seen as much as from can be
// judged from then on. A follower calls it when it starts and when it has lost its cursor in the feed.
func (l *Ledger) Restart(from, to Point, history ...property.Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.announcedOnly(to)
	l.reset()
	if from.Epoch != l.base.Epoch {
		l.forgotten = own // the numbers of the other changes belong to the old epoch
	}
	l.base, l.undelivered = from, 0
	for i := range history {
		l.append(&history[i], false)
	}
	l.point.Store(&to)
}

// announcedOnly is the highest own transaction that p does not see and that the feed has not delivered. The process
// announced it while it determined p, and an answer without it must not pass for complete. mu is held.
func (l *Ledger) announcedOnly(p Point) (highest uint64) {
	if !p.Snapshot.Sees(l.undelivered) {
		highest = l.undelivered
	}
	reached := l.point.Load().Snapshot
	for at, head := l.tail, l.head.Load(); at < head; at++ {
		if tx := order(&l.slot(at).change); !reached.Sees(tx) && !p.Snapshot.Sees(tx) {
			highest = max(highest, tx)
		}
	}
	return highest
}

// Locate finds the position of an answer whose load began at p: every change up to there is part of the answer. It
// reports false when the ledger no longer holds all changes that the answer may have missed, or p is of another
// epoch.
func (l *Ledger) Locate(p Point) (Position, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if p.Epoch != l.base.Epoch || l.forgotten >= p.Snapshot.Xmin || !p.Snapshot.Covers(l.base.Snapshot) {
		return 0, false
	}
	at, head := l.firstFrom(p.Snapshot.Xmin), l.head.Load()
	for at < head && p.Snapshot.Sees(order(&l.slot(at).change)) {
		at++
	}
	return Position(at), true
}

// firstFrom finds a position before which no change has this transaction or a later one. It bisects: transactions
// do not arrive in the order of their numbers, but the highest number so far only grows. mu is held.
func (l *Ledger) firstFrom(tx uint64) uint64 {
	low, high := l.tail, l.head.Load()
	for low < high {
		middle := low + (high-low)/2
		if l.slot(middle).highest < tx {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}
