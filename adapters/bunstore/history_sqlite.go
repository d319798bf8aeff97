package bunstore

import (
	"context"
	"crypto/rand"
	"sync"

	"github.com/uptrace/bun"
)

// sqliteHistory names the history that an SQLite database holds. The name lasts while the database is open and holds
// every change that this process knows of: whatever the process has served came from there. A database that is put
// back, by SQLite's own backup or by another file in its place, lacks the latest of them or has another change with its
// number.
type sqliteHistory struct {
	mu     sync.Mutex
	epoch  string     // guarded by mu, like the rest
	latest knownPoint // a change that the database is known to hold, no older than any other known one
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

// known is the latest change known. It is to be asked for before the transaction that looks for it begins.
func (h *sqliteHistory) known() knownPoint {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.latest
}

// follow notes what a transaction has found that looked for a change known before, and returns the epoch of that. It
// reports whether the epoch is a new one. A change pruned since is as good as missing.
func (h *sqliteHistory) follow(looked knownPoint, now *sqliteState) (epoch string, renewed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if looked.epoch != h.epoch { // somebody else has found out meanwhile
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

// learn notes a change of the history that is later than the latest one known. mu is held.
func (h *sqliteHistory) learn(p knownPoint) {
	if p.epoch == h.epoch && p.seq > h.latest.seq {
		h.latest = p
	}
}

// unread is the mark of a change that could not be looked up. No change has it.
const unread = "unread"

// committed notes the latest change of a write of this process: it is served from now on. Should it be gone already, or
// not be readable, the next look at the feed finds that the database lacks it.
func (d sqliteDialect) committed(ctx context.Context, db *bun.DB, tx uint64) {
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
