package web

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/adapters/web/route"
)

// admission bounds the requests that are worked on at a time, so that admitted requests finish. A request that waits
// for its client to send a body, or for the database, stands aside: it does not count meanwhile.
//
// A request without room waits, and is refused if none becomes free. A refusal at once would invite the next request at
// once: under a flood the refusals alone, thousands a second, would take the CPU from the answers.
type admission struct {
	working chan struct{}       // its capacity bounds the requests worked on
	aside   chan struct{}       // and this one those that stand aside or wait for room
	bodies  *semaphore.Weighted // the bytes of bodies being received
	exports chan struct{}       // its capacity bounds the exports being sent
}

// AsideFactor is how many times as many requests may stand aside, or wait for room, as may be worked on.
const AsideFactor = 8

// admissionWait is the longest that a request waits for room.
const admissionWait = 500 * time.Millisecond

// BodyBytes bounds the request bodies that are being received, all together.
const BodyBytes = 64 << 20

func newAdmission(inFlight, exports int) *admission {
	return &admission{
		working: make(chan struct{}, inFlight), aside: make(chan struct{}, AsideFactor*inFlight),
		bodies: semaphore.NewWeighted(BodyBytes), exports: make(chan struct{}, exports),
	}
}

var (
	errTooMany = problem.Refuse(problem.Unavailable,
		"Too many requests are being worked on; try again in a moment.")
	errTooManyExports = problem.Refuse(problem.Unavailable, "Too many exports are being sent; try again later.")
)

// admit passes requests on when there is room, and refuses those that wait for it too long. Streams pass: they have a
// bound of their own.
func (a *admission) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		room, full := a.working, errTooMany
		switch {
		case api.IsStream(r):
			next.ServeHTTP(w, r)
			return
		case r.URL.Path == route.Exports:
			room, full = a.exports, errTooManyExports
		}
		if !a.enter(r.Context(), room) {
			problem.Fail(w, r, full)
			return
		}
		defer func() { <-room }()
		if e := exchange.Of(w); e != nil && room == a.working {
			e.Receive, e.Read.Aside = a.receive, a.standAside
		}
		next.ServeHTTP(w, r)
	})
}

// enter takes a place in the room, and waits for one if necessary. It reports whether it got one in time.
func (a *admission) enter(ctx context.Context, room chan struct{}) bool {
	select {
	case room <- struct{}{}:
		return true
	default:
	}
	select {
	case a.aside <- struct{}{}:
		defer func() { <-a.aside }()
	default:
		return false
	}
	late := time.NewTimer(admissionWait)
	defer late.Stop()
	select {
	case room <- struct{}{}:
		return true
	case <-late.C:
		return false
	case <-ctx.Done():
		return false
	}
}

// standAside runs a wait during which a request that is being worked on does not count, if there is room aside.
func (a *admission) standAside(wait func()) {
	select {
	case a.aside <- struct{}{}:
	default:
		wait()
		return
	}
	<-a.working
	defer func() {
		a.working <- struct{}{} // before new requests
		<-a.aside
	}()
	wait()
}

// receive runs the reading of a body of at most so many bytes, unless too many bytes are already being received.
func (a *admission) receive(bytes int64, read func()) bool {
	bytes = min(bytes, BodyBytes)
	if !a.bodies.TryAcquire(bytes) {
		return false
	}
	defer a.bodies.Release(bytes)
	a.standAside(read)
	return true
}
