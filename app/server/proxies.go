package server

import (
	"net"
	"net/netip"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/gable-listings/gable/adapters/web/exchange"
)

// proxied wraps a listener whose connections from the proxies begin with the PROXY protocol, version 1 or 2. Their
// remote address is the one in that header. A connection from a proxy without the header is closed, as the protocol
// requires: a receiver must not guess. Other connections are unchanged, so that no other peer can choose an address.
func proxied(socket net.Listener, proxies exchange.Proxies, headerTimeout time.Duration) net.Listener {
	return &proxyproto.Listener{
		Listener: socket, ReadHeaderTimeout: headerTimeout,
		ConnPolicy: func(o proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
			peer, _ := netip.ParseAddrPort(o.Upstream.String()) // that of a Unix socket is zero
			if proxies.Contains(peer.Addr().Unmap().WithZone("")) {
				return proxyproto.REQUIRE, nil
			}
			return proxyproto.SKIP, nil
		},
	}
}
