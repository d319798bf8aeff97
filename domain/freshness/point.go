package freshness

import "github.com/gable-listings/gable/domain/property"

// Point is where in a database's history a feed or an answer stands. It means the same in every process that follows
// that database, where a Position means something in one ledger only.
type Point struct {
	// Epoch names the history: snapshots of different epochs have nothing to do with each other. After a restore from a
	// backup, or a failover that lost transactions, the same transaction numbers mean other transactions.
	Epoch    string
	Snapshot Snapshot
}

// Point is how far the feed has brought the ledger: it has been told of every change that this place has seen. Whoever
// loads an answer to be judged by other ledgers, too, takes it BEFORE the load begins and keeps it with the answer.
func (l *Ledger) Point() Point { return *l.point.Load() }

// Reach says that the ledger has been told of everything that the place has seen.
func (l *Ledger) Reach(p Point) { l.point.Store(&p) }

// Restart forgets everything, so that every answer kept so far is Unknown by its position, and begins anew with recent
// history: the changes that one place has not seen and the other has. Answers of other processes that have seen as much
// as the first can be judged from then on. It is for a follower that begins, or has lost its place in the feed.
func (l *Ledger) Restart(from, to Point, history ...property.Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.announcedOnly(to)
	l.reset()
	if from.Epoch != l.base.Epoch {
		l.forgotten = own // the others' numbers were those of other transactions
	}
	l.base, l.doubtful = from, 0
	for i := range history {
		l.append(&history[i], false)
	}
	l.point.Store(&to)
}

// announcedOnly is the highest transaction of this process's own that the place has not seen and the feed has not brought:
// it has been announced while the place was being found out, and answers without it must not be taken for whole. mu is held.
func (l *Ledger) announcedOnly(p Point) (highest uint64) {
	if !p.Snapshot.Sees(l.doubtful) {
		highest = l.doubtful
	}
	reached := l.point.Load().Snapshot
	for at, head := l.tail, l.head.Load(); at < head; at++ {
		if tx := order(&l.slot(at).change); !reached.Sees(tx) && !p.Snapshot.Sees(tx) {
			highest = max(highest, tx)
		}
	}
	return highest
}

// Locate finds the position of an answer whose load began at the place: every change up to there is part of it. It
// reports false when the ledger does not remember all that the answer may have missed, or the place is of another epoch.
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

// firstFrom is a position with no change of the transaction or a later one before it, found by bisection: transactions
// do not come in the order of their numbers, but the highest number so far only grows. mu is held.
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
