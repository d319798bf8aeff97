package server

import (
	"net"
	"net/netip"
	"time"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/pires/go-proxyproto"
)

// proxied is a listener whose connections from the proxies begin with the PROXY protocol, version 1 or 2, and have the
// address in it for their remote address. A connection of theirs without it is closed, as the protocol asks: a receiver
// must not guess. Connections from elsewhere are left alone, so that nobody else can choose an address.
func proxied(socket net.Listener, proxies exchange.Proxies, patience time.Duration) net.Listener {
	return &proxyproto.Listener{
		Listener: socket, ReadHeaderTimeout: patience,
		ConnPolicy: func(o proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
			peer, _ := netip.ParseAddrPort(o.Upstream.String()) // that of a Unix socket is zero
			if proxies.Contains(peer.Addr().Unmap().WithZone("")) {
				return proxyproto.REQUIRE, nil
			}
			return proxyproto.SKIP, nil
		},
	}
}
