package site

import (
	"encoding/base64"
	"net/http"
	"unicode/utf8"
)

// What has been done is told on the next page. The browser carries it there, and no session: sessions are written when
// somebody signs in or changes their password, so that a request which ends late cannot bring back one that was signed out.

const (
	noticeCookie  = "gable_notice"
	noticeSeconds = 60
)

// giveNotice has the next page tell something.
func (s *Site) giveNotice(w http.ResponseWriter, notice string) {
	s.setCookie(w, noticeCookie, base64.RawURLEncoding.EncodeToString([]byte(notice)), noticeSeconds)
}

// takeNotice is what is to be told on this page, and on no other; "" for nothing.
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
