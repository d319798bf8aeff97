package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/adapters/web/route"
)

// outer returns the handler as the listener has it, from the outside to the bounds, with so much room.
func outer(inFlight, exports int, inner http.HandlerFunc) (http.Handler, *admission) {
	a := newAdmission(inFlight, exports)
	o := Options{Log: zap.NewNop(), Reads: zap.NewNop(),
		Observe: func(string, string, int, time.Duration, int64, string) {}}
	o.Health = map[string]http.Handler{"/healthz": inner}
	return o.observe(o.healthFirst(inner, a.admit(inner))), a
}

func statusOf(t *testing.T, h http.Handler, path string) int {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
	if w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
		t.Errorf("%s: Retry-After is missing", path)
	}
	return w.Code
}

func TestHealthPagesAndStreamsAreAnsweredWhenNothingElseIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		h, _ := outer(2, 1, func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("hold") {
				<-hold
			}
		})
		var held sync.WaitGroup
		for _, path := range []string{"/a?hold", "/b?hold", "/v1/exports?hold"} {
			held.Go(func() {
				if got := statusOf(t, h, path); got != http.StatusOK {
					t.Errorf("%s, for which there is room, is answered with %d", path, got)
				}
			})
		}
		synctest.Wait()
		for path, want := range map[string]int{
			"/healthz": http.StatusOK, "/": http.StatusServiceUnavailable, "/v1/properties": http.StatusServiceUnavailable,
			"/v1/exports": http.StatusServiceUnavailable,
		} {
			if got := statusOf(t, h, path); got != want {
				t.Errorf("%s is answered with %d, want %d", path, got, want)
			}
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/changes", http.NoBody)
		r.Header.Set("Accept", "text/event-stream")
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != http.StatusOK {
			t.Errorf("a stream is answered with %d", w.Code)
		}
		close(hold)
		held.Wait()
		if got := statusOf(t, h, "/"); got != http.StatusOK {
			t.Errorf("with room again: %d", got)
		}
	})
}

func TestExportsLeaveRoomForEverythingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		h, _ := outer(1, 2, func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path == route.Exports {
				<-hold
			}
		})
		var held sync.WaitGroup
		for range 2 {
			held.Go(func() { statusOf(t, h, route.Exports) })
		}
		synctest.Wait()
		if got := statusOf(t, h, "/v1/properties"); got != http.StatusOK {
			t.Errorf("beside slow exports a read is answered with %d", got)
		}
		close(hold)
		held.Wait()
	})
}

// slowClients opens connections that send the head of a POST and a byte of its body.
func slowClients(t *testing.T, server *httptest.Server, path string, n int) []net.Conn {
	t.Helper()
	conns := make([]net.Conn, n)
	for i := range conns {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err == nil {
			_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na", path)
		}
		if err == nil {
			err = conn.SetReadDeadline(time.Now().Add(20 * time.Second)) // far more than an answer takes
		}
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = conn
		t.Cleanup(func() { _ = conn.Close() })
	}
	return conns
}

func get(t *testing.T, server *httptest.Server, path string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

func TestSlowBodiesTakeNobodysPlace(t *testing.T) {
	const slow = 2 * AsideFactor
	reading := make(chan struct{}, slow)
	h, _ := outer(2, 1, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			return
		}
		reading <- struct{}{}
		body, err := exchange.ReadBody(w, r, 1000, 0)
		if err != nil {
			problem.Fail(w, r, err)
			return
		}
		_, _ = w.Write(body)
	})
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	var conns []net.Conn
	for len(conns) < slow { // as fast as each can be let in
		conns = append(conns, slowClients(t, server, "/form", 1)...)
		select {
		case <-reading:
		case <-time.After(20 * time.Second):
			t.Fatalf("slow client number %d is not let in", len(conns))
		}
	}
	if got := get(t, server, "/"); got != http.StatusOK {
		t.Errorf("while %d bodies are on their way another request is answered with %d", slow, got)
	}
	for _, conn := range conns {
		if _, err := io.WriteString(conn, strings.Repeat("b", 999)); err != nil {
			t.Fatal(err)
		}
	}
	for _, conn := range conns {
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK || len(body) != 1000 || err != nil || answer.Close {
			t.Errorf("a body that has come is answered with %d, %d bytes, %v; closed: %t",
				answer.StatusCode, len(body), err, answer.Close)
		}
	}
}

