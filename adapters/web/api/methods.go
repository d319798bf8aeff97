package api

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gorilla/mux"
)

// handler answers a request, or returns why it could not; it has then written nothing.
type handler func(w http.ResponseWriter, r *http.Request) error

// methods are the handlers of one path. HEAD is answered by GET's; OPTIONS and wrong methods by the path itself, since the
// router would leave all three out.
type methods map[string]handler

// handle registers the methods of a path and notes its template as the exchange's route.
func handle(router *mux.Router, template string, m methods) {
	router.HandleFunc(template, func(w http.ResponseWriter, r *http.Request) {
		if e := exchange.Of(w); e != nil {
			e.Route = template
		}
		m.serve(w, r)
	})
}

// HandlePage registers something that can only be read.
func HandlePage(router *mux.Router, template string, page http.Handler) {
	handle(router, template, methods{http.MethodGet: func(w http.ResponseWriter, r *http.Request) error {
		page.ServeHTTP(w, r)
		return nil
	}})
}

func (m methods) serve(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	answer, ok := m[method]
	switch {
	case ok:
		if err := answer(w, r); err != nil {
			fail(w, r, err)
		}
	case r.Method == http.MethodOptions:
		w.Header().Set("Allow", m.allow())
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", m.allow())
		fail(w, r, refuse(problem.MethodNotAllowed, "%s is not among the methods of this path: %s.", r.Method, m.allow()))
	}
}

func (m methods) allow() string {
	names := slices.Collect(maps.Keys(m))
	if _, ok := m[http.MethodGet]; ok {
		names = append(names, http.MethodHead)
	}
	names = append(names, http.MethodOptions)
	slices.SortFunc(names, func(a, b string) int {
		const order = "GET HEAD POST PUT PATCH DELETE OPTIONS"
		return strings.Index(order, a) - strings.Index(order, b)
	})
	return strings.Join(names, ", ")
}

// NotFound answers every path that no route has.
func NotFound(w http.ResponseWriter, r *http.Request) {
	fail(w, r, refuse(problem.NotFound, "Nothing is at this address; /docs shows what there is."))
}
