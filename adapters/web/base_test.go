package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestTheBasePathIsTakenOffOnce(t *testing.T) {
	health := map[string]http.Handler{"/healthz": http.NotFoundHandler()}
	seen := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "path %q escaped %q target %q query %q", r.URL.Path, r.URL.RawPath, r.RequestURI, r.URL.RawQuery)
	}
	const outside = `path "" escaped "" target "" query ""`
	handler := Options{Base: "/homes", Health: health}.stripBase(http.HandlerFunc(seen))
	for target, want := range map[string]string{
		"/homes/":                           `path "/" escaped "" target "/" query ""`,
		"/homes/v1/x?q=a%20b&x=/":           `path "/v1/x" escaped "" target "/v1/x?q=a%20b&x=/" query "q=a%20b&x=/"`,
		"/homes/a%2Fb?":                     `path "/a/b" escaped "/a%2Fb" target "/a%2Fb?" query ""`,
		"/homes//evil.example/":             `path "//evil.example/" escaped "" target "//evil.example/" query ""`,
		"/homes/homes/x":                    `path "/homes/x" escaped "" target "/homes/x" query ""`,
		"http://example.org/homes/listings": `path "/listings" escaped "" target "/listings" query ""`,
		"/healthz":                          `path "/healthz" escaped "" target "/healthz" query ""`,
		"/homes/healthz":                    `path "/healthz" escaped "" target "/healthz" query ""`,
		"/":                                 outside, "/v1/properties": outside, "/homesick": outside, "/h%6Fmes/": outside,
		"/x/homes/": outside, "/homes%2F": outside, "/HOMES/": outside,
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, target, nil)
		path := r.URL.Path
		if handler.ServeHTTP(w, r); w.Body.String() != want {
			t.Errorf("%s: %s, want %s", target, w.Body, want)
		}
		if r.URL.Path != path {
			t.Errorf("%s: the log would say %s", target, r.URL.Path)
		}
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/homes?q=a%20b", nil))
	if w.Code != http.StatusPermanentRedirect || w.Header().Get("Location") != "/homes/?q=a%20b" {
		t.Errorf("without its slash: %d, %v", w.Code, w.Header())
	}
}
