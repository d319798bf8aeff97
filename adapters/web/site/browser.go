package site

import (
	"net/http"

	"github.com/gable-listings/gable/domain/access"
)

// After a sign-in the browser holds a token that marks it as known, for longer than a session lasts. The token grants
// no access. It protects its owner from being locked out by the wrong passwords of others.

const browserCookie = "gable_browser"

// browserToken returns the token that the browser holds; "" for none.
func (s *Site) browserToken(r *http.Request) string {
	cookie, err := r.Cookie(s.cookieName(browserCookie))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// rememberBrowser sends the browser a token for the account that has signed in from it.
func (s *Site) rememberBrowser(w http.ResponseWriter, r *http.Request, who access.Account) error {
	token, lasts, err := s.Accounts.RememberBrowser(r.Context(), who.ID, s.browserToken(r))
	if err != nil {
		return err
	}
	s.setCookie(w, browserCookie, token, int(lasts.Seconds()))
	return nil
}
