package web

import (
	"net/http"
	"net/url"
	"strings"
)

// belowBase takes the base path off the addresses of requests; the code that writes an address into an answer adds it.
// A request outside has the empty path from here on. No route has that, and all bounds hold for such a request as for
// any other. The health pages answer at the root as well, where a container looks for them, whatever the base path is.
func (o Options) belowBase(next http.Handler) http.Handler {
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
			r = at(r, r.URL.Path[len(o.Base):], strings.TrimPrefix(r.URL.RawPath, o.Base))
			r.RequestURI = r.URL.RequestURI()
			next.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, at(r, "", ""))
		}
	})
}

// at is the request with another path, and no target yet.
func at(r *http.Request, path, escaped string) *http.Request {
	moved, address := *r, *r.URL
	address.Path, address.RawPath = path, escaped
	moved.URL, moved.RequestURI = &address, ""
	return &moved
}
