package site

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/route"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// A session links a browser to a signed-in account. It is stored in the database, under a hash of the token that the
// browser holds, so that every process finds it and no purge of a cache deletes it.

// sessionLifetime is the longest time from sign-in to the end of a session.
const sessionLifetime = 12 * time.Hour

// The fields of a session.
const (
	accountField = "account" // id of the account
	sinceField   = "since"   // PasswordChangedAt of the account, in microseconds: a new password ends the session
	begunField   = "begun"   // when it began, in seconds
	addressField = "address" // address of the client
	browserField = "browser" // name of the browser, from browserName
	factorField  = "factor"  // whether a code of the second factor was right
	pendingField = "pending" // id of the account whose password was right and whose code is missing
	askedField   = "asked"   // since when it is missing, in seconds
)

// newSessions makes the session manager. It avoids scs.New, which starts a store in memory and a goroutine to sweep it.
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

// sessionStore adapts the repository to the session library. The library calls only the methods with a context. A
// session expires when it is unused for the idle time; the end of its lifetime is in its data.
type sessionStore struct {
	scs.Store
	ports.SessionRepository

	idle time.Duration
	log  *zap.Logger
}

// longestUnseen limits how often the use of a session is written: once in this time.
const longestUnseen = time.Minute

// unattended marks, in a context, a request that a page sends by itself. Such a request does not extend its session.
type unattended struct{}

// owner is the context key for the id of a session's account. CommitCtx reads it there, because the library holds its
// own lock while it stores.
type owner struct{}

// FindCtx implements scs.CtxStore.
func (s sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	hash, now := access.HashSecret(token), time.Now()
	data, expires, err := s.FindSession(ctx, hash)
	if errors.Is(err, access.ErrUnknownSession) || err == nil && expired(data, expires, now) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	s.use(ctx, hash, expires, now)
	return data, true, nil
}

// expired reports whether a session has been idle for too long, or has reached the end of its lifetime.
func expired(data []byte, expires, now time.Time) bool {
	deadline, _, err := sessionCodec.Decode(data)
	return now.After(expires) || err == nil && now.After(deadline)
}

// use extends a session that is in use. A failed write does not refuse the request.
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
	account, _ := ctx.Value(owner{}).(string) // "" before sign-in
	return s.SaveSession(ctx, access.HashSecret(token), account, data, time.Now().Add(s.idle))
}

// DeleteCtx implements scs.CtxStore.
func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	_, err := s.DeleteSession(ctx, access.HashSecret(token))
	return err
}

// staffHandler answers a request of a signed-in user.
type staffHandler func(w http.ResponseWriter, r *http.Request, who access.Account) error

// session loads the session of a request for a handler. It refuses forms sent from other sites. It reads nothing of the
// body: the handler reads it once the account is known.
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
			return s.answerUnknown(w, r, func() error { return err })
		}
		r = r.WithContext(ctx)
		if err := h(w, r); err != nil {
			s.fail(w, r, err) // repeats what was typed
		}
		return nil
	}
}

// requireRoleAndFactor admits accounts as requireRole does, if they also have a second factor where one is required. It
// redirects others to the page that sets it up.
func (s *Site) requireRoleAndFactor(needed access.Role, h staffHandler) route.Handler {
	return s.requireRole(needed, func(w http.ResponseWriter, r *http.Request, who access.Account) error {
		if s.SecondFactor.Requires(who.Role) && !who.HasSecondFactor() {
			s.seeOther(w, r, factorPath)
			return nil
		}
		return h(w, r, who)
	})
}

// requireRole admits signed-in accounts with the role. It asks others to sign in, and refuses accounts with a lesser
// role.
func (s *Site) requireRole(needed access.Role, h staffHandler) route.Handler {
	return s.session(func(w http.ResponseWriter, r *http.Request) error {
		who, err := s.account(r.Context())
		switch {
		case errors.Is(err, access.ErrUnknownAccount):
			return s.answerUnknown(w, r, func() error { return s.askToSignIn(w, r) })
		case err != nil:
			return s.answerUnknown(w, r, func() error { return err })
		}
		exchange.SetActor(w, who.Name)
		if !who.Role.Allows(needed) {
			return errNotAllowed
		}
		if r.Method == http.MethodPost && !hasFile(r) { // from here on every answer can repeat what was typed
			if err := s.readForm(w, r, maxForm, 0); err != nil {
				return err
			}
		}
		ctx := ports.WithReadOptions(r.Context(), ports.ReadOptions{Uncached: true})
		ctx = ports.WithActor(ctx, who.Name)
		err = h(w, r.WithContext(ctx), who)
		if errors.Is(err, access.ErrUnknownAccount) { // removed since the session was loaded
			return s.forget(w, r)
		}
		return err
	})
}

// forget ends a session whose account was removed.
func (s *Site) forget(w http.ResponseWriter, r *http.Request) error {
	if err := s.sessions.Destroy(r.Context()); err != nil {
		return err
	}
	return s.askToSignIn(w, r)
}

// account returns the signed-in account. It returns access.ErrUnknownAccount without one, after a change of the
// password, or if the account has a second factor and the session lacks its code.
func (s *Site) account(ctx context.Context) (access.Account, error) {
	who, err := s.owner(ctx, accountField)
	if err == nil && who.HasSecondFactor() && !s.sessions.GetBool(ctx, factorField) {
		err = access.ErrUnknownAccount
	}
	return who, err
}

// owner loads the account whose id is in a field of the session. It returns access.ErrUnknownAccount if the field is
// empty or the password was changed since.
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

// commit stores the changes of the session. It runs before the answer is written, so that the answer can report a
// failure.
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

// finishWrite answers a write of a listing as finish does. The pages that the browser opens next show the change.
func (s *Site) finishWrite(w http.ResponseWriter, r *http.Request, change property.Change, to, notice string) error {
	s.setWriteToken(w, r, change)
	return s.finish(w, r, to, notice)
}

// finish answers a form: it redirects the browser to another page, which shows the notice.
func (s *Site) finish(w http.ResponseWriter, r *http.Request, to, notice string) error {
	s.setNotice(w, notice)
	s.seeOther(w, r, to)
	return nil
}

// seeOther redirects the browser to a path of this site.
func (s *Site) seeOther(w http.ResponseWriter, r *http.Request, to string) {
	exchange.SetPolicy(w.Header(), policy)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, s.Base+to, http.StatusSeeOther)
}
