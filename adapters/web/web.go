// Package web is the HTTP side of Gable, the driving adapter: it stands between a listener and the use cases. From the
// outside in: one exchange per request with its id, log line, metrics and a net for panics (observe.go); the base path
// taken off its address (base.go); what each client may ask (limit.go); the view cache; and, for what the view cache does not answer, a bounded number of
// requests at a time, a deadline, and the router.
package web

import (
	"context"
	"net/http"
	"time"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/adapters/web/route"
	"github.com/gable-listings/gable/adapters/web/site"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gorilla/mux"
	"go.uber.org/zap"
)

// Options of the handler; everything is required but Base, Trace, Proxies, RateLimit, Leaving, Origins and
// StrictTransport.
type Options struct {
	Log *zap.Logger
	// Reads logs the reads that succeed, which are so many that it may leave some out.
	Reads   *zap.Logger
	Observe Observe
	// Trace records requests; nil where tracing is off.
	Trace Trace
	Views *viewcache.Cache
	API   *api.API
	Site  *site.Site
	// Base is the path below which everything answers, such as "/homes"; "" for the whole host. All behind it sees the
	// paths of requests without it.
	Base string
	// Pages are what can be read beside the API, by path template.
	Pages map[string]http.Handler
	// Proxies are the peers that are believed when they name the client they ask for.
	Proxies   exchange.Proxies
	RateLimit RateLimit
	// Health are the pages that say how the process is, by path. No bound holds for them: a busy process is not a dead
	// one.
	Health map[string]http.Handler
	// MaxInFlight bounds the requests that are worked on at a time; the view cache's answers do not count.
	MaxInFlight int
	// MaxExports bounds the exports that are sent at a time; they do not count above.
	MaxExports int
	// Timeout bounds the work on one request, streams excepted.
	Timeout time.Duration
	// Leaving reports whether the server is about to go: each answer then closes its connection.
	Leaving func() bool
	// Origins are those whose pages may read the answers (CORS): "*" for all, nothing for none.
	Origins []string
	// StrictTransport is the Strict-Transport-Security header of every answer, which has browsers use nothing but https
	// from then on (RFC 6797); "" for none.
	StrictTransport string
}

// New makes the handler for the public listener.
func New(o Options) http.Handler {
	router := mux.NewRouter().SkipClean(true)
	o.API.Register(router)
	o.Site.Register(router)
	for template, page := range o.Pages {
		route.HandlePage(router, template, page)
	}
	for path, page := range o.Health {
		route.HandlePage(router, path, page)
	}
	work, limits := newAdmission(o.MaxInFlight, o.MaxExports), o.newLimiter()
	router.NotFoundHandler = http.HandlerFunc(o.notFound)
	answers := work.admit(limits.requests(timed(o.Timeout, router))) // who asks is looked up within the bounds
	answers = limits.hits(o.directed(o.Views.Front(answers)))
	return o.observed(o.belowBase(crossOrigin(o.Origins, o.healthFirst(router, answers))))
}

// healthFirst has health pages answered by the router, past all that may keep others waiting.
func (o Options) healthFirst(router, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o.Health[r.URL.Path] != nil {
			router.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// directed parses, once, what each request asks of the caches.
func (o Options) directed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		exchange.Of(w).Directives = o.Site.Directives(r)
		next.ServeHTTP(w, r)
	})
}

// notFound answers every path that no route has, people with a page and programs with a problem.
func (o Options) notFound(w http.ResponseWriter, r *http.Request) {
	if site.WantsPage(r) {
		o.Site.Missing(w, r)
		return
	}
	problem.Fail(w, r, problem.Refuse(problem.NotFound, "Nothing is at this address; %s/docs shows what there is.", o.Base))
}

func timed(timeout time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if route.Of(r.URL.Path).Long || api.IsStream(r) {
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
