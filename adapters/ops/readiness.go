package ops

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Status is the state of a part, or of the whole.
type Status string

// OK serves as intended; Degraded serves, but slower or with less; Down cannot serve.
const (
	OK       Status = "ok"
	Degraded Status = "degraded"
	Down     Status = "down"
)

// worse returns the worse of two states.
func (s Status) worse(o Status) Status {
	rank := map[Status]int{OK: 0, Degraded: 1, Down: 2}
	if rank[o] > rank[s] {
		return o
	}
	return s
}

// Check examines one part of the service.
type Check struct {
	Name string
	// Critical makes the part down when it fails, and the service with it; otherwise both are only degraded.
	Critical bool
	// Run returns nil when the part works, else what is wrong. It should return when the context ends; the next call
	// comes only after it has returned.
	Run func(ctx context.Context) error
	// Reason is the public text for an error of Run, without addresses, names and secrets. It is required.
	Reason func(err error) string
	// Note returns a remark about a part that works, or "". It is called after Run, under the same rules. It may be
	// nil.
	Note func(ctx context.Context) string
}

const (
	checkDeadline = 2 * time.Second // for one check; below the timeout of usual probes
	reportAge     = time.Second     // how long a report is reused
)

// report is the JSON of /readyz.
type report struct {
	Status Status            `json:"status"`
	Checks map[string]result `json:"checks"`
}

type result struct {
	Status Status `json:"status"`
	Reason string `json:"reason,omitempty"`
	Detail string `json:"detail,omitempty"` // for operators only
}

type readiness struct {
	checks   []*runner
	draining atomic.Bool

	mu    sync.Mutex // guards last and taken; held while the checks run, so that probes share the report
	last  report
	taken time.Time
}

func newReadiness(checks []Check) *readiness {
	r := &readiness{}
	for _, check := range checks {
		r.checks = append(r.checks, &runner{Check: check})
	}
	return r
}

func (r *readiness) handler(details bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		now := r.report(request.Context())
		if r.draining.Load() {
			now.Status = Down
		}
		if !details {
			now.Checks = withoutDetails(now.Checks)
		}
		status := http.StatusOK
		if now.Status == Down {
			status = http.StatusServiceUnavailable
		}
		writeJSON(w, status, now)
	})
}

func withoutDetails(checks map[string]result) map[string]result {
	bare := make(map[string]result, len(checks))
	for name, c := range checks {
		bare[name] = result{Status: c.Status, Reason: c.Reason}
	}
	return bare
}

// report returns the state of all parts, at most reportAge old. One caller runs the checks for all callers, so they
// continue when that caller leaves.
func (r *readiness) report(ctx context.Context) report {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.taken.IsZero() || time.Since(r.taken) >= reportAge {
		r.last, r.taken = r.run(context.WithoutCancel(ctx)), time.Now()
	}
	return r.last
}

// run runs all checks at the same time.
func (r *readiness) run(ctx context.Context) report {
	ctx, cancel := context.WithTimeout(ctx, checkDeadline)
	defer cancel()
	results := make([]result, len(r.checks))
	var all sync.WaitGroup
	for i, check := range r.checks {
		all.Go(func() { results[i] = check.run(ctx) })
	}
	all.Wait()
	whole := report{Status: OK, Checks: make(map[string]result, len(r.checks))}
	for i, check := range r.checks {
		whole.Checks[check.Name] = results[i]
		whole.Status = whole.Status.worse(results[i].Status)
	}
	return whole
}

// runner isolates a check that ignores its deadline: it does not delay the others, and is not started twice.
type runner struct {
	Check
	busy sync.Mutex // held while Run is under way
}

func (c *runner) run(ctx context.Context) result {
	if !c.busy.TryLock() {
		return c.failed(timedOut, errors.New("no answer since an earlier check"))
	}
	answer := make(chan result, 1)
	go func() {
		found := c.check(ctx)
		c.busy.Unlock()
		answer <- found
	}()
	select {
	case found := <-answer:
		return found
	case <-ctx.Done():
		return c.failed(timedOut, fmt.Errorf("no answer within %v", checkDeadline))
	}
}

func (c *runner) check(ctx context.Context) result {
	if err := c.Run(ctx); err != nil {
		return c.failed(c.Reason(err), err)
	}
	if c.Note == nil {
		return result{Status: OK}
	}
	return result{Status: OK, Detail: c.Note(ctx)}
}

// timedOut is the reason when a check does not return.
const timedOut = "timed out"

func (c *runner) failed(reason string, err error) result {
	status := Degraded
	if c.Critical {
		status = Down
	}
	return result{status, reason, err.Error()}
}
