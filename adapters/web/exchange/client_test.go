package exchange

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"
)

const trusted = "127.0.0.0/8, ::1, 10.0.0.0/8, 2001:db8:ffff::/48"

func mustParse(t *testing.T, text string) Proxies {
	t.Helper()
	list, err := ParseProxies(text)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestTheClientIsTheLastAddressThatNoTrustedProxyHas(t *testing.T) {
	type lines = []string
	for _, c := range []struct {
		name, peer   string
		xff, element lines // of X-Forwarded-For and of Forwarded
		want         string
	}{
		{"a visitor", "192.0.2.7:4711", nil, nil, "192.0.2.7"},
		{"by IPv6", "[2001:db8::7]:4711", nil, nil, "2001:db8::7"},
		{"IPv4 as IPv6", "[::ffff:192.0.2.7]:4711", nil, nil, "192.0.2.7"},
		{"a visitor who claims to be another", "192.0.2.7:1", lines{"198.51.100.1"}, lines{"for=198.51.100.1"}, "192.0.2.7"},
		{"a neighbour who claims to be another", "172.16.0.2:1", lines{"198.51.100.1"}, nil, "172.16.0.2"},
		{"a proxy", "127.0.0.1:1", lines{"198.51.100.1"}, nil, "198.51.100.1"},
		{"a proxy as IPv4 in IPv6", "[::ffff:10.0.0.2]:1", lines{"198.51.100.1"}, nil, "198.51.100.1"},
		{"a proxy by IPv6", "[2001:db8:ffff::2]:1", lines{"2001:db8::1"}, nil, "2001:db8::1"},
		{"whatever the visitor has sent", "127.0.0.1:1", lines{"203.0.113.9, 198.51.100.1"}, nil, "198.51.100.1"},
		{"two proxies", "127.0.0.1:1", lines{"203.0.113.9, 198.51.100.1,10.1.2.3"}, nil, "198.51.100.1"},
		{"several header lines", "127.0.0.1:1", lines{"203.0.113.9, 198.51.100.1", "10.1.2.3"}, nil, "198.51.100.1"},
		{"proxies alone", "127.0.0.1:1", lines{"10.1.2.4, 10.1.2.3"}, nil, "10.1.2.4"},
		{"with a port", "127.0.0.1:1", lines{"198.51.100.1:5555"}, nil, "198.51.100.1"},
		{"with a port, by IPv6", "127.0.0.1:1", lines{"[2001:db8::1]:5555"}, nil, "2001:db8::1"},
		{"in brackets", "127.0.0.1:1", lines{"[2001:db8::1]"}, nil, "2001:db8::1"},
		{"with a zone, which could be anything", "127.0.0.1:1", lines{"fe80::1%" + strings.Repeat("x", 900)}, nil, "fe80::1"},
		{"a proxy that names nobody", "127.0.0.1:1", nil, nil, "127.0.0.1"},
		{"unknown", "127.0.0.1:1", lines{"203.0.113.9, unknown"}, nil, "127.0.0.1"},
		{"unknown to the proxy behind", "127.0.0.1:1", lines{"203.0.113.9, unknown, 10.0.0.9"}, nil, "10.0.0.9"},
		{"nonsense", "127.0.0.1:1", lines{"203.0.113.9, 198.51.100.300"}, nil, "127.0.0.1"},
		{"nothing", "127.0.0.1:1", lines{""}, nil, "127.0.0.1"},
		{"an empty hop", "127.0.0.1:1", lines{"203.0.113.9,"}, nil, "127.0.0.1"},
		{"no address", "127.0.0.1:1", lines{"203.0.113.9, 0.0.0.0"}, nil, "127.0.0.1"},
		{"half a bracket", "127.0.0.1:1", lines{"203.0.113.9, [2001:db8::1"}, nil, "127.0.0.1"},
		{"text behind a bracket", "127.0.0.1:1", lines{"[2001:db8::1]x"}, nil, "127.0.0.1"},
		{"a name for a port", "127.0.0.1:1", lines{"198.51.100.1:http"}, nil, "127.0.0.1"},

		{"Forwarded", "127.0.0.1:1", nil, lines{"for=198.51.100.1"}, "198.51.100.1"},
		{"Forwarded, whatever the visitor has sent", "127.0.0.1:1", nil,
			lines{"for=203.0.113.9;by=1.1.1.1", "For=198.51.100.1"}, "198.51.100.1"},
		{"Forwarded by two proxies", "127.0.0.1:1", nil,
			lines{"for=203.0.113.9, for=198.51.100.1;proto=http , proto=https;for=10.1.2.3"}, "198.51.100.1"},
		{"Forwarded, quoted", "127.0.0.1:1",
			nil, lines{`for="[2001:db8::1]:4711"; host="a,b;c=\"d"`}, "2001:db8::1"},
		{"Forwarded, escaped", "127.0.0.1:1", nil, lines{`for="198.51\.100.1"`}, "198.51.100.1"},
		{"Forwarded, brackets without quotes", "127.0.0.1:1", nil, lines{`for=[2001:db8::1]:4711`}, "2001:db8::1"},
		{"Forwarded, with a hidden port", "127.0.0.1:1", nil, lines{`for="198.51.100.1:_p-1"`}, "198.51.100.1"},
		{"Forwarded, empty pairs and elements", "127.0.0.1:1", nil, lines{";;for=198.51.100.1;,,"}, "198.51.100.1"},
		{"Forwarded, hidden", "127.0.0.1:1", nil, lines{"for=203.0.113.9, for=_hidden"}, "127.0.0.1"},
		{"Forwarded, unknown", "127.0.0.1:1", nil, lines{`for=203.0.113.9, for="unknown"`}, "127.0.0.1"},
		{"Forwarded, unknown to the proxy behind", "127.0.0.1:1",
			nil, lines{"for=203.0.113.9, for=_x, for=10.0.0.9"}, "10.0.0.9"},
		{"Forwarded for nobody", "127.0.0.1:1", nil, lines{"for=203.0.113.9, by=10.0.0.9"}, "127.0.0.1"},
		{"Forwarded for two at once", "127.0.0.1:1", nil, lines{"for=203.0.113.9;for=198.51.100.1"}, "127.0.0.1"},
		{"an open quote that hides the proxy's word", "127.0.0.1:1",
			nil, lines{`for="203.0.113.9`, "for=198.51.100.1"}, "127.0.0.1"},
		{"a quote that the proxy's word closes", "127.0.0.1:1",
			nil, lines{`for=203.0.113.9;a="`, `for="[2001:db8::1]"`}, "127.0.0.1"},
		{"an open quote", "127.0.0.1:1", nil, lines{`for="203.0.113.9`}, "127.0.0.1"},
		{"an open escape", "127.0.0.1:1", nil, lines{`for="203.0.113.9\`}, "127.0.0.1"},
		{"no pair", "127.0.0.1:1", nil, lines{"203.0.113.9"}, "127.0.0.1"},
		{"a pair without a value", "127.0.0.1:1", nil, lines{"for="}, "127.0.0.1"},

		{"both agree", "127.0.0.1:1", lines{"203.0.113.9, 198.51.100.1"}, lines{"for=198.51.100.1"}, "198.51.100.1"},
		{"both disagree, and one is the visitor's", "127.0.0.1:1",
			lines{"198.51.100.1"}, lines{"for=203.0.113.9"}, "127.0.0.1"},
		{"both are there, and one is nonsense", "127.0.0.1:1", lines{"198.51.100.1"}, lines{"for"}, "127.0.0.1"},
		{"a socket", "@", lines{"198.51.100.1"}, nil, "local"},
		{"nothing at all", "", nil, nil, "local"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/admin/sign-in", http.NoBody)
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-For"], r.Header["Forwarded"] = c.xff, c.element
		if got := AddressText(mustParse(t, trusted).Client(r)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestAProxyMayComeByASocket(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	r.Header.Set("X-Forwarded-For", "203.0.113.9, 198.51.100.1, 10.0.0.1")
	for _, c := range []struct{ list, peer, want string }{
		{"unix, 10.0.0.0/8", "@", "198.51.100.1"}, {"unix", "", "10.0.0.1"}, {"10.0.0.0/8", "@", "local"},
		{"unix", "192.0.2.7:1", "192.0.2.7"},
	} {
		r.RemoteAddr = c.peer
		if got := AddressText(mustParse(t, c.list).Client(r)); got != c.want {
			t.Errorf("with %s the client of %q is %s, want %s", c.list, c.peer, got, c.want)
		}
	}
}

func TestNobodyIsBelievedUnlessListed(t *testing.T) {
	for _, peer := range []string{"127.0.0.1:1", "[::1]:1", "10.0.0.1:1", "192.168.0.1:1", "192.0.2.7:1"} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.RemoteAddr = peer
		r.Header["X-Forwarded-For"], r.Header["Forwarded"] = []string{"198.51.100.1"}, []string{"for=198.51.100.1"}
		if got := mustParse(t, NoProxies).Client(r); got != Peer(r) {
			t.Errorf("the client of %s is %s", peer, got)
		}
	}
}

func TestAListOfProxiesThatCannotBeMeantIsRefused(t *testing.T) {
	const unreadable = " is not a network or address; write it like 10.0.0.0/8, 2001:db8::/32 or 192.0.2.7"
	for text, want := range map[string]string{
		"10.0.0.0/8,proxy":    `"proxy"` + unreadable,
		"10.0.0.0/33":         `"10.0.0.0/33"` + unreadable,
		"10.0.0.0/8,":         `""` + unreadable,
		"fe80::1%eth0":        `"fe80::1%eth0"` + unreadable,
		"10.1.2.3/8":          `"10.1.2.3/8" has bits beyond its length; write 10.0.0.0/8`,
		"0.0.0.0/0":           `"0.0.0.0/0" covers every address; name the networks of the proxies`,
		"192.0.2.7, ::/0":     `"::/0" covers every address; name the networks of the proxies`,
		"::ffff:10.0.0.0/104": `"::ffff:10.0.0.0/104" is an IPv4 network written as IPv6; write it like 10.0.0.0/8`,
	} {
		if _, err := ParseProxies(text); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	list := mustParse(t, " 192.0.2.7 ,::ffff:192.0.2.8,2001:db8::/32")
	if len(list) != 3 || !list.Contains(netip.MustParseAddr("192.0.2.8")) {
		t.Errorf("read as %v", list)
	}
}

// Whatever a client writes in front of it, the address that the nearest proxy has appended is the client or is not
// believed.
func FuzzForwarded(f *testing.F) {
	for _, text := range []string{
		"", "for=1.2.3.4", `for="`, `for="\`, ",;,", `for="[::1]:_a";by=x`, "unknown", "1.2.3.4, 5.6.7.8:9",
	} {
		f.Add(text)
	}
	list, err := ParseProxies("127.0.0.1")
	if err != nil {
		f.Fatal(err)
	}
	proxy, visitor := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("2001:db8::1")
	f.Fuzz(func(t *testing.T, written string) {
		for name, appended := range map[string]string{
			"Forwarded": `for="[2001:db8::1]"`, "X-Forwarded-For": "2001:db8::1",
		} {
			r := &http.Request{RemoteAddr: "127.0.0.1:1", Header: http.Header{name: {written + ", " + appended}}}
			if got := list.Client(r); got != visitor && got != proxy {
				t.Errorf("%s %q: the client is %s", name, written, got)
			}
			r.Header[name] = []string{written, appended}
			if got := list.Client(r); got != visitor && got != proxy {
				t.Errorf("%s %q in a line of its own: the client is %s", name, written, got)
			}
		}
	})
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
