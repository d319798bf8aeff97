// Package route makes a path of the router answer all methods as HTTP requires. HEAD is answered like GET; OPTIONS and
// methods without a handler are answered here, since the router would not. It does not look at the answers.
package route

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
)

// Handler answers a request, or returns an error and has then written nothing.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Fail answers a request whose handler returned an error.
type Fail func(w http.ResponseWriter, r *http.Request, err error)

// Methods are the handlers of one path.
type Methods map[string]Handler

// Handle registers the methods of a path, and sets the exchange's route to its template.
func Handle(router *mux.Router, template string, m Methods, fail Fail) {
	router.HandleFunc(template, func(w http.ResponseWriter, r *http.Request) {
		if e := exchange.Of(w); e != nil {
			e.Route = template
		}
		if err := m.serve(w, r); err != nil {
			fail(w, r, err)
		}
	})
}

// HandlePage registers a page that can only be read.
func HandlePage(router *mux.Router, template string, page http.Handler) {
	Handle(router, template, Methods{http.MethodGet: func(w http.ResponseWriter, r *http.Request) error {
		page.ServeHTTP(w, r)
		return nil
	}}, problem.Fail)
}

func (m Methods) serve(w http.ResponseWriter, r *http.Request) error {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if answer, ok := m[method]; ok {
		return answer(w, r)
	}
	w.Header().Set("Allow", m.allow())
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return problem.Refuse(problem.MethodNotAllowed,
		"%s is not among the methods of this address: %s.", r.Method, m.allow())
}

func (m Methods) allow() string {
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
