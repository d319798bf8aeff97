package exchange

import (
	"io"
	"net/http"
	"time"
)

// Patience is how long a client that sends or takes a stream may be silent.
const Patience = 30 * time.Second

// PatientReader gives each read of a request's body its own time instead of the whole body one.
func PatientReader(body io.Reader, w http.ResponseWriter) io.Reader {
	return patientReader{body, http.NewResponseController(w)}
}

type patientReader struct {
	io.Reader
	control *http.ResponseController
}

func (p patientReader) Read(b []byte) (int, error) {
	extend(p.control)
	return p.Reader.Read(b)
}

func extend(control *http.ResponseController) {
	now := time.Now()
	_ = control.SetReadDeadline(now.Add(Patience)) // a server without deadlines is patient by itself
	_ = control.SetWriteDeadline(now.Add(2 * Patience))
}

// Steps gives a request whose work takes as long as it needs new time with each step: call what it returns at each,
// however often they come. No single step may take longer than Patience. It is not safe for concurrent use.
func Steps(w http.ResponseWriter) func() {
	const pause = time.Second // between two looks at the connection; steps are many
	control, last := http.NewResponseController(w), time.Time{}
	return func() {
		if now := time.Now(); now.Sub(last) >= pause {
			last = now
			extend(control)
		}
	}
}

// PatientWriter gives each write of an answer its own time instead of the whole answer one.
type PatientWriter struct {
	Started bool // something has been written

	w       io.Writer
	control *http.ResponseController
}

// NewPatientWriter makes a writer of the answer's body.
func NewPatientWriter(w http.ResponseWriter) *PatientWriter {
	return &PatientWriter{w: w, control: http.NewResponseController(w)}
}

// Write implements io.Writer.
func (p *PatientWriter) Write(b []byte) (int, error) {
	p.Started = true
	_ = p.control.SetWriteDeadline(time.Now().Add(Patience))
	return p.w.Write(b)
}

// Flush sends what has been written.
func (p *PatientWriter) Flush() error { return p.control.Flush() }
