package exchange

import (
	"io"
	"net/http"
	"time"
)

// IdleTimeout is how long a client may pause while it sends or receives a stream.
const IdleTimeout = 30 * time.Second

// NewIdleReader applies IdleTimeout to each read of a request's body instead of a deadline to the whole body.
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
	_ = control.SetReadDeadline(now.Add(IdleTimeout)) // a server without deadlines waits anyway
	_ = control.SetWriteDeadline(now.Add(2 * IdleTimeout))
}

// Steps extends the deadlines of a request whose work takes as long as it needs. Call the returned function at each
// step, however often steps come. No single step may take longer than IdleTimeout. It is not safe for concurrent use.
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

// IdleWriter applies IdleTimeout to each write of an answer instead of a deadline to the whole answer.
type IdleWriter struct {
	Started bool // something has been written

	w       io.Writer
	control *http.ResponseController
}

// NewIdleWriter makes a writer for the answer's body.
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
