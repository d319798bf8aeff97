//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// link is the way from one process to one server, which can be made bad.
type link struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
}

var proxies = sync.OnceValue(func() *toxiproxy.ApiServer {
	return toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
})

// newLink makes a way to the server of the URL, and returns the URL that takes it.
func newLink(t *testing.T, to string) (*link, string) {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	l := &link{t, toxiproxy.NewProxy(proxies(), to, "127.0.0.1:0", u.Host)}
	if err := l.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.proxy.Stop)
	u.Host = l.proxy.Listen
	return l, u.String()
}

// slow adds milliseconds to every answer.
func (l *link) slow(milliseconds int) {
	l.add(fmt.Sprintf(`{"name":"slow","type":"latency","stream":"downstream","attributes":{"latency":%d}}`, milliseconds))
}

// unsteady adds to every answer anything up to so many milliseconds, so that answers overtake one another.
func (l *link) unsteady(milliseconds int) {
	l.add(fmt.Sprintf(`{"name":"unsteady","type":"latency","stream":"downstream","attributes":{"latency":%[1]d,"jitter":%[1]d}}`, milliseconds/2))
}

// swallow lets nothing through any more, without a word: connections stay open.
func (l *link) swallow() {
	for _, direction := range []string{"upstream", "downstream"} {
		l.add(fmt.Sprintf(`{"name":"swallow-%[1]s","type":"timeout","stream":"%[1]s","attributes":{"timeout":0}}`, direction))
	}
}

// loseAnswers lets questions through and no answers.
func (l *link) loseAnswers() {
	l.add(`{"name":"lose","type":"timeout","stream":"downstream","attributes":{"timeout":0}}`)
}

func (l *link) add(toxic string) {
	l.t.Helper()
	if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		l.t.Fatal(err)
	}
}

// cut ends all connections and refuses new ones.
func (l *link) cut() { l.proxy.Stop() }

// mend takes away whatever was done to the link.
func (l *link) mend() {
	l.t.Helper()
	l.proxy.Toxics.ResetToxics(context.Background())
	if err := l.proxy.Start(); err != nil && !errors.Is(err, toxiproxy.ErrProxyAlreadyStarted) {
		l.t.Fatal(err)
	}
}
