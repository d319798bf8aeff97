// Package ops answers the people and machines that operate Gable: liveness, readiness, the build, metrics and profiles.
// It only observes: no request changes what the service does, except for the level of the log, and it never decides by
// itself that the service should stop.
package ops

import (
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Build identifies the running program.
type Build struct {
	Version   string    `json:"version"` // the release, v1.2.3
	Commit    string    `json:"commit"`  // the source it was built from
	Go        string    `json:"go"`      // the Go release it was built with
	StartedAt time.Time `json:"started_at,omitzero"`
}

// Options of a Handler.
type Options struct {
	Checks   []Check             // the checks of readiness; names are unique
	Gatherer prometheus.Gatherer // the figures behind /metrics, usually a *prometheus.Registry
	Build    Build
	LogLevel http.Handler // reads and changes the level of the log
	Hosts    []string     // full host names that requests may use; see ServeHTTP
	// Exemplars makes /metrics answer in the OpenMetrics format, which has a place for exemplars, to clients that
	// accept it.
	Exemplars bool
}

// Handler answers /healthz, /readyz, /version, /metrics, /log/level and /debug/pprof/. It is meant for a listener that
// only operators reach. Health, Ready and Version are safe for the public and can be mounted there too.
type Handler struct {
	mux   *http.ServeMux
	all   http.Handler // the mux behind its guard
	ready *readiness
	build Build
}

// New makes the handler. It runs no check before the first request.
func New(o Options) *Handler {
	h := &Handler{mux: http.NewServeMux(), ready: newReadiness(o.Checks), build: o.Build}
	h.all = guard(o.Hosts, h.mux)
	h.mux.Handle("/healthz", h.Health())
	h.mux.Handle("/readyz", readOnly(h.ready.handler(true)))
	h.mux.Handle("/version", h.Version())
	h.mux.Handle("/metrics",
		readOnly(promhttp.HandlerFor(o.Gatherer, promhttp.HandlerOpts{EnableOpenMetrics: o.Exemplars})))
	h.mux.Handle("/log/level", o.LogLevel)
	profile := limitProfiles()
	h.mux.Handle("/debug/pprof/", profile(pprof.Index))
	h.mux.Handle("/debug/pprof/cmdline", profile(pprof.Cmdline))
	h.mux.Handle("/debug/pprof/profile", profile(pprof.Profile))
	h.mux.Handle("/debug/pprof/trace", profile(pprof.Trace))
	h.mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol) // go tool pprof uses POST
	return h
}

// ServeHTTP answers on the operators' listener. It accepts requests for an IP address, localhost, a name without a dot
// or one of the Hosts, and none from a page of another site.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.all.ServeHTTP(w, r) }

// SetDraining makes readiness "down" for good, so that load balancers stop sending work before the listener closes.
func (h *Handler) SetDraining() { h.ready.draining.Store(true) }

// Draining reports whether SetDraining has been called.
func (h *Handler) Draining() bool { return h.ready.draining.Load() }

// Health answers 200 as long as the process can answer at all.
func (h *Handler) Health() http.Handler {
	return readOnly(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, struct {
			Status Status `json:"status"`
		}{OK})
	}))
}

// Ready answers 200 while the process can serve, else 503, with the state of each part and the reason. It omits the
// details of the operators' /readyz, which can name hosts and users.
func (h *Handler) Ready() http.Handler { return readOnly(h.ready.handler(false)) }

// Version answers with the Build.
func (h *Handler) Version() http.Handler {
	return readOnly(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, h.build)
	}))
}

// readOnly passes GET and HEAD on and answers everything else with 405.
func readOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD are allowed here", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// writeJSON answers with a body that may not be stored. net/http omits the body of a HEAD by itself.
func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails only when the client has left
}
