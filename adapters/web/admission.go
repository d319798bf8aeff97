package web

import (
	"net/http"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"golang.org/x/sync/semaphore"
)

// admission bounds the requests that are worked on at a time, so that those inside get done. A request that waits for
// its client to send a body, or for a load that another request has begun, stands aside: it does not count meanwhile.
type admission struct {
	working chan struct{}       // has room for as many as may be worked on
	aside   chan struct{}       // and for as many as may stand aside
	bodies  *semaphore.Weighted // the bytes of bodies that may be on their way
	exports chan struct{}       // has room for as many as may be sent
}

// asideFactor is how many times as many may stand aside as may be worked on; more wait where they are.
const asideFactor = 16

// BodyBytes bounds the request bodies that are being received, all together.
const BodyBytes = 64 << 20

func newAdmission(inFlight, exports int) *admission {
	return &admission{
		working: make(chan struct{}, inFlight), aside: make(chan struct{}, asideFactor*inFlight),
		bodies: semaphore.NewWeighted(BodyBytes), exports: make(chan struct{}, exports),
	}
}

const exportsPath = "/v1/exports"

var (
	errTooMany = problem.Refuse(problem.Unavailable,
		"Too many requests are being worked on; try again in a moment.")
	errTooManyExports = problem.Refuse(problem.Unavailable, "Too many exports are being sent; try again later.")
)

// admit lets requests in as long as there is room, and turns others away at once. Streams are let in: they have a
// bound of their own.
func (a *admission) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		room, full := a.working, errTooMany
		switch {
		case api.IsStream(r):
			next.ServeHTTP(w, r)
			return
		case r.URL.Path == exportsPath:
			room, full = a.exports, errTooManyExports
		}
		select {
		case room <- struct{}{}:
			defer func() { <-room }()
		default:
			problem.Fail(w, r, full)
			return
		}
		if e := exchange.Of(w); e != nil && room == a.working {
			e.Receive, e.Reading.Aside = a.receive, a.standAside
		}
		next.ServeHTTP(w, r)
	})
}

// standAside runs a wait during which a request that is being worked on does not count, if there is room.
func (a *admission) standAside(wait func()) {
	select {
	case a.aside <- struct{}{}:
	default:
		wait()
		return
	}
	<-a.working
	defer func() {
		a.working <- struct{}{} // before those who come now
		<-a.aside
	}()
	wait()
}

// receive runs the reading of a body of at most so many bytes, unless too many bytes are on their way already.
func (a *admission) receive(bytes int64, read func()) bool {
	bytes = min(bytes, BodyBytes)
	if !a.bodies.TryAcquire(bytes) {
		return false
	}
	defer a.bodies.Release(bytes)
	a.standAside(read)
	return true
}
