package rediscache

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// health is whether Redis serves, as far as the calls say. It goes away with the first call of all, with so many
// failures in a row that the breaker would open, or when all calls have failed for a while; it comes back with the
// first success.
type health struct {
	changed func(cause error) // called when Redis goes away, with the cause, and with nil when it comes back

	troubled atomic.Bool // there is something for a success to put right
	mu       sync.Mutex  // guards the rest
	known    bool        // some call has ended
	failures int         // in a row
	since    time.Time   // the first of them
	away     bool
	cause    error // the last failure
}

func (h *health) begin(changed func(cause error)) {
	if h.changed = changed; changed == nil {
		h.changed = func(error) {}
	}
	h.troubled.Store(true) // until the first success
}

// failingFor is how long all calls have to fail when they are few.
const failingFor = time.Second

// note takes in how a call has ended.
func (h *health) note(err error) {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, errNoScripts), ofOneKey(err):
	case err != nil && !errors.Is(err, redis.Nil):
		h.failed(err)
	case h.troubled.Load():
		h.succeeded()
	}
}

func (h *health) failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failures++; h.failures == 1 {
		h.since = time.Now()
	}
	h.cause = err
	lasting := h.failures >= failuresToOpen || h.failures > 1 && time.Since(h.since) >= failingFor
	if !h.away && (!h.known || lasting) {
		h.away = true
		h.changed(err)
	}
	h.known = true
	h.troubled.Store(true)
}

func (h *health) succeeded() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures, h.known = 0, true
	h.troubled.Store(false)
	if h.away {
		h.away = false
		h.changed(nil)
	}
}

// lastCause is why the last call failed that was made; it is asked for while the breaker is open.
func (h *health) lastCause() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cause
}

// ofOneKey reports whether an error is about the key or the value alone. A full Redis refuses values and still answers.
func ofOneKey(err error) bool {
	return redis.HasErrorPrefix(err, "WRONGTYPE") || redis.HasErrorPrefix(err, "OOM")
}

// reasons are what is said in public of a refusal, by the beginning of what Redis says.
var reasons = []struct{ says, reason string }{
	{"NOAUTH", "authentication failed"},
	{"WRONGPASS", "authentication failed"},
	{"ERR AUTH", "authentication failed"},
	{"NOPERM", "permission denied"},
	{"ERR DB index", "no such database"},
	{"LOADING", "still loading its data"},
	{"OOM", "out of memory"},
	{"READONLY", "a replica, which takes no writes"},
	{"MASTERDOWN", "a replica without its primary"},
	{"CLUSTERDOWN", "the cluster is down"},
	{"ERR max number of clients", "too many connections"},
}

// Reason says why a call failed without naming addresses, users or keys, if Redis itself refused it; else it is "".
func Reason(err error) string {
	var reply redis.Error
	if !errors.As(err, &reply) {
		return ""
	}
	for _, known := range reasons {
		if strings.HasPrefix(reply.Error(), known.says) {
			return known.reason
		}
	}
	return "refused"
}
