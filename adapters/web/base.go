package web

import (
	"net/http"
	"net/url"
	"strings"
)

// stripBase removes the base path from the addresses of requests; the code that writes an address into an answer adds
// it. A request outside gets the empty path, which no route has, so that all bounds hold for it as for any other. The
// health pages also answer at the root, where a container looks for them, whatever the base path is.
func (o Options) stripBase(next http.Handler) http.Handler {
	if o.Base == "" {
		return next
	}
	front := o.Base + "/"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.EscapedPath(); {
		case o.Health[r.URL.Path] != nil:
			next.ServeHTTP(w, r)
		case path == o.Base:
			to := url.URL{Path: front, RawQuery: r.URL.RawQuery}
			http.Redirect(w, r, to.String(), http.StatusPermanentRedirect)
		case strings.HasPrefix(path, front):
			r = withPath(r, r.URL.Path[len(o.Base):], strings.TrimPrefix(r.URL.RawPath, o.Base))
			r.RequestURI = r.URL.RequestURI()
			next.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, withPath(r, "", ""))
		}
	})
}

// withPath returns the request with another path, and without a target.
func withPath(r *http.Request, path, escaped string) *http.Request {
	moved, address := *r, *r.URL
	address.Path, address.RawPath = path, escaped
	moved.URL, moved.RequestURI = &address, ""
	return &moved
}
