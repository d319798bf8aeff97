package site

import (
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/gable-listings/gable/domain/access"
)

const sessionsPath = "/admin/sessions"

// visit is a session as its owner sees it. Sessions begun by an earlier version lack address and time.
type visit struct {
	ID      string // the hash of its token
	Browser string
	Address string
	Begun   time.Time // zero if unknown
	Used    time.Time // to the minute
	Here    bool      // it is the session of this request
}

// ownSessions answers GET /admin/sessions.
func (s *Site) ownSessions(w http.ResponseWriter, r *http.Request, who access.Account) error {
	ctx := r.Context()
	stored, err := s.Sessions.ListSessionsOf(ctx, who.ID)
	if err != nil {
		return err
	}
	here, now := access.HashSecret(s.sessions.Token(ctx)), time.Now()
	var visits []visit
	for _, each := range stored {
		_, values, err := sessionCodec.Decode(each.Data)
		if err != nil || expired(each.Data, each.Expires, now) || values[accountField] != who.ID {
			continue
		}
		v := visit{ID: each.TokenHash, Used: each.Expires.Add(-s.SessionIdle), Here: each.TokenHash == here}
		v.Browser, _ = values[browserField].(string)
		v.Address, _ = values[addressField].(string)
		if begun, ok := values[begunField].(int64); ok {
			v.Begun = time.Unix(begun, 0)
		}
		visits = append(visits, v)
	}
	return s.staffPage(w, r, who, http.StatusOK, "password", "sessions", "Your sessions", visits)
}

// endSessions answers POST /admin/sessions: it ends one of the user's own sessions, or all except this one.
func (s *Site) endSessions(w http.ResponseWriter, r *http.Request, who access.Account) error {
	ctx, id := r.Context(), r.PostForm.Get("session")
	if id == "" {
		if err := s.Sessions.DeleteSessionsOf(ctx, who.ID, access.HashSecret(s.sessions.Token(ctx))); err != nil {
			return err
		}
		s.Log.Info("other sessions ended", zap.String("name", who.Name))
		return s.finish(w, r, sessionsPath, "All your other sessions have ended.")
	}
	stored, err := s.Sessions.ListSessionsOf(ctx, who.ID)
	if err != nil {
		return err
	}
	for _, each := range stored {
		if each.TokenHash != id {
			continue
		}
		if _, err := s.Sessions.DeleteSession(ctx, id); err != nil {
			return err
		}
		s.Log.Info("session ended", zap.String("name", who.Name))
		return s.finish(w, r, sessionsPath, "The session has ended.")
	}
	return s.finish(w, r, sessionsPath, "This session no longer exists.")
}

// browsers and systems map words of a User-Agent to names, the most specific first. Most browsers also name Safari,
// and many name Chrome.
var (
	browsers = []named{
		{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	}
	systems = []named{
		{"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Mac OS X", "Mac"},
		{"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}
)

type named struct{ word, name string }

// browserName names the browser of a User-Agent, such as Firefox on Linux.
func browserName(userAgent string) string {
	called := func(list []named, other string) string {
		for _, each := range list {
			if strings.Contains(userAgent, each.word) {
				return each.name
			}
		}
		return other
	}
	name := called(browsers, "Another browser")
	if system := called(systems, ""); system != "" {
		return name + " on " + system
	}
	return name
}
