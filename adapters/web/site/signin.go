package site

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

var (
	errCrossSite  = problem.Refuse(problem.Forbidden, "This form was sent from another site, so nothing has been done.")
	errNotAllowed = problem.Refuse(problem.Forbidden, "Only administrators may do this.")
)

const (
	backOffice  = "/admin"
	signInPath  = "/admin/sign-in"
	nameField   = "sign_in_name"
	secretField = "sign_in_password"
	nextField   = "next"
	typedPrefix = "kept." // of the fields that repeat another form
)

// signIn is the body of the sign-in page.
type signIn struct {
	Name  string
	Next  string // the page to go to
	Wrong string
	// Typed is the form of another page whose session had ended. It is sent there again after the sign-in.
	Typed  url.Values
	Resume bool
}

// askToSignIn answers a request that needs a signed-in account. The page repeats what was typed, if the form was
// read; it cannot repeat a file.
func (s *Site) askToSignIn(w http.ResponseWriter, r *http.Request) error {
	page := &signIn{Next: r.URL.RequestURI()}
	if r.Method == http.MethodPost {
		page.Wrong = "Your session has ended. Sign in, then send the form again."
		if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
			page.Wrong = "Your session has ended. Sign in, then choose the file again."
		} else if page.Typed = typed(r); page.Typed != nil {
			page.Resume = true
			page.Wrong = "Your session has ended. Sign in; your text is still here."
		}
		return s.signInPage(w, r, http.StatusUnauthorized, page)
	}
	s.seeOther(w, r, signInPath+"?"+url.Values{nextField: {page.Next}}.Encode())
	return nil
}

func (s *Site) signInPage(w http.ResponseWriter, r *http.Request, status int, page *signIn) error {
	if err := s.commit(w, r); err != nil {
		return err
	}
	s.write(w, r, status, "sign-in", frame{Title: "Sign in", Body: page})
	return nil
}

// signInForm answers GET /admin/sign-in.
func (s *Site) signInForm(w http.ResponseWriter, r *http.Request) error {
	return s.signInPage(w, r, http.StatusOK, &signIn{Next: localPath(r.URL.Query().Get(nextField))})
}

// signIn answers POST /admin/sign-in.
func (s *Site) signIn(w http.ResponseWriter, r *http.Request) error {
	form, page := r.PostForm, signInTyped(r)
	address := exchange.AddressText(exchange.ClientOf(w))
	from := access.Visitor{Address: address, Browser: s.browserToken(r)}
	who, err := s.Accounts.SignIn(r.Context(), page.Name, form.Get(secretField), from)
	audit := []zap.Field{zap.String("name", shortened(page.Name)), zap.String("address", address)}
	if throttled, ok := errors.AsType[*access.ThrottledError](err); ok {
		s.Log.Warn("sign-in throttled", audit...)
		page.Wrong = retryText(w, throttled, "passwords")
		return s.signInPage(w, r, http.StatusTooManyRequests, page)
	}
	if errors.Is(err, access.ErrWrongCredentials) {
		s.Log.Warn("sign-in refused", audit...)
		page.Wrong = "The name or the password is wrong."
		return s.signInPage(w, r, http.StatusUnauthorized, page)
	}
	if errors.Is(err, ports.ErrUnavailable) {
		markUnavailable(w, err)
		page.Wrong = "Signing in is not possible at the moment. Please try again in a few seconds."
		return s.signInPage(w, r, http.StatusServiceUnavailable, page)
	}
	if err != nil {
		return err
	}
	if who.HasSecondFactor() {
		return s.askForCode(w, r, who, page)
	}
	return s.welcome(w, r, who, page)
}

// signInTyped reads the body of the sign-in page from its form.
func signInTyped(r *http.Request) *signIn {
	form := r.PostForm
	page := &signIn{
		Name: form.Get(nameField), Next: localPath(form.Get(nextField)), Resume: form.Has("resume"), Typed: url.Values{},
	}
	for name, values := range form {
		if field, ok := strings.CutPrefix(name, typedPrefix); ok && page.Resume {
			page.Typed[field] = values
		}
	}
	return page
}

// welcome begins the session of a verified account, and redirects it to the page that it asked for.
func (s *Site) welcome(w http.ResponseWriter, r *http.Request, who access.Account, page *signIn) error {
	if err := s.begin(w, r, who); err != nil {
		return err
	}
	s.Log.Info("signed in", zap.String("name", who.Name),
		zap.String("address", exchange.AddressText(exchange.ClientOf(w))),
		zap.String("role", string(who.Role)))
	if page.Resume {
		s.write(w, r, http.StatusOK, "resume", frame{Title: "Signed in", Body: page})
		return nil
	}
	s.seeOther(w, r, page.Next)
	return nil
}

