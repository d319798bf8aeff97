package site

import (
	"cmp"
	"net/http"
)

const sessionCookie = "gable_session"

// cookieName is the name of a cookie. Where pages come by HTTPS, browsers take the cookie from this very host alone, by
// the prefix __Host-, which a cookie of a whole host may have; one of a path has __Secure-.
func (s *Site) cookieName(name string) string {
	switch {
	case !s.Secure():
		return name
	case s.Base != "":
		return "__Secure-" + name
	}
	return "__Host-" + name
}

// cookiePath is the path below which browsers send the cookies, so that no neighbour on the same host receives them.
func (s *Site) cookiePath() string { return cmp.Or(s.Base, "/") }

// setCookie sets a cookie in the browser for a number of seconds; a negative number deletes it.
func (s *Site) setCookie(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(name), Value: value, Path: s.cookiePath(), MaxAge: seconds, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: s.Secure(),
	})
}
