package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/web/problem"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestAPanicIsAProblemOrBreaksTheAnswerOffButNeverLooksWhole(t *testing.T) {
	core, log := observer.New(zap.ErrorLevel)
	o := Options{Log: zap.New(core), Observe: func(string, string, int, time.Duration, int64) {}}
	server := httptest.NewServer(o.observed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/begun" {
			_, _ = io.WriteString(w, "half of it")
			_ = http.NewResponseController(w).Flush()
		}
		panic("a secret detail")
	})))
	t.Cleanup(server.Close)
	ask := func(path string) (*http.Response, string, error) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		return answer, string(body), err
	}
	answer, body, err := ask("/")
	if err != nil || answer.StatusCode != http.StatusInternalServerError || answer.Header.Get("Content-Type") != problem.ContentType ||
		strings.Contains(body, "secret") {
		t.Errorf("before anything is sent: %d, %s, %v", answer.StatusCode, body, err)
	}
	if answer, body, err := ask("/begun"); err == nil || answer.StatusCode != http.StatusOK || body != "half of it" {
		t.Errorf("in the midst: %d, %q, %v", answer.StatusCode, body, err)
	}
	if n := log.FilterMessage("handler panicked").Len(); n != 2 {
		t.Errorf("%d of 2 are in the log", n)
	}
}
