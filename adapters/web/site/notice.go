package site

import (
	"encoding/base64"
	"net/http"
	"unicode/utf8"
)

// The next page after a form shows a notice of what was done. A cookie carries the notice, not the session: sessions
// are written only when a user signs in or changes the password, so that a request which ends late cannot revive a
// session after its sign-out.

const (
	noticeCookie  = "gable_notice"
	noticeSeconds = 60
)

// setNotice sets the notice for the next page.
func (s *Site) setNotice(w http.ResponseWriter, notice string) {
	s.setCookie(w, noticeCookie, base64.RawURLEncoding.EncodeToString([]byte(notice)), noticeSeconds)
}

// takeNotice returns the notice for this page, or "", and deletes it.
func (s *Site) takeNotice(w http.ResponseWriter, r *http.Request) string {
	cookie, err := r.Cookie(s.cookieName(noticeCookie))
	if err != nil {
		return ""
	}
	s.setCookie(w, noticeCookie, "", -1)
	notice, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || !utf8.Valid(notice) {
		return ""
	}
	return string(notice)
}
