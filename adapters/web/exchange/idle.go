package exchange

import (
	"io"
	"net/http"
	"time"
)

// IdleTimeout is how long a client that sends or takes a stream may be silent.
const IdleTimeout = 30 * time.Second

// NewIdleReader gives each read of a request's body its own time instead of the whole body one.
func NewIdleReader(body io.Reader, w http.ResponseWriter) io.Reader {
	return idleReader{body, http.NewResponseController(w)}
}

type idleReader struct {
	io.Reader
	control *http.ResponseController
}

func (p idleReader) Read(b []byte) (int, error) {
	extend(p.control)
	return p.Reader.Read(b)
}

func extend(control *http.ResponseController) {
	now := time.Now()
	_ = control.SetReadDeadline(now.Add(IdleTimeout)) // a server without deadlines is patient by itself
	_ = control.SetWriteDeadline(now.Add(2 * IdleTimeout))
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

// IdleWriter gives each write of an answer its own time instead of the whole answer one.
type IdleWriter struct {
	Started bool // something has been written

	w       io.Writer
	control *http.ResponseController
}

// NewIdleWriter makes a writer of the answer's body.
func NewIdleWriter(w http.ResponseWriter) *IdleWriter {
	return &IdleWriter{w: w, control: http.NewResponseController(w)}
}

// Write implements io.Writer.
func (p *IdleWriter) Write(b []byte) (int, error) {
	p.Started = true
	_ = p.control.SetWriteDeadline(time.Now().Add(IdleTimeout))
	return p.w.Write(b)
}

// Flush sends what has been written.
func (p *IdleWriter) Flush() error { return p.control.Flush() }
