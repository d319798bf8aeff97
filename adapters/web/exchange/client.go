package exchange

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"unicode"
)

// ClientAddress is the address that a request comes from, for the log and for counting wrong passwords: the peer or, if
// that is a proxy on this machine or in a private network, the last address of its X-Forwarded-For.
func ClientAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	peer, err := netip.ParseAddr(host)
	if err != nil || !peer.IsLoopback() && !peer.IsPrivate() {
		return host
	}
	named := r.Header["X-Forwarded-For"]
	if len(named) == 0 {
		return host
	}
	hops := strings.Split(named[len(named)-1], ",")
	last := strings.TrimSpace(hops[len(hops)-1])
	if withPort, err := netip.ParseAddrPort(last); err == nil { // as some proxies write it
		return withPort.Addr().WithZone("").String()
	}
	if alone, err := netip.ParseAddr(last); err == nil {
		return alone.WithZone("").String()
	}
	return host
}

// Loggable is a text of a client as the log takes it: at most so many bytes, valid UTF-8, and a question mark for each
// character that does not print.
func Loggable(text string, longest int) string {
	if len(text) > longest {
		text = text[:longest]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, strings.ToValidUTF8(text, ""))
}
