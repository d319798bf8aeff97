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

// A form is read once it is known who sends it, as far as the sender may: somebody who has signed in, a whole form;
// somebody who signs in, a name and a password. Of somebody who was signed in and no longer is, some of what was
// typed is repeated.

const (
	// maxForm is the largest form of the back office in bytes, files excepted: the longest listing, escaped, several times
	// over.
	maxForm = 1 << 20
	// maxSignIn is the largest form with a name and a password.
	maxSignIn = 4 << 10
	// maxKept is the largest form that is repeated to somebody who is not signed in. A page with it takes some fifteen
	// times as much memory, so that maxKeeping are made at a time.
	maxKept    = 64 << 10
	maxKeeping = 16
	// formTime is the longest that somebody who is not signed in may take to send a form.
	formTime = 5 * time.Second
)

// readForm reads the fields that a form has sent: at most so many bytes, within the time, or the server's own when it
// is 0.
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

// badForm is why a form could not be read.
func badForm(err error) error {
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) || errors.Is(err, exchange.ErrSlow) || errors.Is(err, ports.ErrBusy) {
		return fmt.Errorf("read a form: %w", err)
	}
	return problem.Refuse(problem.InvalidRequest, "The form could not be read: %v. Nothing has been changed.", err)
}

// signing lets a handler answer the form of somebody who signs in, with what they typed into another one before.
func (s *Site) signing(h route.Handler) route.Handler {
	return s.session(func(w http.ResponseWriter, r *http.Request) error {
		limit := int64(maxSignIn)
		if r.ContentLength > maxSignIn {
			if done, ok := s.keep(r); ok {
				defer done()
				limit += maxKept
			}
		}
		err := s.readForm(w, r, limit, formTime)
		if err == nil {
			err = h(w, r)
		}
		if err != nil {
			s.fail(w, r, err) // while there is room for what it repeats
		}
		return nil
	})
}

// toSomebody answers a request of which it is not known who sends it. What was typed is there to be repeated, if it is
// short, came in time, and may come from somebody who has signed in before.
func (s *Site) toSomebody(w http.ResponseWriter, r *http.Request, answer func() error) error {
	if r.Method == http.MethodPost && !hasFile(r) {
		if done, ok := s.keep(r); ok {
			defer done()
			if err := s.readForm(w, r, maxKept, formTime); err != nil {
				r.Form, r.PostForm = nil, nil
			}
		}
	}
	if err := answer(); err != nil {
		s.fail(w, r, err)
	}
	return nil
}

// keep makes room for a page that repeats what was typed, until done is called. There is none for a browser that
// nobody has signed in with.
func (s *Site) keep(r *http.Request) (done func(), ok bool) {
	if !s.knowsBrowser(r) {
		return nil, false
	}
	select {
	case s.keeping <- struct{}{}:
		return func() { <-s.keeping }, true
	default:
		return nil, false
	}
}

// knowsBrowser reports whether somebody may have signed in with the browser: the session's cookie ends with the
// session, and that by which the browser is recognised outlives it.
func (s *Site) knowsBrowser(r *http.Request) bool {
	_, err := r.Cookie(s.sessions.Cookie.Name)
	return err == nil || s.browserToken(r) != ""
}

// hasFile reports whether a form is one that sends a file.
func hasFile(r *http.Request) bool {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return media == "multipart/form-data"
}

// typed is what a form has sent, to be sent again; nil when there is a file or a password among it, which no page
// repeats.
func typed(r *http.Request) url.Values {
	for _, secret := range []string{secretField, "password", "current"} {
		if r.PostForm.Has(secret) {
			return nil
		}
	}
	return r.PostForm
}
