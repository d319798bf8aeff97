package consistency

import (
	"net/http"

	"github.com/gable-listings/gable/domain/freshness"
)

// A person who has changed something opens a page of listings next, perhaps on another process. Their browser therefore
// carries the token of the write for a short while, in a cookie.
const (
	Cookie        = "gable_seen" // its name, behind the prefix that says who may set it
	CookieSeconds = 60
)

// ParsePage reads the directives of a request for a page: without a token of its own it has that of its browser's cookie.
// A cookie that is not a token is ignored, since a person cannot correct it.
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
