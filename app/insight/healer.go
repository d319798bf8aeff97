package insight

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Healer mends the caches after a wrong answer, which its level has removed by then: a fault in one answer may be one
// in many. One healer serves both levels, since a wrong answer of the one is made from one of the other.
type Healer struct {
	CatchUp func(context.Context) error
	// BeginAnew has the next reading of the change feed start the ledger anew, and forget has the query cache use nothing
	// that was loaded before. Together they make every answer be loaded again.
	BeginAnew, Forget func()
	Log               *zap.Logger

	mu   sync.Mutex // guards last
	last time.Time  // the last violation; zero after the caches have begun anew
}

// repeatedWithin is how soon a second violation counts as a sign that more is wrong than one answer.
const repeatedWithin = time.Minute

// heal polls the change feed, and after a second violation starts the caches anew.
func (h *Healer) heal(ctx context.Context) {
	if h.repeated() {
		h.Log.Error("wrong answers repeat; the caches begin anew")
		h.Forget()
		h.BeginAnew()
	}
	if err := h.CatchUp(ctx); err != nil {
		h.Log.Warn("cannot poll the change feed after a wrong answer", zap.Error(err))
	}
}

// repeated notes a violation, and reports whether it is the second within a minute.
func (h *Healer) repeated() bool {
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
