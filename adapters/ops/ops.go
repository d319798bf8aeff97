// Package ops answers the people and machines that run Gable: is it alive, can it serve, which build is it, what are its
// figures, what is it busy with. It only looks: nothing asked of it changes what the service does, except how much of
// it is in the log, and it never decides by itself that the service should stop.
package ops

import (
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Build says which program is running.
type Build struct {
	Version   string    `json:"version"` // the release, v1.2.3
	Commit    string    `json:"commit"`  // the source it was built from
	Go        string    `json:"go"`      // the Go release it was built with
	StartedAt time.Time `json:"started_at,omitzero"`
}

// Options are what a Handler tells about.
type Options struct {
	Checks   []Check             // what readiness looks at; names are unique
	Gatherer prometheus.Gatherer // the figures behind /metrics, usually a *prometheus.Registry
	Build    Build
	LogLevel http.Handler // reads and changes the level of the log
	Hosts    []string     // full host names that requests may use; see ServeHTTP
	// Exemplars has /metrics answer in the OpenMetrics format, which has a place for exemplars, to those who accept it.
	Exemplars bool
}

// Handler answers /healthz, /readyz, /version, /metrics, /log/level and /debug/pprof/. It is meant for a listener that
// only operators reach. Health, Ready and Version are fit for the public as well and can be mounted there too.
type Handler struct {
	mux   *http.ServeMux
	all   http.Handler // the mux behind its guard
	ready *readiness
	build Build
}

// New makes the handler. It runs no check until it is asked.
func New(o Options) *Handler {
	h := &Handler{mux: http.NewServeMux(), ready: newReadiness(o.Checks), build: o.Build}
	h.all = guarded(o.Hosts, h.mux)
	h.mux.Handle("/healthz", h.Health())
	h.mux.Handle("/readyz", reading(h.ready.handler(true)))
	h.mux.Handle("/version", h.Version())
	h.mux.Handle("/metrics",
		reading(promhttp.HandlerFor(o.Gatherer, promhttp.HandlerOpts{EnableOpenMetrics: o.Exemplars})))
	h.mux.Handle("/log/level", o.LogLevel)
	profile := profiling()
	h.mux.Handle("/debug/pprof/", profile(pprof.Index))
	h.mux.Handle("/debug/pprof/cmdline", profile(pprof.Cmdline))
	h.mux.Handle("/debug/pprof/profile", profile(pprof.Profile))
	h.mux.Handle("/debug/pprof/trace", profile(pprof.Trace))
	h.mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol) // asked with POST by go tool pprof
	return h
}

// ServeHTTP answers on the operators' listener: requests for an IP address, localhost, a name without a dot or one of
// the Hosts, and from no page of another site.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.all.ServeHTTP(w, r) }

// SetDraining makes readiness "down" for good, so that load balancers stop sending work before the listener closes.
func (h *Handler) SetDraining() { h.ready.draining.Store(true) }

// Draining reports whether SetDraining has been called.
func (h *Handler) Draining() bool { return h.ready.draining.Load() }

// Health answers 200 as long as the process can answer at all.
func (h *Handler) Health() http.Handler {
	return reading(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, struct {
			Status Status `json:"status"`
		}{OK})
	}))
}

// Ready answers 200 while the process can serve, else 503, with the state of each part and the reason, but without the
// details that the operators' /readyz shows: they can name hosts and users.
func (h *Handler) Ready() http.Handler { return reading(h.ready.handler(false)) }

// Version answers with the Build.
func (h *Handler) Version() http.Handler {
	return reading(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, h.build)
	}))
}

// reading lets GET and HEAD through and answers everything else with 405.
func reading(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD are answered here", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// writeJSON answers with a body that nobody may keep. net/http leaves the body of a HEAD out by itself.
func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails only when the client has gone
}
