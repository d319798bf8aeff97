package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/domain/property"
)

// refusal is an error that is a problem document already.
type refusal struct{ document problem.Document }

// Error is the problem's detail.
func (r *refusal) Error() string { return r.document.Detail }

// refuse is the error for a problem that this package sees by itself; the detail is a whole sentence.
func refuse(t problem.Type, detail string, args ...any) error {
	return &refusal{t.New(fmt.Sprintf(detail, args...))}
}

// badParameter is the error for one parameter; the reason completes the sentence that begins with its name.
func badParameter(name, reason string, args ...any) error {
	if name == "" {
		return refuse(problem.InvalidRequest, reason, args...)
	}
	return parameterErrors(property.Invalid(name, reason, args...))
}

// parameterErrors is an error of parsing parameters, named by parameter rather than by place in a body.
func parameterErrors(err error) error { return &refusal{problem.FromSearch(err)} }

// fail answers a request with the problem that an error is. The cause of a 5xx goes to the log only.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	var known *refusal
	document := problem.From(err)
	if errors.As(err, &known) {
		document = known.document
	}
	if e := exchange.Of(w); e != nil {
		document.RequestID = e.RequestID
		if document.Status >= http.StatusInternalServerError {
			e.Err = err
		}
	}
	problem.Write(w, r, document)
}

// Fail answers a request with the problem that an error is, for handlers outside this package.
func Fail(w http.ResponseWriter, r *http.Request, err error) { fail(w, r, err) }

// Unavailable answers a request that the service has no room for.
func Unavailable(w http.ResponseWriter, r *http.Request, detail string) {
	fail(w, r, refuse(problem.Unavailable, "%s", detail))
}
