// Package exchange is one HTTP request and its response as all web packages see it. It holds the identity of the client
// (the request id), the answer (status, bytes, route) and what the caches did. The outermost handler makes one around
// each response writer; code that has the writer finds it with Of. It writes nothing of its own.
package exchange

import (
	"net/http"
	"net/netip"
	"sync"

	"github.com/gable-listings/gable/adapters/web/consistency"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// Exchange is a response writer that records what passes through it. It belongs to one request.
type Exchange struct {
	http.ResponseWriter

	RequestID string
	// Base is the path below which the service answers, for addresses in answers; "" for the whole host.
	Base string
	// Client is the address that the request comes from (Proxies.Client); zero when it has none.
	Client netip.Addr
	// KeyID is the id of the API key that identified the client, or "".
	KeyID string
	// Route is the template of the route that answered, such as /v1/properties/{id}, for logs and metrics. It never
	// contains text of a client.
	Route string
	// Actor is the authenticated author of the request, as histories name it: "key importer", or the name of an
	// account.
	Actor string
	// View is what the view cache did, and Query what the query cache did.
	View, Query cachestat.Outcome
	// Directives are what the request asks of the caches.
	Directives consistency.Directives
	// Read holds what the caches may do for this request. It includes the directives once the exchange is Prepared.
	Read     ports.ReadOptions
	Prepared bool
	// Err is the cause of a 5xx answer, for the log only.
	Err error
	// Receive, if not nil, runs the reading of a body of at most so many bytes. It reports false, and reads nothing,
	// without room for them.
	Receive func(bytes int64, read func()) bool
	// Unread reports a body that has not been read to its end. An answer then closes its connection: to reuse it, the
	// server would have to wait for the rest before it could answer.
	Unread bool
	// Leaving reports whether the server is about to stop. An answer then closes its connection, so that the client's
	// next request finds another server instead of a connection that is being closed. It may be nil.
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

// Free recycles the exchange when its request is over. The exchange may not be used afterwards.
func (e *Exchange) Free() {
	e.ResponseWriter = nil
	pool.Put(e)
}

// Of returns the exchange around a response writer, or nil.
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

// SetActor sets the actor in the exchange around a response writer.
func SetActor(w http.ResponseWriter, actor string) {
	if e := Of(w); e != nil {
		e.Actor = actor
	}
}

// ClientOf returns the client's address in the exchange around a response writer.
func ClientOf(w http.ResponseWriter) netip.Addr {
	if e := Of(w); e != nil {
		return e.Client
	}
	return netip.Addr{}
}

// BaseOf returns the base path in the exchange around a response writer.
func BaseOf(w http.ResponseWriter) string {
	if e := Of(w); e != nil {
		return e.Base
	}
	return ""
}

// DirectivesOf returns the directives in the exchange around a response writer.
func DirectivesOf(w http.ResponseWriter) consistency.Directives {
	if e := Of(w); e != nil {
		return e.Directives
	}
	return consistency.Directives{}
}

// Counted returns the client that the request is charged to: the holder of its key, or its address.
func (e *Exchange) Counted() ports.Client {
	if e.KeyID != "" {
		return ports.ClientWith(e.KeyID)
	}
	return ports.ClientAt(e.Client)
}

// Status returns the status code sent; 200 when the handler has set none.
func (e *Exchange) Status() int {
	if e.status == 0 {
		return http.StatusOK
	}
	return e.status
}

// Bytes returns how many bytes of the body were written.
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

// begin runs before the head of the response is written.
func (e *Exchange) begin(status int) {
	e.status = status
	if e.Unread || e.Leaving != nil && e.Leaving() {
		e.Header()["Connection"] = []string{"close"}
	}
}

// Finish writes the head of the response unless it has been written.
func (e *Exchange) Finish() {
	if !e.Started() {
		e.WriteHeader(http.StatusOK)
	}
}

// Unwrap lets http.ResponseController reach the writer inside.
func (e *Exchange) Unwrap() http.ResponseWriter { return e.ResponseWriter }

// SetPolicy sets the security headers of an HTML answer. They are the Content-Security-Policy, and headers that hide
// the address from other hosts, fix the content type, and stop pages of other hosts from framing the page or holding
// its window.
func SetPolicy(h http.Header, policy string) {
	h["Content-Security-Policy"] = []string{policy}
	h["Referrer-Policy"] = []string{"same-origin"}
	h["X-Content-Type-Options"] = []string{"nosniff"}
	h["X-Frame-Options"] = []string{"DENY"}
	h["Cross-Origin-Opener-Policy"] = []string{"same-origin"}
}
