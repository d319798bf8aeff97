package consistency

import (
	"net/http"

	"github.com/gable-listings/gable/domain/freshness"
)

// After a change a person usually opens a page of listings next, perhaps on another process. The browser therefore
// carries the token of the write for a short while, in a cookie.
const (
	Cookie        = "gable_seen" // the name, without the prefix that says which host may set it
	CookieSeconds = 60
)

// ParsePage reads the directives of a request for a page. Without a token in the request it uses the token of the
// browser's cookie. It ignores a cookie that is not a token, since a person cannot correct it.
func ParsePage(r *http.Request, cookieName string) Directives {
	d := Parse(r.Header)
	if d.Session {
		return d
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return d
	}
	if token, err := freshness.ParseToken(cookie.Value); err == nil {
		d.Session, d.Token = true, &token
	}
	return d
}
