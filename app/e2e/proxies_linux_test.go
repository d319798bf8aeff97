package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/pires/go-proxyproto"

	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/config"
)

// rawGet sends some bytes and a request on a connection from a local address. It returns nil when the connection is
// closed instead of answered.
func rawGet(s *apptest.Server, from string, before []byte, headers string) *http.Response {
	s.T.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	connection, err := dialer.DialContext(s.T.Context(), "tcp", s.Servers.Public.Addr().String())
	if err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() { _ = connection.Close() })
	_, err = fmt.Fprintf(connection, "%sGET /v1/nowhere HTTP/1.1\r\nHost: here\r\n%s\r\n", before, headers)
	if err != nil {
		s.T.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return nil
	}
	s.T.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// lastClient returns the client in the log line of the last request.
func lastClient(s *apptest.Server) any {
	lines := s.Log.FilterMessage("request").All()
	return lines[len(lines)-1].ContextMap()["client"]
}

func TestATrustedProxyNamesTheClientByThePROXYProtocol(t *testing.T) {
	t.Parallel()
	const proxy = "127.0.0.2"
	s := apptest.Embedded.Start(t, func(c *config.Config) {
		c.HTTP.TrustedProxies, c.HTTP.ProxyProtocol = proxy+",198.51.100.0/24", true
	})
	header := func(version byte, client string) []byte {
		source, err := net.ResolveTCPAddr("tcp", client)
		if err != nil {
			t.Fatal(err)
		}
		b, err := proxyproto.HeaderProxyFromAddrs(version, source, &net.TCPAddr{IP: source.IP, Port: 1}).Format()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, sent := range []struct {
		before          []byte
		headers, client string
	}{
		{header(1, "203.0.113.9:4711"), "", "203.0.113.9"},
		{header(2, "203.0.113.9:4711"), "", "203.0.113.9"},
		{header(1, "[2001:db8::1]:4711"), "", "2001:db8::1"},
		{header(2, "[2001:db8::1]:4711"), "", "2001:db8::1"},
		{header(1, "203.0.113.9:4711"), "X-Forwarded-For: 192.0.2.1\r\n", "203.0.113.9"},
		{header(2, "198.51.100.2:4711"), "X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"}, // a proxy behind the proxy
		{[]byte("PROXY UNKNOWN\r\n"), "", proxy},
	} {
		if answer := rawGet(s, proxy, sent.before, sent.headers); answer == nil || answer.StatusCode != http.StatusNotFound {
			t.Fatalf("%q %q is answered %+v", sent.before, sent.headers, answer)
		}
		if got := lastClient(s); got != sent.client {
			t.Errorf("the client of %q %q is %v, want %s", sent.before, sent.headers, got, sent.client)
		}
	}
	for _, before := range []string{"", "PROXY TCP4 203.0.113.9\r\n", "PROXY TCP4 203.0.113.300 203.0.113.1 1 2\r\n"} {
		if answer := rawGet(s, proxy, []byte(before), ""); answer != nil {
			t.Errorf("a connection that begins with %q is answered %d", before, answer.StatusCode)
		}
	}
}

func TestNobodyElseNamesAClientByThePROXYProtocol(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*config.Config){
		"switched off": func(c *config.Config) { c.HTTP.TrustedProxies = "127.0.0.1" },
		"not listed":   func(c *config.Config) { c.HTTP.TrustedProxies, c.HTTP.ProxyProtocol = "192.0.2.7", true },
	} {
		s := apptest.Embedded.Start(t, change)
		answer := rawGet(s, "127.0.0.1", []byte("PROXY TCP4 203.0.113.9 203.0.113.1 1 2\r\n"), "")
		if answer == nil || answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: answered %+v", name, answer)
		}
		rawGet(s, "127.0.0.1", nil, "")
		if got := lastClient(s); got != "127.0.0.1" {
			t.Errorf("%s: the client is %v", name, got)
		}
	}
}
