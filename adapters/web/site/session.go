package site

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/route"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"go.uber.org/zap"
)

// A session is who has signed in with a browser. It lives in the database, where no purge of a cache can reach it, under a
// hash of the token that the browser holds; any process finds it there.

// sessionLifetime is how long somebody stays signed in at most.
const sessionLifetime = 12 * time.Hour

// What a session remembers.
const (
	accountField = "account" // id of the account
	sinceField   = "since"   // PasswordChangedAt of the account, in microseconds: a session is over with its password
	begunField   = "begun"   // when it began, in seconds
	addressField = "address" // where from
	browserField = "browser" // what browserName made of the browser's own words
	factorField  = "factor"  // whether a code of the second factor was right
	pendingField = "pending" // id of the account whose password was right and whose code is awaited
	askedField   = "asked"   // since when, in seconds
)

// newSessions makes the manager without scs.New, which begins with a store in memory and a goroutine to sweep it.
func (s *Site) newSessions() *scs.SessionManager {
	return &scs.SessionManager{
		Lifetime: sessionLifetime,
		Store:    sessionStore{SessionRepository: s.Sessions, idle: s.SessionIdle, log: s.Log},
		Codec:    sessionCodec,
		Cookie: scs.SessionCookie{
			Name: s.cookieName(sessionCookie), Path: s.cookiePath(), HttpOnly: true, Persist: true,
			SameSite: http.SameSiteLaxMode, Secure: s.Secure(),
		},
	}
}

var sessionCodec = scs.GobCodec{}

// sessionStore is the repository as the library wants it. It uses the methods with a context alone. A session expires
// when nobody has used it for as long as idle says; its lifetime stands in its data.
type sessionStore struct {
	scs.Store
	ports.SessionRepository

	idle time.Duration
	log  *zap.Logger
}

// longestUnseen is how long a session may be in use before the store learns of it: so seldom is a session written.
const longestUnseen = time.Minute

// unattended marks, in a context, a request that a page sends by itself; it does not keep a session from expiring.
type unattended struct{}

// owner is, in a context, the id of the account that a session belongs to; the library keeps its own lock while it stores.
type owner struct{}

// FindCtx implements scs.CtxStore.
func (s sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	hash, now := access.HashSecret(token), time.Now()
	data, expires, err := s.FindSession(ctx, hash)
	if errors.Is(err, access.ErrUnknownSession) || err == nil && over(data, expires, now) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	s.use(ctx, hash, expires, now)
	return data, true, nil
}

// over reports whether a session has been idle for too long, or has reached the end of its lifetime.
func over(data []byte, expires, now time.Time) bool {
	deadline, _, err := sessionCodec.Decode(data)
	return now.After(expires) || err == nil && now.After(deadline)
}

// use lets a session expire later, since it is in use. Without a write a reader is not refused.
func (s sessionStore) use(ctx context.Context, hash string, expires, now time.Time) {
	later := now.Add(s.idle)
	if later.Sub(expires) < min(longestUnseen, s.idle/10) || ctx.Value(unattended{}) != nil {
		return
	}
	if err := s.ExtendSession(ctx, hash, later); err != nil {
		s.log.Warn("session not extended", zap.Error(err))
	}
}

// CommitCtx implements scs.CtxStore.
func (s sessionStore) CommitCtx(ctx context.Context, token string, data []byte, _ time.Time) error {
	account, _ := ctx.Value(owner{}).(string) // "" is nobody
	return s.SaveSession(ctx, access.HashSecret(token), account, data, time.Now().Add(s.idle))
}

// DeleteCtx implements scs.CtxStore.
func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	_, err := s.DeleteSession(ctx, access.HashSecret(token))
	return err
}

// staffHandler answers a request of somebody who has signed in.
type staffHandler func(w http.ResponseWriter, r *http.Request, who access.Account) error

// session lets a handler use the session of the request, refusing what another site has made a browser send. Nothing
// has been read of a form yet: first comes who sends it.
func (s *Site) session(h route.Handler) route.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.origin.Check(r); err != nil {
			return errCrossSite
		}
		w.Header().Add("Vary", "Cookie")
		token := ""
		if cookie, err := r.Cookie(s.sessions.Cookie.Name); err == nil {
			token = cookie.Value
		}
		ctx := r.Context()
		if r.URL.Path == samplesPath {
			ctx = context.WithValue(ctx, unattended{}, true)
		}
		ctx, err := s.sessions.Load(ctx, token)
		if err != nil {
			return s.toSomebody(w, r, func() error { return err })
		}
		r = r.WithContext(ctx)
		if err := h(w, r); err != nil {
			s.fail(w, r, err) // which repeats what was typed
		}
		return nil
	}
}

