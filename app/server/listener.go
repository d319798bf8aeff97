package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/ops"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/app/config"
)

// Listener is one address that answers HTTP.
type Listener struct {
	name    string
	secure  bool   // listens with TLS
	base    string // path below which it answers
	server  *http.Server
	address string
	failed  func(error) // called when the server fails
	bound   net.Addr
	proxies exchange.Proxies // the peers that use the PROXY protocol
}

// newListener makes a listener with a deadline on each part of a request and its answer.
func newListener(
	name, address string, h http.Handler, c config.HTTPConfig, log *zap.Logger, failed func(error),
) *Listener {
	const longestHeader = 32 << 10
	return &Listener{name: name, address: address, failed: failed, server: &http.Server{
		Handler:           careful(h),
		ReadHeaderTimeout: min(c.ReadTimeout, 5*time.Second),
		ReadTimeout:       c.ReadTimeout,
		WriteTimeout:      c.WriteTimeout,
		IdleTimeout:       c.IdleTimeout,
		MaxHeaderBytes:    longestHeader,
		ErrorLog:          zap.NewStdLog(log.Named(name)),
	}}
}

// careful adds the headers of every answer of a listener. It sets nosniff, and it closes the connection unless the
// length of the request is beyond dispute. net/http removes a Content-Length beside Transfer-Encoding, a folded
// Transfer-Encoding, and one in HTTP/1.0 before a handler sees them, and a proxy in front may have read each of them
// differently. Closing the connection of every chunked and every HTTP/1.0 request leaves no next request to disagree
// about (RFC 9112, section 6.1).
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

// start opens the port, so that a port in use fails the start, and serves from then on.
func (l *Listener) start(ctx context.Context) error {
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
			l.failed(fmt.Errorf("serve %s: %w", l.name, err))
		}
	}()
	return nil
}

// serve answers requests, with TLS by HTTP/2 as well.
func (l *Listener) serve(socket net.Listener) error {
	if l.secure {
		return l.server.ServeTLS(socket, "", "") // the configuration has the certificate
	}
	return l.server.Serve(socket)
}

// URL returns the address of the listener for people; unix:PATH for a socket.
func (l *Listener) URL() string {
	switch _, socket := config.SocketPath(l.address); {
	case socket:
		return l.address
	case l.secure:
		return "https://" + l.bound.String() + l.base
	}
	return "http://" + l.bound.String() + l.base
}

// Addr returns the bound address; nil before the start.
func (l *Listener) Addr() net.Addr { return l.bound }

// stop lets the current requests finish, and cuts off those that outlast the context.
func (l *Listener) stop(ctx context.Context) error {
	err := l.server.Shutdown(ctx)
	if err != nil {
		_ = l.server.Close() // the context is over; what is still open has had its time
	}
	return err
}

// draining is closed when no new work is accepted any more; streams, which have no end of their own, end then.
type draining chan struct{}

func newDraining() draining { return make(draining) }

// Listeners are the two listeners.
type Listeners struct{ Public, Ops *Listener }

// failures receives why a listener failed; the first failure ends the program. It is not fx's Shutdowner, because
// waiting for that catches signals, also the second one that is to end the process at once.
type failures chan error

func newServers(h http.Handler, o *ops.Handler, c *config.Config, log *zap.Logger, d failures) (*Listeners, error) {
	failed := func(err error) {
		log.Error("listener failed", zap.Error(err))
		select {
		case d <- err:
		default: // the program ends already
		}
	}
	s := &Listeners{
		Public: newListener("public", c.HTTP.Address, h, c.HTTP, log, failed),
		Ops:    newListener("ops", c.Ops.Address, o, c.HTTP, log, failed),
	}
	s.Public.base = c.HTTP.Base()
	if c.HTTP.ProxyProtocol {
		s.Public.proxies = c.HTTP.Proxies()
	}
	if c.HTTP.TLSCert == "none" {
		return s, nil
	}
	certificate, err := openCertificate(c.HTTP.TLSCert, c.HTTP.TLSKey, log)
	if err != nil {
		return nil, err
	}
	s.Public.secure = true
	s.Public.server.TLSConfig = &tls.Config{GetCertificate: certificate.get}
	return s, nil
}
