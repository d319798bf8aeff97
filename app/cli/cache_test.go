package cli

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const figuresJSON = `{"levels":{
	"view":{"hits":98122,"misses":1204,"stale":311,"patched":87,"coalesced":45,"bypassed":12,"unconfirmed":7,"errors":0,"entries":893,"bytes":15204352,"hit_ratio":0.9848},
	"query":{"hits":640,"misses":875,"stale":202,"patched":61,"coalesced":9,"bypassed":3,"unconfirmed":0,"errors":0,"entries":-1,"bytes":-1,"hit_ratio":0.3727}},
	"ledger":{"position":5120,"length":4096,"capacity":16384}}`

// cacheServer answers /v1/cache like a running Gable whose admin key is "gable_admin".
func cacheServer(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/cache", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, figuresJSON) })
	mux.HandleFunc("DELETE /v1/cache", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer gable_admin" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w,
				`{"type":"/problems/forbidden","title":"Not allowed","status":403,"detail":"this needs scope admin"}`)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func TestCacheStatsIsATableWithAColumnForEachLevel(t *testing.T) {
	code, out, err := gable(t, "cache", "stats", "--server", cacheServer(t))
	want := `                    view     query
          hits    98,122       640
       patched        87        61
     coalesced        45         9
         stale       311       202
        misses     1,204       875
      bypassed        12         3
   unconfirmed         7         0
        errors         0         0
       entries       893         –
         bytes    15 MiB         –
     hit ratio   98.48 %   37.27 %

ledger: 4,096 of 16,384 changes, 5,120 appended including those read at the start
`
	if code != 0 || err != "" || out != want {
		t.Errorf("code %d, stderr %q, got\n%swant\n%s", code, err, out, want)
	}
}

func TestCacheStatsAsJSONIsTheServersOwn(t *testing.T) {
	if code, out, _ := gable(t, "cache", "stats", "--json", "--server", cacheServer(t)+"/"); code != 0 ||
		out != figuresJSON+"\n" {
		t.Errorf("code %d:\n%s", code, out)
	}
}

func TestCachePurgeNeedsAKeyThatMay(t *testing.T) {
	url := cacheServer(t)
	t.Setenv("GABLE_SERVER", url)
	t.Setenv("GABLE_KEY", "gable_admin")
	if code, out, err := gable(t, "cache", "purge"); code != 0 || out != "The caches of "+url+" are empty.\n" {
		t.Errorf("code %d: %q %q", code, out, err)
	}
	if code, out, _ := gable(t, "cache", "purge", "--json"); code != 0 || out != "{\"purged\":true}\n" {
		t.Errorf("code %d: %q", code, out)
	}
	code, out, err := gable(t, "cache", "purge", "--key", "gable_other")
	if want := "gable: empty the caches: the server answered 403 Forbidden: Not allowed: this needs scope admin\n"; code != 1 || out != "" || err != want {
		t.Errorf("code %d, stdout %q, stderr %q", code, out, err)
	}
	t.Setenv("GABLE_KEY", "")
	if code, _, err := gable(t, "cache", "purge"); code != 1 || !strings.Contains(err, "GABLE_KEY") {
		t.Errorf("without a key: code %d, stderr %q", code, err)
	}
}

func TestAServerThatDoesNotAnswerIsSaidPlainly(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	if code, _, err := gable(t, "cache", "stats", "--server", gone.URL); code != 1 ||
		!strings.Contains(err, "is the server running?") {
		t.Errorf("code %d, stderr %q", code, err)
	}
	if code, _, err := gable(t, "cache", "stats", "--server", "localhost:8080"); code != 1 ||
		!strings.Contains(err, "write it like http://127.0.0.1:8080") {
		t.Errorf("code %d, stderr %q", code, err)
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_,
			_ = io.WriteString(w, "<html>")
	}))
	defer other.Close()
	if code, _, err := gable(t, "cache", "stats", "--server", other.URL); code != 1 ||
		!strings.Contains(err, "unexpected answer of") {
		t.Errorf("code %d, stderr %q", code, err)
	}
}