// signedIn lets through who has signed in with the role, and has a second factor where one is required; others are
// asked to.
func (s *Site) signedIn(needed access.Role, h staffHandler) route.Handler {
	return s.admitted(needed, func(w http.ResponseWriter, r *http.Request, who access.Account) error {
		if s.SecondFactor.Requires(who.Role) && !who.HasSecondFactor() {
			s.seeOther(w, r, factorPath)
			return nil
		}
		return h(w, r, who)
	})
}

// admitted lets through who has signed in with the role; others are asked to.
func (s *Site) admitted(needed access.Role, h staffHandler) route.Handler {
	return s.session(func(w http.ResponseWriter, r *http.Request) error {
		who, err := s.account(r.Context())
		switch {
		case errors.Is(err, access.ErrUnknownAccount):
			return s.toSomebody(w, r, func() error { return s.askToSignIn(w, r) })
		case err != nil:
			return s.toSomebody(w, r, func() error { return err })
		}
		exchange.SetActor(w, who.Name)
		if !who.Role.Allows(needed) {
			return errNotAllowed
		}
		if r.Method == http.MethodPost && !hasFile(r) { // what was typed is not lost, whatever goes wrong from here on
			if err := s.readForm(w, r, maxForm, 0); err != nil {
				return err
			}
		}
		ctx := ports.WithReadOptions(r.Context(), ports.ReadOptions{Uncached: true})
		ctx = ports.WithActor(ctx, who.Name)
		err = h(w, r.WithContext(ctx), who)
		if errors.Is(err, access.ErrUnknownAccount) { // it was removed while its owner was at work
			return s.forget(w, r)
		}
		return err
	})
}

// forget ends a session whose account is no more.
func (s *Site) forget(w http.ResponseWriter, r *http.Request) error {
	if err := s.sessions.Destroy(r.Context()); err != nil {
		return err
	}
	return s.askToSignIn(w, r)
}

// account is who has signed in; access.ErrUnknownAccount when nobody has, or not since the password was changed, or
// without a code of the second factor that the account has.
func (s *Site) account(ctx context.Context) (access.Account, error) {
	who, err := s.owner(ctx, accountField)
	if err == nil && who.HasSecondFactor() && !s.sessions.GetBool(ctx, factorField) {
		err = access.ErrUnknownAccount
	}
	return who, err
}

// owner is the account whose id the session has in a field; access.ErrUnknownAccount when there is none, or when its
// password was changed since.
func (s *Site) owner(ctx context.Context, field string) (access.Account, error) {
	id := s.sessions.GetString(ctx, field)
	if id == "" {
		return access.Account{}, access.ErrUnknownAccount
	}
	who, err := s.Accounts.Account(ctx, id)
	if err == nil && who.PasswordChangedAt.UnixMicro() != s.sessions.GetInt64(ctx, sinceField) {
		err = access.ErrUnknownAccount
	}
	return who, err
}

// commit stores what has changed in the session. It comes before the answer, which can still say that it failed.
func (s *Site) commit(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	switch s.sessions.Status(ctx) {
	case scs.Modified:
		id := cmp.Or(s.sessions.GetString(ctx, accountField), s.sessions.GetString(ctx, pendingField))
		token, expires, err := s.sessions.Commit(context.WithValue(ctx, owner{}, id))
		if err != nil {
			return err
		}
		s.sessions.WriteSessionCookie(ctx, w, token, expires)
	case scs.Destroyed:
		s.sessions.WriteSessionCookie(ctx, w, "", time.Time{})
	}
	return nil
}

// staffPage answers with a page of the back office.
func (s *Site) staffPage(
	w http.ResponseWriter, r *http.Request, who access.Account, status int, section, name, title string, body any,
) error {
	member := &staff{Name: who.Name, Administrator: who.Role == access.RoleAdministrator, Notice: s.takeNotice(w, r)}
	s.write(w, r, status, name, frame{Title: title, Section: section, Staff: member, Body: body})
	return nil
}

// written answers a write of a listing, as done does. The pages that the browser opens next show the change.
func (s *Site) written(w http.ResponseWriter, r *http.Request, change property.Change, to, notice string) error {
	s.setWriteToken(w, r, change)
	return s.done(w, r, to, notice)
}

// done answers a form: the browser goes to another page, which shows the notice.
func (s *Site) done(w http.ResponseWriter, r *http.Request, to, notice string) error {
	s.giveNotice(w, notice)
	s.seeOther(w, r, to)
	return nil
}

// seeOther sends the browser to a path of this site.
func (s *Site) seeOther(w http.ResponseWriter, r *http.Request, to string) {
	exchange.SetPolicy(w.Header(), policy)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, s.Base+to, http.StatusSeeOther)
}
