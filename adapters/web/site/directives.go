package site

import (
	"net/http"

	"github.com/gable-listings/gable/adapters/web/consistency"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/domain/property"
)

// setWriteToken sets the token of a change in the header and in the browser's cookie.
func (s *Site) setWriteToken(w http.ResponseWriter, r *http.Request, change property.Change) {
	s.Consistency.SetWriteToken(r.Context(), exchange.DirectivesOf(w), change, w.Header())
	s.carryToken(w)
}

// setBulkToken sets the token of a bulk edit in the header and in the browser's cookie.
func (s *Site) setBulkToken(w http.ResponseWriter, r *http.Request, committed bool) {
	s.Consistency.SetBulkToken(r.Context(), committed, w.Header())
	s.carryToken(w)
}

func (s *Site) carryToken(w http.ResponseWriter) {
	s.setCookie(w, consistency.Cookie, w.Header().Get(consistency.Header), consistency.CookieSeconds)
}

// Directives returns the cache directives of a request, for a page or for anything else.
func (s *Site) Directives(r *http.Request) consistency.Directives {
	if r.Header["Cookie"] != nil && WantsPage(r) {
		return consistency.ParsePage(r, s.cookieName(consistency.Cookie))
	}
	return consistency.Parse(r.Header)
}
