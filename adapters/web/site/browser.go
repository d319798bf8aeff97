package site

import (
	"net/http"

	"github.com/gable-listings/gable/domain/access"
)

// A browser from which somebody has signed in holds a token that says so, for longer than a session lasts. It opens
// nothing: it keeps its owner from being locked out by the wrong passwords of others.

const browserCookie = "gable_browser"

// browserToken is the token that the browser holds; "" for none.
func (s *Site) browserToken(r *http.Request) string {
	cookie, err := r.Cookie(s.cookieName(browserCookie))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// rememberBrowser lets the browser hold a token for somebody who has signed in from it.
func (s *Site) rememberBrowser(w http.ResponseWriter, r *http.Request, who access.Account) error {
	token, lasts, err := s.Accounts.RememberBrowser(r.Context(), who.ID, s.browserToken(r))
	if err != nil {
		return err
	}
	s.setCookie(w, browserCookie, token, int(lasts.Seconds()))
	return nil
}
