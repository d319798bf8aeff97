package web

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
)

// Observe receives every request that has been answered. It must be quick. The trace id is that of the recorded trace
// that the request belongs to, or "".
type Observe func(route, method string, status int, took time.Duration, bytes int64, traceID string)

// Trace begins the span of a request. It returns the request whose context carries the span, the trace id, and a
// function that ends the span. The trace id is "" when the request is not recorded.
type Trace func(r *http.Request) (traced *http.Request, traceID string, end func(method, route string, status int))

// observe adds to every request an id, a log line and metrics, and answers it even when a handler panics.
func (o Options) observe(next http.Handler) http.Handler {
	ids := newRequestIDs()
	var unlisted sync.Once
	var strict []string
	if o.StrictTransport != "" {
		strict = []string{o.StrictTransport}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		e := exchange.New(w, ids.of(r))
		e.Leaving, e.Base = o.Leaving, o.Base
		if e.Client = o.Proxies.Client(r); exchange.Forwarded(r) && o.disbelieves(r) {
			unlisted.Do(func() {
				o.Log.Warn("a proxy is not on http.trusted_proxies and is not believed",
					zap.String("peer", exchange.AddressText(e.Client)))
			})
		}
		recorded, end := "", func(string, string, int) {}
		if o.Trace != nil {
			r, recorded, end = o.Trace(r)
		}
		e.Unread = r.ContentLength != 0 && r.ProtoMajor == 1 // HTTP/2 has a stream for each request
		w.Header()["X-Request-Id"] = []string{e.RequestID}
		if strict != nil {
			w.Header()["Strict-Transport-Security"] = strict
		}
		defer func() {
			caught := recover()
			err, _ := caught.(error)
			aborted := errors.Is(err, http.ErrAbortHandler)
			if caught != nil && !aborted {
				aborted = e.Started() // the answer is incomplete, and must not look complete
				o.answerPanic(e, r, caught)
			}
			o.record(e, r, time.Since(began), recorded)
			end(knownMethod(r.Method), routeOf(e), e.Status())
			e.Free()
			if aborted {
				panic(http.ErrAbortHandler) // how a handler breaks the connection off
			}
		}()
		next.ServeHTTP(e, r)
		e.Finish()
	})
}

// disbelieves reports whether a request that names its client comes from an unlisted proxy. Such a proxy is a peer on
// this machine or in a private network, as proxies are, that is not on the list.
func (o Options) disbelieves(r *http.Request) bool {
	peer := exchange.Peer(r)
	return (!peer.IsValid() || peer.IsLoopback() || peer.IsPrivate()) && !o.Proxies.Contains(peer)
}

var errPanic = errors.New("panic")

// answerPanic answers a request whose handler panicked: with a problem if nothing has been sent, else by breaking the
// connection off.
func (o Options) answerPanic(e *exchange.Exchange, r *http.Request, caught any) {
	o.Log.Error("handler panicked", zap.String("request_id", e.RequestID), zap.Any("panic", caught), zap.Stack("stack"))
	if !e.Started() {
		problem.Fail(e, r, fmt.Errorf("%w: %v", errPanic, caught))
	}
}

const (
	noRoute = "none"
	// longestLogged bounds the texts of a client in a log line, in bytes.
	longestLogged = 256
	// loggedHash is how many digits of the hash of an unknown key's secret the log contains: enough to find a revoked
	// key in the database.
	loggedHash = 16
)

// record writes the request's log line and counts the request.
func (o Options) record(e *exchange.Exchange, r *http.Request, took time.Duration, recorded string) {
	route, status := routeOf(e), e.Status()
	o.Observe(route, knownMethod(r.Method), status, took, e.Bytes(), recorded)
	level := zapcore.InfoLevel
	switch {
	case status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable:
		level = zapcore.ErrorLevel
	case status == http.StatusServiceUnavailable:
		level = zapcore.WarnLevel
	}
	log := o.Log
	if status < http.StatusBadRequest && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		log = o.Reads
	}
	entry := log.Check(level, "request")
	if entry == nil {
		return
	}
	fields := append(make([]zap.Field, 0, 16),
		zap.String("request_id", e.RequestID),
		zap.String("method", knownMethod(r.Method)),
		zap.String("route", route),
		zap.String("path", exchange.Loggable(r.URL.Path, longestLogged)),
		zap.Int("status", status),
		zap.Float64("took_ms", float64(took.Microseconds())/1e3),
		zap.Int64("bytes", e.Bytes()),
		zap.Stringer("view", e.View),
		zap.Stringer("query", e.Query),
		zap.String("client", exchange.AddressText(e.Client)),
		zap.String("user_agent", exchange.Loggable(r.UserAgent(), longestLogged)),
	)
	if e.Actor != "" {
		fields = append(fields, zap.String("actor", e.Actor))
	}
	if _, hash := secretOf(r); hash != "" && status == http.StatusUnauthorized {
		fields = append(fields, zap.String("key_hash", hash[:loggedHash]))
	}
	if trace := cmp.Or(recorded, traceID(r.Header.Get("Traceparent"))); trace != "" {
		fields = append(fields, zap.String("trace_id", trace))
	}
	if e.Err != nil {
		fields = append(fields, zap.Error(e.Err))
	}
	entry.Write(fields...)
}

func routeOf(e *exchange.Exchange) string { return cmp.Or(e.Route, noRoute) }

// knownMethod returns the method, or "other": invented methods do not get into logs and metrics.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions:
		return method
	}
	return "other"
}

// traceID returns the trace id of a W3C traceparent header, or "" without a valid one.
func traceID(header string) string {
	parts := strings.Split(header, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || len(parts[1]) != 32 || len(parts[2]) != 16 {
		return ""
	}
	if _, err := hex.DecodeString(parts[1]); err != nil || strings.Trim(parts[1], "0") == "" {
		return ""
	}
	return parts[1]
}

// requestIDs makes the ids of requests: the client's if it is well formed, else a number that no other process uses.
type requestIDs struct {
	start uint64
	count atomic.Uint64
}

func newRequestIDs() *requestIDs { return &requestIDs{start: rand.Uint64()} }

const longestRequestID = 64

func (ids *requestIDs) of(r *http.Request) string {
	if sent := r.Header["X-Request-Id"]; len(sent) == 1 && wellFormed(sent[0]) {
		return sent[0]
	}
	var number [8]byte
	var text [16]byte
	binary.BigEndian.PutUint64(number[:], ids.start+ids.count.Add(1))
	hex.Encode(text[:], number[:])
	return string(text[:])
}

func wellFormed(id string) bool {
	if id == "" || len(id) > longestRequestID {
		return false
	}
	for i := range len(id) {
		c := id[i]
		alphanumeric := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !alphanumeric && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}
