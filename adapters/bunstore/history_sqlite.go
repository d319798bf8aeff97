package bunstore

import (
	"context"
	"crypto/rand"
	"sync"

	"github.com/uptrace/bun"
)

// sqliteHistory names the history that an SQLite database holds. The name lasts while the database is open and holds
// every change that this process knows of, since whatever the process has served came from these. A database that is
// put back, by SQLite's own backup or by another file in its place, lacks the latest of them or has another change
// with its number.
type sqliteHistory struct {
	mu     sync.Mutex
	epoch  string     // guarded by mu, as are the fields below
	latest knownPoint // the latest change that the database is known to hold
	schema int64      // the schema_version at the last look; 0 before the first
}

// knownPoint is a point of the history with this epoch.
type knownPoint struct {
	point

	epoch string
}

func newSQLiteHistory() *sqliteHistory {
	epoch := rand.Text()
	return &sqliteHistory{epoch: epoch, latest: knownPoint{epoch: epoch}}
}

// known is the latest known change. Call it before the transaction that looks for that change begins.
func (h *sqliteHistory) known() knownPoint {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.latest
}

// follow compares the state that a transaction has read with the change known before it, and returns the epoch of the
// state. It reports whether the epoch is a new one. A change pruned since counts as missing.
func (h *sqliteHistory) follow(looked knownPoint, now *sqliteState) (epoch string, renewed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if looked.epoch != h.epoch { // another call has renewed the epoch meanwhile
		return h.epoch, false
	}
	if moved := h.schema != 0 && h.schema != now.Schema; moved || !now.has(looked.point) {
		h.epoch, renewed = rand.Text(), true
		h.latest = knownPoint{epoch: h.epoch}
	}
	h.schema = now.Schema
	h.learn(knownPoint{now.end(), h.epoch})
	return h.epoch, renewed
}

// learn stores a change as the latest known one if it is later. The caller holds mu.
func (h *sqliteHistory) learn(p knownPoint) {
	if p.epoch == h.epoch && p.seq > h.latest.seq {
		h.latest = p
	}
}

// unread is the mark of a change that could not be looked up. No change has it.
const unread = "unread"

// recordCommit records the latest change of a write of this process: it is served from now on. If that change is gone
// already, or cannot be read, the next poll of the feed finds that the database lacks it.
func (d sqliteDialect) recordCommit(ctx context.Context, db *bun.DB, tx uint64) {
	if tx == 0 { // nothing was written
		return
	}
	epoch := d.history.known().epoch
	var row changeRow
	at := point{int64(tx), unread}
	if db.NewRaw("SELECT "+markColumns+" FROM property_changes WHERE seq = ?", at.seq).Scan(ctx, &row) == nil {
		at = row.point()
	}
	d.history.mu.Lock()
	defer d.history.mu.Unlock()
	d.history.learn(knownPoint{at, epoch})
}
