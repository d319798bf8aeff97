//go:build unix

package truth

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/apptest"
)

// reusedConnection is a client that reuses one connection for as long as the server allows, as connection pools do. It
// does not repeat a request that fails.
type reusedConnection struct {
	connect func() *apptest.Node
	node    *apptest.Node
	conn    net.Conn
	reader  *bufio.Reader
	dialled int
}

func (k *reusedConnection) close() {
	if k.conn != nil {
		_ = k.conn.Close()
		k.conn = nil
	}
}

// ask sends one request and returns the status of its answer.
func (k *reusedConnection) ask(method, path, body string) (int, error) {
	if k.conn == nil {
		k.node = k.connect()
		conn, err := net.Dial("tcp", strings.TrimPrefix(*k.node.Base.Load(), "http://"))
		if err != nil {
			return 0, fmt.Errorf("dial: %w", err)
		}
		k.conn, k.reader = conn, bufio.NewReader(conn)
		k.dialled++
	}
	_ = k.conn.SetDeadline(time.Now().Add(20 * time.Second))
	_, err := fmt.Fprintf(k.conn, "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		method, path, k.node.Key, len(body), body)
	if err != nil {
		return 0, fmt.Errorf("send: %w", err)
	}
	response, err := http.ReadResponse(k.reader, &http.Request{Method: method})
	if err != nil {
		return 0, fmt.Errorf("receive: %w", err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, fmt.Errorf("receive: %w", err)
	}
	if response.Close {
		k.close()
	}
	return response.StatusCode, nil
}

// Clients pause for longer than an answer takes, so that most connections are idle when the process closes them.
func TestRollingRestartsLoseNoRequestOnReusedConnections(t *testing.T) {
	t.Parallel()
	const delay = 400 * time.Millisecond
	c := apptest.NewCluster(t, apptest.Plan{Settings: []string{"GABLE_SHUTDOWN_DELAY=" + delay.String()}})
	s := newSubject(c)
	b := &balancer{ready: map[*apptest.Node]bool{}}
	for _, n := range c.Nodes {
		b.set(n, true)
	}
	requests := []struct {
		method, path, body string
		want               int
	}{
		{http.MethodGet, apptest.ItemPath(s.id), "", http.StatusOK},
		{http.MethodHead, "/v1/properties?limit=1", "", http.StatusOK},
		{http.MethodGet, "/healthz", "", http.StatusOK},
		{http.MethodGet, "/v1/properties/none", "", http.StatusBadRequest},
		{http.MethodPost, "/v1/properties", `{"title":"new","price":1,"location":"Here"}`, http.StatusCreated},
		{http.MethodHead, "/v1/exports", "", http.StatusOK}, // writes nothing by itself
	}
	done := make(chan struct{})
	var load sync.WaitGroup
	var made, dialled atomic.Int64
	for i := range 16 {
		load.Go(func() {
			k := &reusedConnection{connect: func() *apptest.Node { return b.pick(c.Nodes) }}
			defer k.close()
			for round := i; ; round++ {
				select {
				case <-done:
					dialled.Add(int64(k.dialled))
					return
				case <-time.After(time.Duration(5+10*i) * time.Millisecond): // 155 ms at most
				}
				r := requests[round%len(requests)]
				status, err := k.ask(r.method, r.path, r.body)
				if err != nil || status != r.want {
					t.Errorf("lost %s %s to process %s: %d, %v", r.method, r.path, k.node.Name, status, err)
					k.close()
				}
				made.Add(1)
			}
		})
	}
	for range 3 {
		for _, n := range c.Nodes {
			b.replace(t, n)
		}
	}
	close(done)
	load.Wait()
	if made.Load() < 200 || dialled.Load() < 2*16 || dialled.Load() > made.Load()/2 {
		t.Errorf("%d requests on %d connections were made", made.Load(), dialled.Load())
	}
}

// replace ends the process and starts it again; the balancer sends it requests while it is ready.
func (b *balancer) replace(t *testing.T, n *apptest.Node) {
	t.Helper()
	leaving := make(chan struct{})
	go func() {
		defer close(leaving)
		n.Stop()
	}()
	apptest.Poll(t, "readiness is off", func() bool {
		r, err := n.Try(http.MethodGet, "/readyz", "")
		return err == nil && r.Status == http.StatusServiceUnavailable
	})
	b.set(n, false)
	<-leaving
	n.Restart()
	b.set(n, true)
}
