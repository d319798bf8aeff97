package exchange

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPasswordsAreCountedByWhoeverSendsThem(t *testing.T) {
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"a visitor", "192.0.2.7:4711", nil, "192.0.2.7"},
		{"a visitor who claims to be another", "192.0.2.7:4711", []string{"198.51.100.1"}, "192.0.2.7"},
		{"a proxy on this machine", "127.0.0.1:4711", []string{"198.51.100.1"}, "198.51.100.1"},
		{"a proxy on this machine, by IPv6", "[::1]:4711", []string{"2001:db8::1"}, "2001:db8::1"},
		{"a proxy in a private network", "10.0.0.2:4711", []string{"198.51.100.1"}, "198.51.100.1"},
		{"a proxy in a private network, by IPv6", "[fd00::2]:4711", []string{"198.51.100.1"}, "198.51.100.1"},
		{"who is named last, whatever the visitor has sent", "127.0.0.1:1", []string{"203.0.113.9, 198.51.100.1"},
			"198.51.100.1"},
		{"who is named in the last of several headers", "127.0.0.1:1", []string{"203.0.113.9", "198.51.100.1"},
			"198.51.100.1"},
		{"with a port", "127.0.0.1:1", []string{"198.51.100.1:5555"}, "198.51.100.1"},
		{"with a port, by IPv6", "127.0.0.1:1", []string{"[2001:db8::1]:5555"}, "2001:db8::1"},
		{"with a zone, which could be anything", "127.0.0.1:1", []string{"fe80::1%" + strings.Repeat("x", 900)}, "fe80::1"},
		{"a proxy that names nobody", "127.0.0.1:1", nil, "127.0.0.1"},
		{"a proxy that names nonsense", "127.0.0.1:1", []string{"unknown"}, "127.0.0.1"},
		{"a proxy that names nothing", "127.0.0.1:1", []string{""}, "127.0.0.1"},
		{"a socket outside the network", "@", []string{"198.51.100.1"}, "@"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/admin/sign-in", http.NoBody)
		if r.RemoteAddr = c.peer; c.forwarded != nil {
			r.Header["X-Forwarded-For"] = c.forwarded
		}
		if got := ClientAddress(r); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestWhatIsLoggedOfClientsIsShortAndPrints(t *testing.T) {
	for _, text := range []string{
		"", "curl/8.5.0", "Mozilla/5.0 (Größe)", strings.Repeat("a", 5_000), strings.Repeat("角", 5_000),
		"\xff\xfe" + strings.Repeat("é", 99), "a\tb\x1b[2J\u202e\u2028c\n",
	} {
		got := Loggable(text, 64)
		if len(got) > 64 || !utf8.ValidString(got) || strings.ContainsAny(got, "\t\n\x1b\u202e\u2028") {
			t.Errorf("%q is logged as %q", text, got)
		}
	}
	if got := Loggable("Mozilla/5.0 (Größe)", 64); got != "Mozilla/5.0 (Größe)" {
		t.Errorf("plain text is logged as %q", got)
	}
}
