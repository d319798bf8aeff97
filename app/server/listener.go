package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/gable-listings/gable/adapters/ops"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/app/config"
	"go.uber.org/zap"
)

// Listener is one address that answers HTTP.
type Listener struct {
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
func newListener(
	name, address string, h http.Handler, c config.HTTPConfig, log *zap.Logger, died func(error),
) *Listener {
	const longestHeader = 32 << 10
	return &Listener{name: name, address: address, died: died, server: &http.Server{
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
			l.died(fmt.Errorf("serve %s: %w", l.name, err))
		}
	}()
	return nil
}

// serve answers, by HTTP/2 as well where there is TLS.
func (l *Listener) serve(socket net.Listener) error {
	if l.secure {
		return l.server.ServeTLS(socket, "", "") // the configuration has the certificate
	}
	return l.server.Serve(socket)
}

// URL is where the listener answers, for people; the path of a socket.
func (l *Listener) URL() string {
	switch _, socket := config.SocketPath(l.address); {
	case socket:
		return l.address
	case l.secure:
		return "https://" + l.bound.String() + l.base
	}
	return "http://" + l.bound.String() + l.base
}

// Addr is the address that the listener has taken; nil before the start.
func (l *Listener) Addr() net.Addr { return l.bound }

// stop lets the requests under way finish, and cuts off those that outlast the context.
func (l *Listener) stop(ctx context.Context) error {
	err := l.server.Shutdown(ctx)
	if err != nil {
		_ = l.server.Close() // the context is over; what is still open has had its time
	}
	return err
}

// draining is closed when no new work is taken any more; streams, which would go on for ever, end then.
type draining chan struct{}

func newDraining() draining { return make(draining) }

// Listeners are the two listeners.
type Listeners struct{ Public, Ops *Listener }

// deaths receives why a listener ended by itself; the first one ends the program. It is not fx's Shutdowner, since
// waiting for that catches signals, also the second one that is to end the process at once.
type deaths chan error

func newServers(h http.Handler, o *ops.Handler, c *config.Config, log *zap.Logger, d deaths) (*Listeners, error) {
	died := func(err error) {
		log.Error("a listener has died", zap.Error(err))
		select {
		case d <- err:
		default: // the program ends already
		}
	}
	s := &Listeners{
		Public: newListener("public", c.HTTP.Address, h, c.HTTP, log, died),
		Ops:    newListener("ops", c.Ops.Address, o, c.HTTP, log, died),
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
