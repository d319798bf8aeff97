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
		Handler:           h,
		ReadHeaderTimeout: min(c.ReadTimeout, 5*time.Second),
		ReadTimeout:       c.ReadTimeout,
		WriteTimeout:      c.WriteTimeout,
		IdleTimeout:       c.IdleTimeout,
		MaxHeaderBytes:    longestHeader,
		ErrorLog:          zap.NewStdLog(log.Named(name)),
	}}
}

// start takes the port, so that a taken one fails the start, and answers from then on.
func (l *listener) start(ctx context.Context) error {
	var config net.ListenConfig
	socket, err := config.Listen(ctx, "tcp", l.address)
	if err != nil {
		return fmt.Errorf("listen for %s on %s: %w", l.name, l.address, err)
	}
	l.bound = socket.Addr()
	if len(l.proxies) > 0 {
		socket = proxied(socket, l.proxies, l.server.ReadHeaderTimeout)
	}
	go func() {
		if err := l.server.Serve(socket); !errors.Is(err, http.ErrServerClosed) {
			l.died(fmt.Errorf("serve %s: %w", l.name, err))
		}
	}()
	return nil
}

// stop lets the requests under way finish, and cuts off those that outlast the context.
func (l *listener) stop(ctx context.Context) error {
	err := l.server.Shutdown(ctx)
	if err != nil {
		_ = l.server.Close() // the context is over; what is still open has had its time
	}
	return err
}
