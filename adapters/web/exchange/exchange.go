// Package exchange is one HTTP request and its response as the whole web room sees it: who asked (the request id), how it
// was answered (status, bytes, route) and what the caches did. The outermost handler makes one around each response
// writer; whoever has the writer finds it with Of. It writes nothing of its own.
package exchange

import (
	"net/http"
	"net/netip"
	"sync"

	"github.com/gable-listings/gable/adapters/web/consistency"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// Exchange is a response writer that remembers what passed through it. It belongs to one request.
type Exchange struct {
	http.ResponseWriter

	RequestID string
	// Base is the path below which the service answers, for the addresses in answers; "" for the whole host.
	Base string
	// Client is the address that the request comes from (Proxies.Client); zero when it has none.
	Client netip.Addr
	// KeyID is the id of the API key that the request has been recognised by, or "".
	KeyID string
	// Route is the template of the route that answered, such as /v1/properties/{id}, for logs and metrics; it never holds
	// what a client wrote.
	Route string
	// Actor is who has proved to make the request, as histories name them: "key importer", or an account's name.
	Actor string
	// View is what the view cache did, and Query what the query cache did.
	View, Query cachestat.Outcome
	// Directives are what the request asks of the caches.
	Directives consistency.Directives
	// Read has what the caches may do for this request. The directives are in it once it is Prepared.
	Read     ports.ReadOptions
	Prepared bool
	// Err is the cause behind a 5xx answer, which only the log may show.
	Err error
	// Receive, if not nil, runs the reading of a body of at most so many bytes, and reports false when there is no room
	// for them.
	Receive func(bytes int64, read func()) bool
	// Unread says that there is a body which has not been read to its end. An answer then closes its connection: to go on
	// with it, the server would have to wait for the rest before it could answer.
	Unread bool
	// Leaving reports whether the server is about to go. An answer then closes its connection, so that the client's next
	// request finds another server and not a connection that is being closed. It may be nil.
	Leaving func() bool

	status int
	bytes  int64
}

var pool sync.Pool

// New makes the exchange for a response writer.
func New(w http.ResponseWriter, requestID string) *Exchange {
	e, ok := pool.Get().(*Exchange)
	if !ok {
		e = new(Exchange)
	}
	*e = Exchange{ResponseWriter: w, RequestID: requestID}
	return e
}

// Free gives the exchange back when its request is over. Nobody may use it afterwards.
func (e *Exchange) Free() {
	e.ResponseWriter = nil
	pool.Put(e)
}

// Of finds the exchange around a response writer, or nil when there is none.
func Of(w http.ResponseWriter) *Exchange {
	for {
		switch v := w.(type) {
		case *Exchange:
			return v
		case interface{ Unwrap() http.ResponseWriter }:
			w = v.Unwrap()
		default:
			return nil
		}
	}
}

// SetActor notes in the exchange around a response writer who makes the request.
func SetActor(w http.ResponseWriter, actor string) {
	if e := Of(w); e != nil {
		e.Actor = actor
	}
}

// ClientOf is the client's address in the exchange around a response writer.
func ClientOf(w http.ResponseWriter) netip.Addr {
	if e := Of(w); e != nil {
		return e.Client
	}
	return netip.Addr{}
}

// BaseOf is the path in the exchange around a response writer below which the service answers.
func BaseOf(w http.ResponseWriter) string {
	if e := Of(w); e != nil {
		return e.Base
	}
	return ""
}

// DirectivesOf is what the exchange around a response writer asks of the caches.
func DirectivesOf(w http.ResponseWriter) consistency.Directives {
	if e := Of(w); e != nil {
		return e.Directives
	}
	return consistency.Directives{}
}

// Counted is for whom the request is counted: the holder of its key, or its address.
func (e *Exchange) Counted() ports.Client {
	if e.KeyID != "" {
		return ports.ClientWith(e.KeyID)
	}
	return ports.ClientAt(e.Client)
}

// Status is the status code sent; 200 when the handler never named one.
func (e *Exchange) Status() int {
	if e.status == 0 {
		return http.StatusOK
	}
	return e.status
}

// Bytes is how many bytes of body were written.
func (e *Exchange) Bytes() int64 { return e.bytes }

// Started reports whether the head of the response has been written.
func (e *Exchange) Started() bool { return e.status != 0 }

// WriteHeader implements http.ResponseWriter.
func (e *Exchange) WriteHeader(status int) {
	if e.status == 0 && status >= http.StatusOK {
		e.begin(status)
	}
	e.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (e *Exchange) Write(b []byte) (int, error) {
	if e.status == 0 {
		e.begin(http.StatusOK)
	}
	n, err := e.ResponseWriter.Write(b)
	e.bytes += int64(n)
	return n, err
}

// begin comes before the head of the response is written.
func (e *Exchange) begin(status int) {
	e.status = status
	if e.Unread || e.Leaving != nil && e.Leaving() {
		e.Header()["Connection"] = []string{"close"}
	}
}

// Finish writes the head of a response that has none yet.
func (e *Exchange) Finish() {
	if !e.Started() {
		e.WriteHeader(http.StatusOK)
	}
}

// Unwrap lets http.ResponseController reach the writer inside.
func (e *Exchange) Unwrap() http.ResponseWriter { return e.ResponseWriter }

// SetPolicy sets the headers of an answer that a browser shows as a page: its Content-Security-Policy, that no other
// host receives its address, that its type means what it says, and that no page of another host frames it or holds
// its window.
func SetPolicy(h http.Header, policy string) {
	h["Content-Security-Policy"] = []string{policy}
	h["Referrer-Policy"] = []string{"same-origin"}
	h["X-Content-Type-Options"] = []string{"nosniff"}
	h["X-Frame-Options"] = []string{"DENY"}
	h["Cross-Origin-Opener-Policy"] = []string{"same-origin"}
}
