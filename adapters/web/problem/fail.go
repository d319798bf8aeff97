package problem

import (
	"fmt"
	"net/http"

	"github.com/gable-listings/gable/adapters/web/exchange"
)

// RefusalError is an error that is a problem document already.
type RefusalError struct{ Document Document }

// Error is the problem's detail.
func (r *RefusalError) Error() string { return r.Document.Detail }

// Refuse is the error for a problem that the web room sees by itself; the detail is a whole sentence.
func Refuse(t Type, detail string, args ...any) error {
	return &RefusalError{t.New(fmt.Sprintf(detail, args...))}
}

// Fail answers a request with the problem that an error is. The cause of a 5xx goes to the log only.
func Fail(w http.ResponseWriter, r *http.Request, err error) {
	Write(w, r, Noted(w, err))
}

// Noted is the problem that an error is, with the id of its request. The cause of a 5xx is left for the log.
func Noted(w http.ResponseWriter, err error) Document {
	document := From(err)
	if e := exchange.Of(w); e != nil {
		document.RequestID = e.RequestID
		if document.Status >= http.StatusInternalServerError {
			e.Err = err
		}
	}
	return document
}
