package exchange

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"unicode"
)

// Proxies are the networks of the trusted proxies: the peers whose word about the client is believed. The zero Prefix
// stands for peers without an IP address, those of a Unix socket. The empty list trusts no peer.
type Proxies []netip.Prefix

const (
	// NoProxies is the text of the empty list.
	NoProxies = "none"
	// socketPeers is the text for the peers of a Unix socket.
	socketPeers = "unix"
)

// ParseProxies reads networks (CIDR), single addresses and "unix", separated by commas. The error names the invalid
// item.
func ParseProxies(text string) (Proxies, error) {
	if text == NoProxies {
		return nil, nil
	}
	var list Proxies
	for item := range strings.SplitSeq(text, ",") {
		network, err := parseNetwork(strings.TrimSpace(item))
		if err != nil {
			return nil, err
		}
		list = append(list, network)
	}
	return list, nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	if text == socketPeers {
		return netip.Prefix{}, nil
	}
	network, err := netip.ParsePrefix(text)
	if single, err := netip.ParseAddr(text); err == nil && single.Zone() == "" {
		return netip.PrefixFrom(single.Unmap(), single.Unmap().BitLen()), nil
	}
	switch {
	case err != nil:
		return network, fmt.Errorf(
			"%q is not a network or address; write it like 10.0.0.0/8, 2001:db8::/32 or 192.0.2.7", text)
	case network.Bits() == 0:
		return network, fmt.Errorf("%q covers every address; name the networks of the proxies", text)
	case network.Addr().Is4In6():
		return network, fmt.Errorf("%q is an IPv4 network written as IPv6; write it like 10.0.0.0/8", text)
	case network != network.Masked():
		return network, fmt.Errorf("%q has bits beyond its length; write %s", text, network.Masked())
	}
	return network, nil
}

// Contains reports whether an address is on the list; the zero Addr is that of a Unix socket's peers.
func (p Proxies) Contains(address netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool {
		return network.Contains(address) || !network.IsValid() && !address.IsValid()
	})
}

// Client returns the address that a request comes from, never IPv4 written as IPv6, and without a zone. It is the
// peer's address or, if the peer is on the list, the right-most address of X-Forwarded-For or Forwarded (RFC 7239) that
// is not on the list. A hop that is not an address ends the search: the client is then the proxy that named it. If both
// headers are present and name different clients, the client is the peer, since a proxy that maintains one of them
// passes the other one on as the client wrote it. The result is the zero Addr when the peer has no IP address.
func (p Proxies) Client(r *http.Request) netip.Addr {
	peer := Peer(r)
	if !p.Contains(peer) {
		return peer
	}
	lines, elements := r.Header["X-Forwarded-For"], r.Header["Forwarded"]
	if len(elements) == 0 {
		return p.walk(peer, strings.Split(strings.Join(lines, ","), ","))
	}
	client := p.walk(peer, forwardedFor(strings.Join(elements, ",")))
	if len(lines) > 0 && client != p.walk(peer, strings.Split(strings.Join(lines, ","), ",")) {
		return peer
	}
	return client
}

// Peer returns the address at the other end of a request's connection, and the zero Addr when it has none.
func Peer(r *http.Request) netip.Addr {
	address, _ := parseNode(r.RemoteAddr)
	return address
}

// Forwarded reports whether a request names the client that it is forwarded for.
func Forwarded(r *http.Request) bool {
	return len(r.Header["X-Forwarded-For"]) > 0 || len(r.Header["Forwarded"]) > 0
}

// walk follows the hops from the nearest, which is the last, as long as the address is on the list.
func (p Proxies) walk(client netip.Addr, hops []string) netip.Addr {
	for _, hop := range slices.Backward(hops) {
		next, ok := parseNode(strings.Trim(hop, " \t"))
		if !ok {
			return client
		}
		if client = next; !p.Contains(client) {
			return client
		}
	}
	return client
}

