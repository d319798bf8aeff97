package problem

import (
	"fmt"
	"net/http"

	"github.com/gable-listings/gable/adapters/web/exchange"
)

// RefusalError is an error that already carries its problem document.
type RefusalError struct{ Document Document }

// Error returns the problem's detail.
func (r *RefusalError) Error() string { return r.Document.Detail }

// Refuse returns the error for a problem that a web package detects itself. The detail is a whole sentence.
func Refuse(t Type, detail string, args ...any) error {
	return &RefusalError{t.New(fmt.Sprintf(detail, args...))}
}

// Fail answers a request with the problem for an error. The cause of a 5xx goes to the log only.
func Fail(w http.ResponseWriter, r *http.Request, err error) {
	Write(w, r, Record(w, err))
}

// Record returns the problem for an error, with the id of its request. It leaves the cause of a 5xx in the exchange for
// the log.
func Record(w http.ResponseWriter, err error) Document {
	document := From(err)
	if e := exchange.Of(w); e != nil {
		document.RequestID = e.RequestID
		if document.Status >= http.StatusInternalServerError {
			e.Err = err
		}
	}
	return document
}
