// Package web is the HTTP side of Gable, the driving adapter between a listener and the use cases. From the outside in
// a request passes the exchange with its id, log line, metrics and recovery from panics (observe.go); the base path
// (base.go); the limit of its client (limit.go); the view cache; and, if the view cache has no answer, a bound on
// concurrent requests, a deadline, and the router.
package web

import (
	"context"
	"net/http"
	"time"

	"github.com/gorilla/mux"
	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/adapters/web/route"
	"github.com/gable-listings/gable/adapters/web/site"
	"github.com/gable-listings/gable/adapters/web/viewcache"
)

// Options of the handler. Everything is required but Base, Trace, Proxies, RateLimit, Leaving, Origins and
// StrictTransport.
type Options struct {
	Log *zap.Logger
	// Reads logs the reads that succeed. They are so many that it may omit some.
	Reads   *zap.Logger
	Observe Observe
	// Trace records requests; nil when tracing is off.
	Trace Trace
	Views *viewcache.Cache
	API   *api.API
	Site  *site.Site
	// Base is the path below which everything answers, such as "/homes"; "" for the whole host. Handlers behind it see
	// the paths of requests without it.
	Base string
	// Pages are the read-only pages beside the API, by path template.
	Pages map[string]http.Handler
	// Proxies are the peers whose word about the client is believed.
	Proxies   exchange.Proxies
	RateLimit RateLimit
	// Health are the pages that report the state of the process, by path. No bound applies to them: a busy process is
	// not a dead one.
	Health map[string]http.Handler
	// MaxInFlight bounds the requests that are worked on at a time; the view cache's answers do not count.
	MaxInFlight int
	// MaxExports bounds the exports that are sent at a time; MaxInFlight does not count them.
	MaxExports int
	// Timeout bounds the work on one request, streams excepted.
	Timeout time.Duration
	// Leaving reports whether the server is about to stop: each answer then closes its connection.
	Leaving func() bool
	// Origins are the origins whose pages may read the answers (CORS): "*" for all, empty for none.
	Origins []string
	// StrictTransport is the Strict-Transport-Security header of every answer, which makes browsers use only https
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
	answers := work.admit(limits.requests(withTimeout(o.Timeout, router))) // keys are looked up within the bounds
	answers = limits.hits(o.parseDirectives(o.Views.Front(answers)))
	return o.observe(o.stripBase(crossOrigin(o.Origins, o.healthFirst(router, answers))))
}

// healthFirst routes health pages past everything that may make others wait.
func (o Options) healthFirst(router, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o.Health[r.URL.Path] != nil {
			router.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// parseDirectives parses, once, what each request asks of the caches.
func (o Options) parseDirectives(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		exchange.Of(w).Directives = o.Site.Directives(r)
		next.ServeHTTP(w, r)
	})
}

// notFound answers every path without a route: people with a page, programs with a problem.
func (o Options) notFound(w http.ResponseWriter, r *http.Request) {
	if site.WantsPage(r) {
		o.Site.Missing(w, r)
		return
	}
	problem.Fail(w, r, problem.Refuse(problem.NotFound, "There is nothing at this address; see %s/docs.", o.Base))
}

func withTimeout(timeout time.Duration, next http.Handler) http.Handler {
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
