package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
)

func TestAPanicIsAProblemOrBreaksTheAnswerOffButNeverLooksWhole(t *testing.T) {
	core, log := observer.New(zap.ErrorLevel)
	o := Options{Log: zap.New(core), Reads: zap.NewNop(),
		Observe: func(string, string, int, time.Duration, int64, string) {}}
	server := httptest.NewServer(o.observe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
	if err != nil || answer.StatusCode != http.StatusInternalServerError ||
		answer.Header.Get("Content-Type") != problem.ContentType ||
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

func TestOnlyTheLogLinesOfReadsThatSucceedMayBeLeftOut(t *testing.T) {
	all, log := observer.New(zap.InfoLevel)
	some, reads := observer.New(zap.InfoLevel)
	o := Options{Log: zap.New(all), Reads: zap.New(some),
		Observe: func(string, string, int, time.Duration, int64, string) {}}
	for _, c := range []struct {
		method string
		status int
		left   bool // may be left out
	}{
		{"GET", 200, true}, {"HEAD", 200, true}, {"GET", 206, true}, {"GET", 304, true}, {"GET", 307, true},
		{"GET", 400, false}, {"GET", 401, false}, {"HEAD", 404, false}, {"GET", 412, false}, {"GET", 500, false},
		{"GET", 503, false},
		{"POST", 201, false}, {"PATCH", 200, false}, {"DELETE", 204, false}, {"PUT", 200, false}, {"POST", 303, false},
		{"OPTIONS", 200, false}, {"BREW", 200, false},
	} {
		h := o.observe(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(c.status) }))
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), c.method, "/", http.NoBody))
		if left := len(reads.TakeAll()) == 1; left != c.left || len(log.TakeAll()) == 1 == c.left {
			t.Errorf("%s answered with %d may be left out: %v, want %v", c.method, c.status, left, c.left)
		}
	}
}

func TestALogLineSaysWhoAsked(t *testing.T) {
	core, log := observer.New(zap.InfoLevel)
	o := Options{
		Log: zap.New(core), Reads: zap.New(core), Observe: func(string, string, int, time.Duration, int64, string) {},
		Proxies: exchange.Proxies{netip.MustParsePrefix("10.0.0.0/8")},
	}
	h := o.observe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := r.Header.Get("Name"); name != "" {
			exchange.SetActor(w, name)
		}
	}))
	for _, c := range []struct {
		header http.Header
		want   [3]any // client, user agent, actor
	}{
		{http.Header{}, [3]any{"10.0.0.2", "", nil}},
		{http.Header{"User-Agent": {"curl/8.5.0"}, "Name": {"key importer"}},
			[3]any{"10.0.0.2", "curl/8.5.0", "key importer"}},
		{http.Header{"X-Forwarded-For": {"203.0.113.9, 198.51.100.1"}, "Name": {"anna"}}, [3]any{"198.51.100.1", "", "anna"}},
		{http.Header{"User-Agent": {"a\x1b[2J" + strings.Repeat("b", 9_000)}},
			[3]any{"10.0.0.2", "a?[2J" + strings.Repeat("b", 251), nil}},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/"+strings.Repeat("p", 9_000), http.NoBody)
		r.RemoteAddr, r.Header = "10.0.0.2:4711", c.header
		h.ServeHTTP(httptest.NewRecorder(), r)
		line := log.TakeAll()[0].ContextMap()
		if got := [3]any{line["client"], line["user_agent"], line["actor"]}; got != c.want {
			t.Errorf("%v is logged as %v, want %v", c.header, got, c.want)
		}
		if path := line["path"].(string); len(path) != longestLogged {
			t.Errorf("a path of %d bytes is in the log", len(path))
		}
	}
}

func TestAProxyThatIsNotOnTheListIsLoggedOnce(t *testing.T) {
	for _, c := range []struct {
		peer  string
		lines int
	}{{"127.0.0.1:1", 1}, {"172.16.0.2:1", 1}, {"@", 1}, {"10.0.0.2:1", 0}, {"198.51.100.1:1", 0}} {
		core, log := observer.New(zap.WarnLevel)
		o := Options{
			Log: zap.New(core), Reads: zap.NewNop(), Observe: func(string, string, int, time.Duration, int64, string) {},
			Proxies: exchange.Proxies{netip.MustParsePrefix("10.0.0.0/8")},
		}
		h := o.observe(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		for range 3 {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
			r.RemoteAddr = c.peer
			h.ServeHTTP(httptest.NewRecorder(), r)
			r.Header.Set("X-Forwarded-For", "203.0.113.9")
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
		if log.Len() != c.lines {
			t.Errorf("three requests of %s are logged %d times, want %d", c.peer, log.Len(), c.lines)
		}
	}
}
