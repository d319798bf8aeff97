package insight

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Healer repairs the caches after a wrong answer. The level has removed that answer by then, but a fault in one
// answer may be a fault in many. One healer serves both levels, because a wrong answer of one level is made from a
// wrong answer of the other.
type Healer struct {
	CatchUp func(context.Context) error
	// RestartLedger has the next poll of the change feed restart the ledger, and Forget has the query cache ignore every
	// entry loaded before. Together they make every answer load again.
	RestartLedger, Forget func()
	Log                   *zap.Logger

	mu   sync.Mutex // guards last
	last time.Time  // the last violation; zero after a restart of the caches
}

// repeatedWithin is how soon a second violation counts as a sign that more is wrong than one answer.
const repeatedWithin = time.Minute

// heal polls the change feed, and after a second violation restarts the caches.
func (h *Healer) heal(ctx context.Context) {
	if h.recordViolation() {
		h.Log.Error("wrong answers repeat, resetting caches")
		h.Forget()
		h.RestartLedger()
	}
	if err := h.CatchUp(ctx); err != nil {
		h.Log.Warn("cannot poll the change feed after a wrong answer", zap.Error(err))
	}
}

// recordViolation records a violation, and reports whether it is the second within a minute.
func (h *Healer) recordViolation() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	again := !h.last.IsZero() && now.Sub(h.last) < repeatedWithin
	h.last = now
	if again {
		h.last = time.Time{}
	}
	return again
}
