package site

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/adapters/web/route"
	"github.com/gable-listings/gable/ports"
)

// A form is read only after its session is known, and the session decides how much is read. A signed-in user may send
// a whole form; a sign-in is a name and a password. If a session has ended, the sign-in page repeats what was typed,
// within limits.

const (
	// maxForm is the largest form of the back office in bytes, without files: several times the longest listing, escaped.
	maxForm = 1 << 20
	// maxSignIn is the largest form with a name and a password.
	maxSignIn = 4 << 10
	// maxRepeated is the largest form that a page repeats without a session. Such a page takes some fifteen times as much
	// memory, so at most maxRepeats of them are made at a time.
	maxRepeated = 64 << 10
	maxRepeats  = 16
	// formTime is the longest time to send a form without a session.
	formTime = 5 * time.Second
)

// readForm reads the fields of a form: at most limit bytes, within the time. A time of 0 means the server's own limit.
func (s *Site) readForm(w http.ResponseWriter, r *http.Request, limit int64, within time.Duration) error {
	body, err := exchange.ReadBody(w, r, limit, within)
	if err != nil {
		return badForm(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	return onlyText(r.Form)
}

// badForm returns the error for a form that could not be read.
func badForm(err error) error {
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) || errors.Is(err, exchange.ErrSlow) || errors.Is(err, ports.ErrBusy) {
		return fmt.Errorf("read a form: %w", err)
	}
	return problem.Refuse(problem.InvalidRequest, "The form could not be read: %v. Nothing has been changed.", err)
}

// withSignInForm reads the form of a sign-in before a handler answers it. The form may carry the text typed into
// another form before.
func (s *Site) withSignInForm(h route.Handler) route.Handler {
	return s.session(func(w http.ResponseWriter, r *http.Request) error {
		limit := int64(maxSignIn)
		if r.ContentLength > maxSignIn {
			if done, ok := s.reserveRepeat(r); ok {
				defer done()
				limit += maxRepeated
			}
		}
		err := s.readForm(w, r, limit, formTime)
		if err == nil {
			err = h(w, r)
		}
		if err != nil {
			s.fail(w, r, err) // while the reservation for the repeated text holds
		}
		return nil
	})
}

// answerUnknown answers a request without a valid session. The answer can repeat what was typed, if the form is short,
// arrived in time, and the browser may have signed in before.
func (s *Site) answerUnknown(w http.ResponseWriter, r *http.Request, answer func() error) error {
	if r.Method == http.MethodPost && !hasFile(r) {
		if done, ok := s.reserveRepeat(r); ok {
			defer done()
			if err := s.readForm(w, r, maxRepeated, formTime); err != nil {
				r.Form, r.PostForm = nil, nil
			}
		}
	}
	if err := answer(); err != nil {
		s.fail(w, r, err)
	}
	return nil
}

// reserveRepeat reserves memory for a page that repeats what was typed, until done is called. It refuses browsers
// that have never signed in.
func (s *Site) reserveRepeat(r *http.Request) (done func(), ok bool) {
	if !s.knowsBrowser(r) {
		return nil, false
	}
	select {
	case s.repeats <- struct{}{}:
		return func() { <-s.repeats }, true
	default:
		return nil, false
	}
}

// knowsBrowser reports whether the browser may have signed in before. The session's cookie ends with the session; the
// browser's token outlives it.
func (s *Site) knowsBrowser(r *http.Request) bool {
	_, err := r.Cookie(s.sessions.Cookie.Name)
	return err == nil || s.browserToken(r) != ""
}

// hasFile reports whether a form sends a file.
func hasFile(r *http.Request) bool {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return media == "multipart/form-data"
}

// typed returns the fields of a form, to be sent again. It returns nil for a form with a file or a password, which no
// page repeats.
func typed(r *http.Request) url.Values {
	for _, secret := range []string{secretField, "password", "current"} {
		if r.PostForm.Has(secret) {
			return nil
		}
	}
	return r.PostForm
}
