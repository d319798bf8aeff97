package ops_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gable-listings/gable/adapters/ops"
)

// from asks with a Host and further headers, which come in pairs.
func from(t *testing.T, h http.Handler, method, host string, headers ...string) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/debug/pprof/symbol", nil)
	r.Host = host
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

func TestOnlyHostNamesThatNoStrangerOwnsAreAnswered(t *testing.T) {
	h := ops.New(ops.Options{
		Gatherer: prometheus.NewRegistry(), LogLevel: http.NotFoundHandler(), Hosts: []string{"Ops.Example.org", ""},
	})
	for host, want := range map[string]int{
		"127.0.0.1:8081": 200, "10.0.0.7": 200, "[::1]:8081": 200, "[fe80::1]": 200, "localhost:8081": 200, "app:8081": 200,
		"ops.example.org:8081": 200, "OPS.EXAMPLE.ORG.": 200, "": 200,
		"evil.example.org:8081": 421, "evil.example.org": 421, "ops.example.org.evil.net": 421, "127.0.0.1.evil.net": 421,
		"localhost.evil.net": 421,
	} {
		if got := from(t, h, http.MethodGet, host); got != want {
			t.Errorf("Host %q: %d, want %d", host, got, want)
		}
	}
}

func TestPagesOfOtherSitesMayNotAsk(t *testing.T) {
	h := newHandler()
	for _, c := range []struct {
		method string
		header []string
		want   int
	}{
		{http.MethodGet, nil, 200},
		{http.MethodPost, nil, 200},
		{http.MethodGet, []string{"Sec-Fetch-Site", "none"}, 200},
		{http.MethodGet, []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{http.MethodGet, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{http.MethodGet, []string{"Sec-Fetch-Site", "same-site"}, 403},
		{http.MethodPost, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{http.MethodPost, []string{"Origin", "http://evil.example.org"}, 403},
		{http.MethodPost, []string{"Origin", "http://127.0.0.1:8081"}, 200},
	} {
		if got := from(t, h, c.method, "127.0.0.1:8081", c.header...); got != c.want {
			t.Errorf("%s %v: %d, want %d", c.method, c.header, got, c.want)
		}
	}
}

func TestAProfileTakesNoLongerThanAMinute(t *testing.T) {
	h := newHandler()
	for _, name := range []string{"profile", "trace", "heap", "goroutine"} {
		path := "/debug/pprof/" + name
		for _, seconds := range []string{"61", "9999", "1e3", "NaN", "-1", "x", "Inf"} {
			if w := ask(t, h, http.MethodGet, path+"?seconds="+seconds); w.Code != http.StatusBadRequest {
				t.Errorf("%s?seconds=%s: %d", path, seconds, w.Code)
			}
		}
	}
	if w := ask(t, h, http.MethodGet, "/debug/pprof/trace?seconds=0.01"); w.Code != http.StatusOK || w.Body.Len() == 0 {
		t.Errorf("a short trace: %d, %d bytes", w.Code, w.Body.Len())
	}
}

func TestFewProfilesAreTakenAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHandler()
		statuses := make(chan int, 6)
		for range cap(statuses) {
			go func() { statuses <- ask(t, h, http.MethodGet, "/debug/pprof/goroutine?seconds=1").Code }()
		}
		count := map[int]int{}
		for range cap(statuses) {
			count[<-statuses]++
		}
		if count[http.StatusOK] != 4 || count[http.StatusServiceUnavailable] != 2 {
			t.Errorf("the answers are %v", count)
		}
		if w := ask(t, h, http.MethodGet, "/debug/pprof/goroutine"); w.Code != http.StatusOK {
			t.Errorf("afterwards: %d", w.Code)
		}
	})
}
