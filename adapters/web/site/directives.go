package site

import (
	"net/http"

	"github.com/gable-listings/gable/adapters/web/consistency"
	"github.com/gable-listings/gable/adapters/web/exchange"
)

// setWriteToken has the browser carry the token of what its request has written.
func (s *Site) setWriteToken(w http.ResponseWriter, r *http.Request) {
	s.Consistency.SetWriteToken(r.Context(), exchange.DirectivesOf(w), w.Header())
	s.setCookie(w, consistency.Cookie, w.Header().Get(consistency.Header), consistency.CookieSeconds)
}

// Directives are what a request asks of the caches, for a page or for anything else.
func (s *Site) Directives(r *http.Request) consistency.Directives {
	if r.Header["Cookie"] != nil && WantsPage(r) {
		return consistency.ParsePage(r, s.cookieName(consistency.Cookie))
	}
	return consistency.Parse(r.Header)
}
