package viewcache

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/sync/semaphore"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/ports"
)

// heldWriter is a client that reads nothing until it is released.
type heldWriter struct {
	*httptest.ResponseRecorder
	writing, let chan struct{}
}

func (w heldWriter) Write(b []byte) (int, error) {
	close(w.writing)
	<-w.let
	return w.ResponseRecorder.Write(b)
}

// While a slow client holds the memory of large answers, another large one is refused; the same one and small ones
// are not.
func TestLargeAnswersAreBoundedWhileTheyAreSent(t *testing.T) {
	a := newAnswering(t)
	const body = 200 << 10
	a.options.MaxSending = 3 * body // the answer and what is made of it take more than half
	a.sending = semaphore.NewWeighted(a.options.MaxSending)
	text := strings.Repeat("x", body)
	load := func(context.Context) (Answer, ports.ReadInfo, error) {
		return Answer{Body: []byte(text), Depends: a.depends()}, ports.ReadInfo{}, nil
	}
	slow := heldWriter{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
	done := make(chan error)
	go func() {
		r := httptest.NewRequest(http.MethodGet, "/large", nil)
		done <- a.Serve(exchange.New(slow, "1"), r, "large", load)
	}()
	<-slow.writing
	ask := func(target string) (int, error) {
		w := httptest.NewRecorder()
		e := exchange.New(w, "2")
		r := httptest.NewRequest(http.MethodGet, target, nil)
		var err error
		a.Front(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			err = a.Serve(w, r, strings.Trim(target, "/"), load)
		})).ServeHTTP(e, r)
		return w.Body.Len(), err
	}
	for range 2 { // the second time as a hit
		if n, err := ask("/other"); n > 0 || problem.From(err).Status != http.StatusServiceUnavailable {
			t.Errorf("a second large answer is sent: %d bytes, %v", n, err)
		}
		if n, err := ask("/large"); n != body || err != nil {
			t.Errorf("the answer that has its room is not sent again: %d bytes, %v", n, err)
		}
	}
	text = "small"
	if n, err := ask("/small"); n != len("small") || err != nil {
		t.Errorf("a small answer is not sent: %d bytes, %v", n, err)
	}
	close(slow.let)
	if err := <-done; err != nil {
		t.Error(err)
	}
	text = strings.Repeat("y", body)
	for range 2 {
		if n, err := ask("/last"); n != body || err != nil {
			t.Errorf("the memory is not released: %d bytes, %v", n, err)
		}
	}
}
