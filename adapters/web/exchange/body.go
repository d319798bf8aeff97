package exchange

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gable-listings/gable/ports"
)

// errNoRoom reports that too many bodies are being received.
var errNoRoom = fmt.Errorf("receive a body: %w", ports.ErrBusy)

// ErrSlow reports that a client did not send its body in time.
var ErrSlow = errors.New("the body did not come in time")

// ReadBody reads the body of a request to its end. Identify the client first: a body takes memory and time. The body
// may have at most limit bytes and must arrive within the time; 0 stands for the server's own limit. Errors:
// *http.MaxBytesError, ports.ErrBusy, ErrSlow, and those of reading.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64, within time.Duration) (body []byte, err error) {
	if r.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	expected := limit
	if r.ContentLength >= 0 {
		expected = r.ContentLength
	}
	control := http.NewResponseController(w)
	if within > 0 {
		_ = control.SetReadDeadline(time.Now().Add(within)) // a server without deadlines waits anyway
	}
	read := func() { body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, limit)) }
	e := Of(w)
	if e == nil || e.Receive == nil {
		read()
	} else if !e.Receive(expected, read) {
		return nil, errNoRoom
	}
	var late interface{ Timeout() bool }
	if errors.As(err, &late) && late.Timeout() {
		return nil, fmt.Errorf("%w: %w", ErrSlow, err)
	}
	if err != nil {
		return nil, err
	}
	if e != nil {
		e.Unread = false
	}
	if within > 0 {
		_ = control.SetReadDeadline(time.Time{}) // or the deadline would end the request
	}
	return body, nil
}