// parseNode reads an address with or without a port, as RFC 7239 (section 6) and X-Forwarded-For write it. A name
// instead of an address ("unknown", "_hidden") is not ok, and neither is the unspecified address.
func parseNode(text string) (netip.Addr, bool) {
	host := text
	if bracketed, ok := strings.CutPrefix(text, "["); ok {
		inside, port, closed := strings.Cut(bracketed, "]")
		if host = inside; !closed || !strings.Contains(host, ":") || port != "" && !isPort(strings.CutPrefix(port, ":")) {
			return netip.Addr{}, false
		}
	} else if strings.Count(text, ":") == 1 {
		var port string
		if host, port, _ = strings.Cut(text, ":"); !isPort(port, true) {
			return netip.Addr{}, false
		}
	}
	address, err := netip.ParseAddr(host)
	if err != nil || address.IsUnspecified() {
		return netip.Addr{}, false
	}
	return address.Unmap().WithZone(""), true
}

// isPort reports whether a text that follows a colon is a port or stands for one, as "_hidden" does.
func isPort(text string, afterColon bool) bool {
	outside := func(r rune) bool { return r < '0' || r > '9' }
	if name, hidden := strings.CutPrefix(text, "_"); hidden {
		text, outside = name, func(r rune) bool { return r > unicode.MaxASCII || !isToken(byte(r)) }
	}
	return afterColon && text != "" && !strings.ContainsFunc(text, outside)
}

// forwardedFor returns the "for" of each element of a Forwarded header, "" where an element has none. It returns
// nothing when the header breaks the grammar anywhere: an open quote of the client could hide what a proxy has added.
func forwardedFor(header string) (hops []string) {
	for rest := header; ; {
		hop, pairs, after, ok := forwardedElement(rest)
		if !ok {
			return nil
		}
		if pairs > 0 { // RFC 9110 has empty elements skipped
			hops = append(hops, hop)
		}
		if after == "" {
			return hops
		}
		rest = after[1:] // the comma
	}
}

// forwardedElement reads pairs up to a comma or the end, where after begins. Each pair may be missing.
func forwardedElement(text string) (hop string, pairs int, after string, ok bool) {
	for seen := false; ; {
		text = strings.TrimLeft(text, " \t")
		if name := tokenLength(text); name > 0 {
			key, value, found := strings.Cut(text, "=")
			if !found || len(key) != name {
				return "", 0, "", false
			}
			value, text, ok = forwardedValue(value)
			isFor := strings.EqualFold(key, "for")
			if !ok || isFor && seen {
				return "", 0, "", false
			}
			if pairs++; isFor {
				hop, seen = value, true
			}
			text = strings.TrimLeft(text, " \t")
		}
		if text == "" || text[0] == ',' {
			return hop, pairs, text, true
		}
		if text[0] != ';' {
			return "", 0, "", false
		}
		text = text[1:]
	}
}

// forwardedValue reads a token or a quoted text. Addresses with a port or brackets should be quoted, and often are not.
func forwardedValue(text string) (value, after string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexFunc(text, func(r rune) bool {
			return r > unicode.MaxASCII || !isToken(byte(r)) && !strings.ContainsRune("[]:", r)
		})
		if end < 0 {
			end = len(text)
		}
		return text[:end], text[end:], end > 0
	}
	var quoted strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return quoted.String(), text[i+1:], true
		case '\\':
			if i++; i == len(text) {
				return "", "", false
			}
		}
		quoted.WriteByte(text[i])
	}
	return "", "", false
}

// tokenLength returns how many bytes at the beginning of a text belong to a token (RFC 9110, section 5.6.2).
func tokenLength(text string) int {
	n := 0
	for n < len(text) && isToken(text[n]) {
		n++
	}
	return n
}

func isToken(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// AddressText returns a client's address for logs and for counting. A client without an IP address is on this machine.
func AddressText(client netip.Addr) string {
	if !client.IsValid() {
		return "local"
	}
	return client.String()
}

// Loggable returns a client's text for the log: at most longest bytes, valid UTF-8, and a question mark for each
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
