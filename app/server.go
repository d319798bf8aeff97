package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"go.uber.org/zap"
)

// listener is one address that answers HTTP.
type listener struct {
	name    string
	secure  bool   // listens with TLS
	base    string // path below which it answers
	server  *http.Server
	address string
	died    func(error) // called when the server ends by itself
	bound   net.Addr
	proxies exchange.Proxies // those that begin their connections with the PROXY protocol
}

// newListener makes a listener with deadlines on everything a client can be slow at.
func newListener(name, address string, h http.Handler, c HTTPConfig, log *zap.Logger, died func(error)) *listener {
	const longestHeader = 32 << 10
	return &listener{name: name, address: address, died: died, server: &http.Server{
		Handler:           careful(h),
		ReadHeaderTimeout: min(c.ReadTimeout, 5*time.Second),
		ReadTimeout:       c.ReadTimeout,
		WriteTimeout:      c.WriteTimeout,
		IdleTimeout:       c.IdleTimeout,
		MaxHeaderBytes:    longestHeader,
		ErrorLog:          zap.NewStdLog(log.Named(name)),
	}}
}

// careful adds what holds for every answer of a listener: its type means what it says, and its connection closes unless
// the length of the request is beyond dispute. A Content-Length beside Transfer-Encoding, a folded Transfer-Encoding,
// and one in HTTP/1.0 are gone before a handler could see them, and a proxy in front may have read each otherwise.
// Closing the connection of every chunked and every old request leaves no next request to disagree about (RFC 9112,
// section 6.1).
func careful(next http.Handler) http.Handler {
	nosniff := []string{"nosniff"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Content-Type-Options"] = nosniff
		if len(r.TransferEncoding) > 0 || !r.ProtoAtLeast(1, 1) {
			w.Header()["Connection"] = []string{"close"}
		}
		next.ServeHTTP(w, r)
	})
}

// start takes the port, so that a taken one fails the start, and answers from then on.
func (l *listener) start(ctx context.Context) error {
	socket, err := listenOn(ctx, l.address)
	if err != nil {
		return fmt.Errorf("listen for %s on %s: %w", l.name, l.address, err)
	}
	l.bound = socket.Addr()
	if len(l.proxies) > 0 {
		socket = proxied(socket, l.proxies, l.server.ReadHeaderTimeout)
	}
	go func() {
		if err := l.serve(socket); !errors.Is(err, http.ErrServerClosed) {
			l.died(fmt.Errorf("serve %s: %w", l.name, err))
		}
	}()
	return nil
}

// serve answers, by HTTP/2 as well where there is TLS.
func (l *listener) serve(socket net.Listener) error {
	if l.secure {
		return l.server.ServeTLS(socket, "", "") // the configuration has the certificate
	}
	return l.server.Serve(socket)
}

// url is where the listener answers, for people; the path of a socket.
func (l *listener) url() string {
	switch _, socket := socketPath(l.address); {
	case socket:
		return l.address
	case l.secure:
		return "https://" + l.bound.String() + l.base
	}
	return "http://" + l.bound.String() + l.base
}

// stop lets the requests under way finish, and cuts off those that outlast the context.
func (l *listener) stop(ctx context.Context) error {
	err := l.server.Shutdown(ctx)
	if err != nil {
		_ = l.server.Close() // the context is over; what is still open has had its time
	}
	return err
}
