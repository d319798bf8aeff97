package asset

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
)

func TestAFileIsUnderAPathThatChangesWithItsContent(t *testing.T) {
	tree := func(content string) *Tree {
		made, err := NewTree("/assets/", fstest.MapFS{"static/site.css": {Data: []byte(content)}}, "static")
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	old, changed := tree("a{}"), tree("b{}")
	if old.Base == changed.Base || !strings.HasPrefix(old.Base, "/assets/") {
		t.Fatalf("got the paths %s and %s, want two below /assets/", old.Base, changed.Base)
	}
	w := httptest.NewRecorder()
	old.File(old.Base+"site.css").ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Body.String() != "a{}" || w.Header().Get("Content-Type") != "text/css; charset=utf-8" ||
		w.Header().Get("Cache-Control") != forever {
		t.Errorf("got %q with %v", w.Body, w.Header())
	}
	for _, path := range []string{changed.Base + "site.css", old.Base + "other.css", old.Base, "/"} {
		if old.File(path) != nil {
			t.Errorf("found a file at %s", path)
		}
	}
}

func TestGzipIsSentOnlyWhenAccepted(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "br;q=1.0, gzip;q=0.5": true, "gzip;q=0": false, "gzip; q=0.0, *": false,
		"*": true, "*;q=0": false, "br, identity": false, "gzip;q=x": false,
	} {
		if got := acceptsGzip([]string{accept}); got != want {
			t.Errorf("%q: %v, want %v", accept, got, want)
		}
	}
}

func TestAFileIsUnpackedOnce(t *testing.T) {
	f := New("text/plain; charset=utf-8", bytes.Repeat([]byte("line\n"), 200_000)) // 1 MB
	ask := func(method string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/", nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		return w
	}
	if w := ask(http.MethodHead); w.Header().Get("Content-Length") != "1000000" || w.Body.Len() != 0 {
		t.Errorf("HEAD: %v, %d bytes", w.Header(), w.Body.Len())
	}
	for name, request := range map[string]func() *httptest.ResponseRecorder{
		"HEAD":                func() *httptest.ResponseRecorder { return ask(http.MethodHead) },
		"a range of one byte": func() *httptest.ResponseRecorder { return ask(http.MethodGet, "Range", "bytes=0-0") },
		"a range at the end":  func() *httptest.ResponseRecorder { return ask(http.MethodGet, "Range", "bytes=-1") },
		"an unchanged file": func() *httptest.ResponseRecorder {
			return ask(http.MethodGet, "If-None-Match", `"`+f.hash+`"`)
		},
	} {
		if w := request(); w.Code >= http.StatusBadRequest || w.Body.Len() > 1 {
			t.Errorf("%s: %d, %d bytes", name, w.Code, w.Body.Len())
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 10 {
			request()
		}
		runtime.ReadMemStats(&after)
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 1_000_000 {
			t.Errorf("%s: ten requests allocate %d bytes", name, taken)
		}
	}
}