// begin makes the request's session that of a verified account.
func (s *Site) begin(w http.ResponseWriter, r *http.Request, who access.Account) error {
	ctx := r.Context()
	if err := s.sessions.RenewToken(ctx); err != nil { // the old token becomes worthless
		return err
	}
	s.sessions.Remove(ctx, pendingField)
	s.sessions.Put(ctx, accountField, who.ID)
	s.sessions.Put(ctx, sinceField, who.PasswordChangedAt.UnixMicro())
	s.sessions.Put(ctx, factorField, who.HasSecondFactor())
	s.sessions.Put(ctx, begunField, time.Now().Unix())
	s.sessions.Put(ctx, addressField, exchange.AddressText(exchange.ClientOf(w)))
	s.sessions.Put(ctx, browserField, browserName(r.UserAgent()))
	if err := s.commit(w, r); err != nil {
		return err
	}
	return s.rememberBrowser(w, r, who)
}

// retryText sets Retry-After after too many wrong passwords or codes, and returns the wait as a sentence.
func retryText(w http.ResponseWriter, t *access.ThrottledError, tried string) string {
	seconds := strconv.Itoa(int((t.RetryAfter + time.Second - 1) / time.Second))
	w.Header().Set("Retry-After", seconds)
	return fmt.Sprintf("Too many wrong %s. Please wait %s, then try again.", tried, plural(seconds, "second"))
}

const longestLogged = 64

// shortened cuts typed text to the length that the log takes.
func shortened(text string) string {
	return exchange.Loggable(text, longestLogged)
}

// signOut answers POST /admin/sign-out.
func (s *Site) signOut(w http.ResponseWriter, r *http.Request) error {
	who, err := s.account(r.Context())
	if err == nil {
		s.Log.Info("signed out", zap.String("name", who.Name))
	}
	if err := s.sessions.Destroy(r.Context()); err != nil {
		return err
	}
	if err := s.commit(w, r); err != nil {
		return err
	}
	s.seeOther(w, r, browseRoute)
	return nil
}

// localPath returns the address if it is inside the back office, and otherwise the back office's front page. So a
// sign-in never leads to another site. The path must be in its clean form, without dots that lead out of it, even if
// encoded.
func localPath(to string) string {
	u, err := url.Parse(to)
	inside := err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && u.Opaque == "" &&
		(u.Path == backOffice || strings.HasPrefix(u.Path, backOffice+"/"))
	if !inside || u.Path != path.Clean(u.Path) || strings.Contains(u.Path, `\`) || strings.HasPrefix(u.Path, signInPath) {
		return backOffice
	}
	return u.RequestURI()
}

// passwordForm is the body of the page for changing the user's own password.
type passwordForm struct {
	Name   string
	Wrong  map[string]string
	Banner string
}

func (s *Site) passwordPage(w http.ResponseWriter, r *http.Request, who access.Account) error {
	return s.staffPage(w, r, who, http.StatusOK, "password", "password", "Change password", &passwordForm{Name: who.Name})
}

// changePassword answers POST /admin/password.
func (s *Site) changePassword(w http.ResponseWriter, r *http.Request, who access.Account) error {
	page := &passwordForm{Name: who.Name, Wrong: map[string]string{}}
	again := func(status int) error {
		return s.staffPage(w, r, who, status, "password", "password", "Change password", page)
	}
	next := r.PostForm.Get("next")
	if next != r.PostForm.Get("again") {
		page.Wrong["again"] = "is not the same as the new password"
		return again(http.StatusUnprocessableEntity)
	}
	ctx := r.Context()
	here := access.HashSecret(s.sessions.Token(ctx))
	err := s.Accounts.ChangePassword(ctx, who.ID, r.PostForm.Get("current"), next, here)
	var invalid *access.InvalidAccountError
	var throttled *access.ThrottledError
	switch {
	case errors.Is(err, access.ErrWrongCredentials):
		page.Wrong["current"] = "is wrong"
		return again(http.StatusUnprocessableEntity)
	case errors.As(err, &invalid):
		page.Wrong["next"] = invalid.Reason
		return again(http.StatusUnprocessableEntity)
	case errors.As(err, &throttled):
		page.Banner = retryText(w, throttled, "passwords")
		return again(http.StatusTooManyRequests)
	case err != nil:
		return err
	}
	now, err := s.Accounts.Account(ctx, who.ID)
	if err != nil {
		return err
	}
	s.Log.Info("password changed", zap.String("name", who.Name))
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.Put(ctx, sinceField, now.PasswordChangedAt.UnixMicro())
	if err := s.commit(w, r); err != nil {
		return err
	}
	return s.finish(w, r, backOffice, "Your password has been changed. You have been signed out everywhere else.")
}
