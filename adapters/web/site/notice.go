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
	s.setNotice(w, base64.RawURLEncoding.EncodeToString([]byte(notice)), noticeSeconds)
}

// takeNotice is what is to be told on this page, and on no other; "" for nothing.
func (s *Site) takeNotice(w http.ResponseWriter, r *http.Request) string {
	cookie, err := r.Cookie(hostCookie(noticeCookie, s.Secure()))
	if err != nil {
		return ""
	}
	s.setNotice(w, "", -1)
	notice, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || !utf8.Valid(notice) {
		return ""
	}
	return string(notice)
}

func (s *Site) setNotice(w http.ResponseWriter, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: hostCookie(noticeCookie, s.Secure()), Value: value, Path: "/", MaxAge: seconds, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: s.Secure(),
	})
}
