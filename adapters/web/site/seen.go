package site

import (
	"net/http"

	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/freshness"
)

// Who has changed something looks at the catalogue next, perhaps on another process. For a short while their browser
// therefore carries what they must not see undone, as the Consistency-Token that programs send.

const (
	seenCookie  = "gable_seen"
	seenSeconds = 60
)

// remember gives the browser the token of what its request has written.
func (s *Site) remember(w http.ResponseWriter, r *http.Request) {
	s.Views.GiveWriteToken(w, r)
	s.setCookie(w, seenCookie, w.Header().Get(viewcache.TokenHeader), seenSeconds)
}

// Remembered has requests for pages carry the token that their browser was given.
func (s *Site) Remembered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header["Cookie"] != nil && r.Header[viewcache.TokenHeader] == nil && WantsPage(r) {
			if token := s.seen(r); token != "" {
				r.Header.Set(viewcache.TokenHeader, token)
			}
		}
		next.ServeHTTP(w, r)
	})
}

// seen is the token that the browser was given; "" for none, and for what is none: a person cannot mend a cookie.
func (s *Site) seen(r *http.Request) string {
	cookie, err := r.Cookie(s.cookieName(seenCookie))
	if err != nil {
		return ""
	}
	if _, err := freshness.ParseToken(cookie.Value); err != nil {
		return ""
	}
	return cookie.Value
}
