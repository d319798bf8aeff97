package ops_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gable-listings/gable/adapters/ops"
)

type answer struct {
	Status string            `json:"status"`
	Checks map[string]detail `json:"checks"`
}

type detail struct {
	Status string `json:"status"`
	Reason string `json:"reason"`
	Detail string `json:"detail"`
}

func ask(t *testing.T, h http.Handler, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:8081"+path, nil))
	return w
}

func readiness(t *testing.T, h http.Handler) (int, answer) {
	t.Helper()
	w := ask(t, h, http.MethodGet, "/readyz")
	var got answer
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("readyz answered %q: %v", w.Body, err)
	}
	return w.Code, got
}

func check(name string, critical bool, err error) ops.Check {
	return ops.Check{
		Name: name, Critical: critical, Run: func(context.Context) error { return err },
		Reason: func(error) string { return "refused" },
	}
}

func newHandler(checks ...ops.Check) *ops.Handler {
	return ops.New(ops.Options{
		Checks: checks, Gatherer: prometheus.NewRegistry(), LogLevel: http.NotFoundHandler(),
		Build: ops.Build{Version: "v1.2.3", Commit: "9f2c41d07be8", Go: "go1.26.0", StartedAt: time.Unix(0, 0).UTC()},
	})
}

func TestReadinessIsTheWorstOfItsPartsAndRefusesOnlyWhenDown(t *testing.T) {
	gone := errors.New("connection refused")
	for name, c := range map[string]struct {
		checks []ops.Check
		code   int
		want   answer
	}{
		"all well": {
			[]ops.Check{check("database", true, nil), check("cache", false, nil)}, 200,
			answer{"ok", map[string]detail{"database": {Status: "ok"}, "cache": {Status: "ok"}}},
		},
		"without a cache": {
			[]ops.Check{check("database", true, nil), check("cache", false, gone)}, 200,
			answer{"degraded", map[string]detail{
				"database": {Status: "ok"}, "cache": {"degraded", "refused", "connection refused"},
			}},
		},
		"without a database": {
			[]ops.Check{check("database", true, gone), check("cache", false, gone)}, 503,
			answer{"down", map[string]detail{
				"database": {"down", "refused", "connection refused"}, "cache": {"degraded", "refused", "connection refused"},
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			code, got := readiness(t, newHandler(c.checks...))
			if diff := cmp.Diff(c.want, got); diff != "" || code != c.code {
				t.Errorf("status %d, want %d; body (-want +got):\n%s", code, c.code, diff)
			}
		})
	}
}

func TestAPartThatWorksMaySayMoreAndOneThatDoesNotSaysWhatIsWrong(t *testing.T) {
	noted := func(err error) ops.Check {
		c := check("migrations", true, err)
		c.Note = func(context.Context) string { return "newer and compatible" }
		return c
	}
	if code, got := readiness(t, newHandler(noted(nil))); code != 200 ||
		got.Checks["migrations"] != (detail{Status: "ok", Detail: "newer and compatible"}) {
		t.Errorf("status %d, %+v", code, got)
	}
	if code, got := readiness(t, newHandler(noted(errors.New("too old")))); code != 503 ||
		got.Checks["migrations"] != (detail{"down", "refused", "too old"}) {
		t.Errorf("status %d, %+v", code, got)
	}
}

func TestDrainingTurnsReadinessOffAndLeavesHealthOn(t *testing.T) {
	h := newHandler(check("database", true, nil))
	h.SetDraining()
	if code, got := readiness(t, h); code != 503 || got.Status != "down" || got.Checks["database"].Status != "ok" {
		t.Errorf("readiness while draining: %d %+v", code, got)
	}
	if w := ask(t, h, http.MethodGet, "/healthz"); w.Code != 200 ||
		strings.TrimSpace(w.Body.String()) != `{"status":"ok"}` {
		t.Errorf("health while draining: %d %s", w.Code, w.Body)
	}
}

func TestAPartThatDoesNotAnswerIsReportedAtTheDeadlineAndNotAskedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var runs atomic.Int32
		h := newHandler(check("database", true, nil), ops.Check{Name: "cache", Run: func(context.Context) error {
			runs.Add(1)
			<-release // ignores its context
			return nil
		}})
		began := time.Now()
		_, first := readiness(t, h)
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("the answer took %v, want the deadline of 2s", took)
		}
		want := answer{"degraded", map[string]detail{
			"database": {Status: "ok"}, "cache": {"degraded", "timed out", "no answer within 2s"},
		}}
		if diff := cmp.Diff(want, first); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		time.Sleep(time.Second)
		if _, got := readiness(t, h); got.Checks["cache"].Detail != "no answer since an earlier check" || runs.Load() != 1 {
			t.Errorf("second look: %+v after %d runs", got, runs.Load())
		}
		close(release)
		synctest.Wait()
		time.Sleep(time.Second)
		if _, got := readiness(t, h); got.Status != "ok" {
			t.Errorf("after the part came back: %+v", got)
		}
	})
}

func TestManyProbesShareOneRoundOfChecksForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		h := newHandler(ops.Check{Name: "database", Run: func(context.Context) error { runs.Add(1); return nil }})
		for range 10 {
			go ask(t, h, http.MethodGet, "/readyz")
		}
		synctest.Wait()
		if runs.Load() != 1 {
			t.Errorf("ten probes at once ran the check %d times, want 1", runs.Load())
		}
		time.Sleep(time.Second)
		readiness(t, h)
		if runs.Load() != 2 {
			t.Errorf("a second later the check had run %d times, want 2", runs.Load())
		}
	})
}

func TestAProbeThatLeavesDoesNotSpoilTheAnswerOfTheNext(t *testing.T) {
	h := newHandler(ops.Check{Name: "database", Critical: true, Run: func(ctx context.Context) error { return ctx.Err() }})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(gone, http.MethodGet, "http://127.0.0.1/readyz",
		nil))
	if code, got := readiness(t, h); code != 200 {
		t.Errorf("after a cancelled probe: %d %+v", code, got)
	}
}

func TestThePublicReadinessSaysTheReasonAndNoDetails(t *testing.T) {
	h := newHandler(check("database", true, errors.New("user gable at db.internal: connection refused")))
	w := ask(t, h.Ready(), http.MethodGet, "/readyz")
	want := `{"status":"down","checks":{"database":{"status":"down","reason":"refused"}}}`
	if strings.TrimSpace(w.Body.String()) != want || w.Code != 503 {
		t.Errorf("got %d %s, want 503 %s", w.Code, w.Body, want)
	}
}

func TestVersionSaysWhichBuildRuns(t *testing.T) {
	w := ask(t, newHandler().Version(), http.MethodGet, "/version")
	want := `{"version":"v1.2.3","commit":"9f2c41d07be8","go":"go1.26.0","started_at":"1970-01-01T00:00:00Z"}`
	if strings.TrimSpace(w.Body.String()) != want || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("got %s (%s), want %s", w.Body, w.Header().Get("Content-Type"), want)
	}
}

func TestMetricsShowWhatIsRegistered(t *testing.T) {
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "gable_things_total", Help: "Things."})
	registry.MustRegister(counter)
	counter.Add(3)
	w := ask(t, ops.New(ops.Options{Gatherer: registry, LogLevel: http.NotFoundHandler()}), http.MethodGet, "/metrics")
	if !strings.Contains(w.Body.String(), "\ngable_things_total 3\n") {
		t.Errorf("metrics: %s", w.Body)
	}
}

func TestProfilesAreServed(t *testing.T) {
	h := newHandler()
	if w := ask(t, h, http.MethodGet, "/debug/pprof/goroutine?debug=1"); !strings.HasPrefix(w.Body.String(),
		"goroutine profile:") {
		t.Errorf("goroutines: %d %.80s", w.Code, w.Body)
	}
	if w := ask(t, h, http.MethodPost, "/debug/pprof/symbol"); w.Code != 200 {
		t.Errorf("go tool pprof asks for symbols with POST and got %d", w.Code)
	}
}

func TestHeadWorksAndOtherMethodsAreRefusedWithAllow(t *testing.T) {
	server := httptest.NewServer(newHandler(check("database", true, nil)))
	defer server.Close()
	for _, path := range []string{"/healthz", "/readyz", "/version", "/metrics", "/debug/pprof/"} {
		for method, want := range map[string]int{http.MethodHead: 200, http.MethodPost: 405, http.MethodDelete: 405} {
			request, _ := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
			response, err := server.Client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != want || want == 405 && response.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d, Allow %q; want %d", method, path, response.StatusCode, response.Header.Get("Allow"), want)
			}
		}
	}
}
