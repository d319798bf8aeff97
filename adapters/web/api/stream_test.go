package api_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/mux"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// quietFeed delivers one change when it is set. Its cursor advances with each read, as in a database with other
// writers.
type quietFeed struct {
	ports.ChangeFeed

	mu     sync.Mutex // guards all below
	place  int
	change *property.Change // the next to deliver
	news   chan struct{}
}

func (f *quietFeed) Follow(ctx context.Context, _ ports.FeedCursor, _ int) (api.EventPage, error) {
	if ctx.Err() != nil {
		return api.EventPage{}, ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.place++
	page := ports.FeedPage{Next: ports.FeedCursor(fmt.Sprint("place-", f.place))}
	if f.change != nil {
		page.Changes, page.Cursors, f.change = []property.Change{*f.change}, []ports.FeedCursor{page.Next}, nil
	}
	return api.Events(&page), nil
}

func (f *quietFeed) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.news
}

func (f *quietFeed) publish(c property.Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.change = &c
	close(f.news)
	f.news = make(chan struct{})
}

// pipes are connections without a network and without buffers: a write blocks until the other side reads.
type pipes struct {
	made   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.made:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// streaming is a server of streams, one at a time, in a bubble.
type streaming struct {
	t     *testing.T
	feed  *quietFeed
	pipes *pipes
	began time.Time
	ended chan time.Duration // receives the duration of each answer
}

func serveStreams(t *testing.T) *streaming {
	s := &streaming{
		t: t, feed: &quietFeed{news: make(chan struct{})}, began: time.Now(), ended: make(chan time.Duration, 9),
		pipes: &pipes{made: make(chan net.Conn), closed: make(chan struct{})},
	}
	router := mux.NewRouter()
	views := viewcache.New(freshness.NewLedger(1, 1<<20, time.Second), nil, new(cachestat.Counters), viewcache.Options{})
	t.Cleanup(views.Close)
	api.New(api.Options{
		Feed: s.feed, Views: views, MaxStreams: 1, MaxStreamsPerClient: 2, Draining: make(chan struct{}),
	}).Register(router)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		router.ServeHTTP(exchange.New(w, "an id"), r)
		s.ended <- time.Since(s.began)
	}), WriteTimeout: time.Second} // which is for answers that end
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(s.pipes) })
	t.Cleanup(func() { _ = server.Close(); serving.Wait() })
	return s
}

// ask sends the request for a stream, and reads nothing.
func (s *streaming) ask() net.Conn {
	s.t.Helper()
	here, there := net.Pipe()
	s.pipes.made <- there
	s.t.Cleanup(func() { _ = here.Close() })
	if _, err := io.WriteString(here,
		"GET /v1/changes HTTP/1.1\r\nHost: here\r\nAccept: text/event-stream\r\n\r\n"); err != nil {
		s.t.Fatal(err)
	}
	return here
}

// readHead reads the head of the answer.
func (s *streaming) readHead(conn net.Conn, status int) *bufio.Reader {
	s.t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || response.StatusCode != status {
		s.t.Fatalf("answered %+v, error %v", response, err)
	}
	return bufio.NewReader(response.Body)
}

// next reads a block of lines and returns them with the time at which it came.
func (s *streaming) next(from *bufio.Reader) (string, time.Duration) {
	s.t.Helper()
	for block := ""; ; {
		line, err := from.ReadString('\n')
		if err != nil {
			s.t.Fatalf("after %v: %v", time.Since(s.began), err)
		}
		if block += line; strings.HasSuffix(block, "\n\n") {
			return strings.TrimSpace(block), time.Since(s.began)
		}
	}
}

// A client that receives nothing for longer may take the stream for dead, and its cursor must not expire.
func TestAHeartbeatComesEveryQuarterOfAMinuteAsLongAsNothingHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveStreams(t)
		stream := s.readHead(s.ask(), http.StatusOK)
		for i := range 4 {
			want := fmt.Sprintf(": still here\nid: place-%d", i+1)
			if got, at := s.next(stream); got != want || at != time.Duration(i)*15*time.Second {
				t.Errorf("after %v came %q, not %q", at, got, want)
			}
		}
		time.Sleep(5 * time.Second) // 50 seconds are over
		s.feed.publish(property.Change{Op: property.OpReset})
		if got, at := s.next(stream); !strings.HasPrefix(got, "id: place-5\nevent: reset") || at < 50*time.Second ||
			at > 51*time.Second {
			t.Errorf("after %v came %q", at, got)
		}
		if got, at := s.next(stream); got != ": still here\nid: place-6" || at < 65*time.Second || at > 66*time.Second {
			t.Errorf("after %v came %q", at, got)
		}
	})
}

// A client that reads nothing for half a minute is cut off, and a slow one is not.
func TestAClientOfAStreamThatReadsNothingIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveStreams(t)
		slow, buffer := s.ask(), make([]byte, 4_096)
		for range 4 {
			time.Sleep(exchange.IdleTimeout - time.Second)
			if n, err := slow.Read(buffer); err != nil {
				t.Fatalf("after %v, with %q: %v", time.Since(s.began), buffer[:n], err)
			}
		}
		read := time.Since(s.began)
		s.readHead(s.ask(), http.StatusServiceUnavailable) // there is room for one only
		if at := <-s.ended; at != read {
			t.Fatalf("the stream ended after %v, %v after the last read", at, at-read)
		}
		if silent := <-s.ended - read; silent < exchange.IdleTimeout || silent > exchange.IdleTimeout+15*time.Second {
			t.Errorf("a client that stopped reading was cut off after %v", silent)
		}
		if _, err := io.Copy(io.Discard, slow); err != nil {
			t.Errorf("its connection is left open: %v", err)
		}
		s.readHead(s.ask(), http.StatusOK)
	})
}
