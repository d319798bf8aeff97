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

// health tracks whether Redis serves, by the outcome of calls. Redis counts as gone when the first call of all fails,
// after as many failures in a row as open the breaker, or when all calls have failed for a while. It is back with the
// first success.
type health struct {
	changed func(cause error) // called when Redis goes away, with the cause, and with nil when it comes back

	troubled atomic.Bool // the next success changes something
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

// failingFor is how long all calls must fail when they are few.
const failingFor = time.Second

// note records the outcome of a call.
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

// lastCause returns the error of the last failed call, for calls that fail because the breaker is open.
func (h *health) lastCause() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cause
}

// ofOneKey reports whether an error concerns the key or the value alone. A full Redis refuses values and still
// answers.
func ofOneKey(err error) bool {
	return redis.HasErrorPrefix(err, "WRONGTYPE") || redis.HasErrorPrefix(err, "OOM")
}

// reasons are the public texts of refusals, by the beginning of the reply of Redis.
var reasons = []struct{ prefix, reason string }{
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

// Reason returns why Redis refused a call, without addresses, users or keys. It is "" when the error is not a refusal
// by Redis.
func Reason(err error) string {
	var reply redis.Error
	if !errors.As(err, &reply) {
		return ""
	}
	for _, known := range reasons {
		if strings.HasPrefix(reply.Error(), known.prefix) {
			return known.reason
		}
	}
	return "refused"
}