func TestAnAnswerDoesNotWaitForAnUnreadBody(t *testing.T) {
	page := strings.Repeat("no ", 5_000) // longer than what net/http holds back
	h, _ := outer(2, 1, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, page)
	})
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	for _, conn := range slowClients(t, server, "/form", 5) {
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || string(body) != page || !answer.Close {
			t.Errorf("got %d bytes, %v; closed: %t", len(body), err, answer.Close)
		}
	}
}

func TestAWaitingRequestStandsAsideAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		load, work := make(chan struct{}), make(chan struct{})
		h, _ := outer(1, 1, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/wait":
				exchange.Of(w).Read.Aside(func() { <-load })
				_, _ = io.WriteString(w, "back")
			case "/work":
				<-work
			}
		})
		waited := httptest.NewRecorder()
		var all sync.WaitGroup
		all.Go(func() {
			h.ServeHTTP(waited, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/wait", http.NoBody))
		})
		synctest.Wait()
		all.Go(func() {
			if got := statusOf(t, h, "/work"); got != http.StatusOK {
				t.Errorf("while one stands aside another is answered with %d", got)
			}
		})
		synctest.Wait()
		close(load)
		synctest.Wait()
		if waited.Body.Len() > 0 {
			t.Error("the request that stood aside works beside the one that has taken its place")
		}
		if got := statusOf(t, h, "/"); got != http.StatusServiceUnavailable {
			t.Errorf("with the place taken: %d", got)
		}
		close(work)
		all.Wait()
		if waited.Body.String() != "back" {
			t.Errorf("the request that stood aside got %q", waited.Body)
		}
		if got := statusOf(t, h, "/"); got != http.StatusOK {
			t.Errorf("with the place free: %d", got)
		}
	})
}

func TestMoreThanMayStandAsideWaitAtTheirPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		load := make(chan struct{})
		h, _ := outer(1, 1, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/wait" {
				exchange.Of(w).Read.Aside(func() { <-load })
			}
		})
		var all sync.WaitGroup
		for i := range AsideFactor + 1 {
			if got := statusOf(t, h, "/"); got != http.StatusOK {
				t.Errorf("with %d aside another is answered with %d", i, got)
			}
			all.Go(func() { statusOf(t, h, "/wait") })
			synctest.Wait()
		}
		if got := statusOf(t, h, "/"); got != http.StatusServiceUnavailable {
			t.Errorf("with the last one waiting at its place: %d", got)
		}
		close(load)
		all.Wait()
		if got := statusOf(t, h, "/"); got != http.StatusOK {
			t.Errorf("when all have left: %d", got)
		}
	})
}

func TestBodiesOnTheirWayAreBoundedTogetherInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := outer(4, 1, func(w http.ResponseWriter, r *http.Request) {
			if _, err := exchange.ReadBody(w, r, BodyBytes, 0); err != nil {
				problem.Fail(w, r, err)
			}
		})
		post := func(body io.Reader, length int64) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", body)
			r.ContentLength = length
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w
		}
		slow, rest := io.Pipe()
		var all sync.WaitGroup
		all.Go(func() {
			if got := post(slow, -1).Code; got != http.StatusOK { // may become as long as all together
				t.Errorf("the slow one is answered with %d", got)
			}
		})
		synctest.Wait()
		if w := post(strings.NewReader("x"), 1); w.Code != http.StatusServiceUnavailable ||
			w.Header().Get("Retry-After") == "" {
			t.Errorf("one byte too many is answered with %d, %v", w.Code, w.Header())
		}
		_ = rest.Close()
		all.Wait()
		if got := post(strings.NewReader("x"), 1).Code; got != http.StatusOK {
			t.Errorf("when there is room again: %d", got)
		}
		if got := post(strings.NewReader("x"), BodyBytes+1).Code; got != http.StatusRequestEntityTooLarge {
			t.Errorf("a body that is announced too long is answered with %d", got)
		}
	})
}
