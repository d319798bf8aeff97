//go:build unix

package apptest

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

// Link is the connection from one process to one server, which tests can disturb.
type Link struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
}

var proxies = sync.OnceValue(func() *toxiproxy.ApiServer {
	return toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
})

// newLink makes a link to the server of the URL, and returns the URL that leads through it.
func newLink(t *testing.T, to string) (*Link, string) {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	l := &Link{t, toxiproxy.NewProxy(proxies(), to, "127.0.0.1:0", u.Host)}
	if err := l.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.proxy.Stop)
	u.Host = l.proxy.Listen
	return l, u.String()
}

// Slow adds milliseconds to every answer.
func (l *Link) Slow(milliseconds int) {
	l.add(fmt.Sprintf(`{"name":"slow","type":"latency","stream":"downstream","attributes":{"latency":%d}}`, milliseconds))
}

// Unsteady delays every answer by up to so many milliseconds, so that answers overtake one another.
func (l *Link) Unsteady(milliseconds int) {
	l.add(fmt.Sprintf(`{"name":"unsteady","type":"latency","stream":"downstream",`+
		`"attributes":{"latency":%[1]d,"jitter":%[1]d}}`, milliseconds/2))
}

// Swallow lets nothing through any more, without an error: connections stay open.
func (l *Link) Swallow() {
	for _, direction := range []string{"upstream", "downstream"} {
		l.add(fmt.Sprintf(`{"name":"swallow-%[1]s","type":"timeout","stream":"%[1]s","attributes":{"timeout":0}}`, direction))
	}
}

// LoseAnswers lets requests through and no answers.
func (l *Link) LoseAnswers() {
	l.add(`{"name":"lose","type":"timeout","stream":"downstream","attributes":{"timeout":0}}`)
}

func (l *Link) add(toxic string) {
	l.t.Helper()
	if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		l.t.Fatal(err)
	}
}

// Cut ends all connections and refuses new ones.
func (l *Link) Cut() { l.proxy.Stop() }

// Mend undoes everything that was done to the link.
func (l *Link) Mend() {
	l.t.Helper()
	l.proxy.Toxics.ResetToxics(context.Background())
	if err := l.proxy.Start(); err != nil && !errors.Is(err, toxiproxy.ErrProxyAlreadyStarted) {
		l.t.Fatal(err)
	}
}
