package site

import (
	"errors"
	"fmt"
	"image/color"
	"net/http"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"
	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

const (
	codePath   = signInPath + "/code"
	factorPath = "/admin/second-factor"
	// codeTime is the longest time between the right password and the code.
	codeTime = 5 * time.Minute
)

// askForCode answers a right password of an account with a second factor. The session stores the account as pending and
// grants no access yet.
func (s *Site) askForCode(w http.ResponseWriter, r *http.Request, who access.Account, page *signIn) error {
	ctx := r.Context()
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.Remove(ctx, accountField)
	s.sessions.Put(ctx, pendingField, who.ID)
	s.sessions.Put(ctx, sinceField, who.PasswordChangedAt.UnixMicro())
	s.sessions.Put(ctx, askedField, time.Now().Unix())
	return s.codePage(w, r, http.StatusOK, page)
}

func (s *Site) codePage(w http.ResponseWriter, r *http.Request, status int, page *signIn) error {
	if err := s.commit(w, r); err != nil {
		return err
	}
	s.write(w, r, status, "code", frame{Title: "Code", Body: page})
	return nil
}

// checkCode answers POST /admin/sign-in/code.
func (s *Site) checkCode(w http.ResponseWriter, r *http.Request) error {
	ctx, page := r.Context(), signInTyped(r)
	who, err := s.owner(ctx, pendingField)
	if err == nil && time.Since(time.Unix(s.sessions.GetInt64(ctx, askedField), 0)) > codeTime {
		err = access.ErrUnknownAccount
	}
	if err == nil {
		err = s.Accounts.CheckCode(ctx, who.ID, r.PostForm.Get("code"))
	}
	audit := []zap.Field{zap.String("name", who.Name), zap.String("address", exchange.AddressText(exchange.ClientOf(w)))}
	if throttled, ok := errors.AsType[*access.ThrottledError](err); ok {
		s.Log.Warn("code throttled", audit...)
		page.Wrong = retryText(w, throttled, "codes")
		return s.codePage(w, r, http.StatusTooManyRequests, page)
	}
	switch {
	case errors.Is(err, access.ErrUnknownAccount):
		page.Wrong = "Please sign in again: a code has to follow the password within five minutes."
		return s.signInPage(w, r, http.StatusUnauthorized, page)
	case errors.Is(err, access.ErrWrongCode):
		s.Log.Warn("code refused", audit...)
		page.Wrong = "The code is wrong or has been used. Wait for the next one, or use a recovery code."
		return s.codePage(w, r, http.StatusUnauthorized, page)
	case errors.Is(err, ports.ErrUnavailable):
		markUnavailable(w, err)
		page.Wrong = "Signing in is not possible at the moment. Please try again in a few seconds."
		return s.codePage(w, r, http.StatusServiceUnavailable, page)
	case err != nil:
		return err
	}
	return s.welcome(w, r, who, page)
}

// factorPage is the body of the page about the user's own second factor.
type factorPage struct {
	On       bool
	Required bool
	Secret   string // the offered one
	Drawing  drawing
	Recovery []string // codes just made; nil on all other pages
	Wrong    map[string]string
	Banner   string
}

// Spelled returns the secret in groups of four characters, for typing.
func (p *factorPage) Spelled() string {
	var groups []string
	for rest := p.Secret; rest != ""; rest = rest[min(4, len(rest)):] {
		groups = append(groups, rest[:min(4, len(rest))])
	}
	return strings.Join(groups, " ")
}

// secondFactor answers GET /admin/second-factor.
func (s *Site) secondFactor(w http.ResponseWriter, r *http.Request, who access.Account) error {
	return s.factorPage(w, r, who, http.StatusOK, &factorPage{})
}

// factorPage shows that the second factor is on, or offers one.
func (s *Site) factorPage(
	w http.ResponseWriter, r *http.Request, who access.Account, status int, page *factorPage,
) error {
	page.Required = s.SecondFactor.Requires(who.Role)
	if page.On = who.HasSecondFactor(); !page.On {
		var address string
		page.Secret, address = s.Accounts.OfferSecondFactor(who, page.Secret)
		var err error
		if page.Drawing, err = draw(address); err != nil {
			return err
		}
	}
	return s.staffPage(w, r, who, status, "password", "second-factor", "Second factor", page)
}

// changeSecondFactor answers POST /admin/second-factor.
func (s *Site) changeSecondFactor(w http.ResponseWriter, r *http.Request, who access.Account) error {
	ctx, form := r.Context(), r.PostForm
	page := &factorPage{Secret: form.Get("secret"), Wrong: map[string]string{}}
	here := access.HashSecret(s.sessions.Token(ctx))
	password, code, off := form.Get("password"), form.Get("code"), form.Has("off")
	var err error
	switch {
	case off && s.SecondFactor.Requires(who.Role):
		page.Banner = "A second factor is required here."
		return s.factorPage(w, r, who, http.StatusConflict, page)
	case off:
		err = s.Accounts.DisableSecondFactor(ctx, who.ID, password, code, here)
	default:
		page.Recovery, err = s.Accounts.EnableSecondFactor(ctx, who.ID, page.Secret, password, code, here)
	}
	var throttled *access.ThrottledError
	switch {
	case errors.Is(err, access.ErrHasSecondFactor):
		return s.finish(w, r, factorPath, "Your second factor is on already.")
	case errors.Is(err, access.ErrWrongCredentials):
		page.Wrong["password"] = "is wrong"
		return s.factorPage(w, r, who, http.StatusUnprocessableEntity, page)
	case errors.Is(err, access.ErrWrongCode):
		page.Wrong["code"] = "is wrong or has been used; wait for the next one"
		return s.factorPage(w, r, who, http.StatusUnprocessableEntity, page)
	case errors.As(err, &throttled):
		page.Banner = retryText(w, throttled, "passwords or codes")
		return s.factorPage(w, r, who, http.StatusTooManyRequests, page)
	case err != nil:
		return err
	}
	s.Log.Info("second factor changed", zap.String("name", who.Name), zap.Bool("on", !off))
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.Put(ctx, factorField, !off)
	if err := s.commit(w, r); err != nil {
		return err
	}
	if off {
		return s.finish(w, r, factorPath, "Your second factor is off. You have been signed out everywhere else.")
	}
	page.On = true
	return s.staffPage(w, r, who, http.StatusOK, "password", "second-factor", "Second factor", page)
}

// drawing is a QR code as the path of an SVG, with a unit square for each dark module. Around them is the white
// margin of four units that readers need.
type drawing struct {
	Size int
	Path string
}

const quiet = 4

func draw(text string) (drawing, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return drawing{}, fmt.Errorf("draw a QR code: %w", err)
	}
	var path strings.Builder
	size := code.Bounds().Dx()
	for y := range size {
		for x := range size {
			if code.At(x, y) == color.Black {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	return drawing{size + 2*quiet, path.String()}, nil
}
