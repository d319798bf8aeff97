package asset

import (
	"net/http"
	"net/http/httptest"
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
		t.Fatalf("the paths are %s and %s", old.Base, changed.Base)
	}
	w := httptest.NewRecorder()
	old.File(old.Base+"site.css").ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Body.String() != "a{}" || w.Header().Get("Content-Type") != "text/css; charset=utf-8" ||
		w.Header().Get("Cache-Control") != forever {
		t.Errorf("got %q with %v", w.Body, w.Header())
	}
	for _, path := range []string{changed.Base + "site.css", old.Base + "other.css", old.Base, "/"} {
		if old.File(path) != nil {
			t.Errorf("%s is a file", path)
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
