package apptest

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	keys "github.com/gable-listings/gable/domain/access"
)

// Browser visits the pages as a person's browser does. It stores cookies, sends the origin of its requests, and shows
// redirects instead of following them.
type Browser struct {
	T       *testing.T
	Client  *http.Client
	Base    string
	Cookies map[string]*http.Cookie // that it sends, whatever the scheme
	Set     []*http.Cookie          // by the last answer
}

// Browser returns a new browser without cookies.
func (s *Server) Browser() *Browser {
	transport := &http.Transport{DisableCompression: true}
	s.T.Cleanup(transport.CloseIdleConnections)
	return &Browser{T: s.T, Base: s.Base, Cookies: map[string]*http.Cookie{}, Client: &http.Client{
		Transport: transport, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// On returns the same browser, with its cookies, at another process of the site.
func (b *Browser) On(s *Server) *Browser {
	other := *b
	other.Base = s.Base
	return &other
}

// Send sends a request; headers come in pairs, and a pair with an empty value is left out.
func (b *Browser) Send(method, path, contentType, body string, headers ...string) Answer {
	b.T.Helper()
	request, err := http.NewRequestWithContext(b.T.Context(), method, b.Base+path, strings.NewReader(body))
	if err != nil {
		b.T.Fatal(err)
	}
	h := request.Header
	h.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
	h.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		h.Set("Origin", b.Base)
		h.Set("Content-Type", contentType)
	}
	for _, c := range b.Cookies {
		request.AddCookie(c)
	}
	for i := 0; i < len(headers); i += 2 {
		if h.Set(headers[i], headers[i+1]); headers[i+1] == "" {
			h.Del(headers[i])
		}
	}
	response, err := b.Client.Do(request)
	if err != nil {
		b.T.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		b.T.Fatal(err)
	}
	b.Set = response.Cookies()
	for _, c := range b.Set {
		if b.Cookies[c.Name] = c; c.MaxAge < 0 || !c.Expires.IsZero() && c.Expires.Before(time.Now()) {
			delete(b.Cookies, c.Name)
		}
	}
	return Answer{b.T, response.StatusCode, response.Header, string(content)}
}

// Get requests a page.
func (b *Browser) Get(path string, headers ...string) Answer {
	b.T.Helper()
	return b.Send(http.MethodGet, path, "", "", headers...)
}

// Post sends a form.
func (b *Browser) Post(path string, form url.Values, headers ...string) Answer {
	b.T.Helper()
	return b.Send(http.MethodPost, path, "application/x-www-form-urlencoded", form.Encode(), headers...)
}

// Fields makes a form of pairs.
func Fields(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// SignIn submits the sign-in form.
func (b *Browser) SignIn(name, password string, headers ...string) Answer {
	b.T.Helper()
	return b.Post("/admin/sign-in", Fields("sign_in_name", name, "sign_in_password", password), headers...)
}

// Session returns the session cookie, or nil.
func (b *Browser) Session() *http.Cookie {
	for name, c := range b.Cookies {
		if strings.HasSuffix(name, "gable_session") {
			return c
		}
	}
	return nil
}

// MayWork fails the test unless the back office is open to the browser, or closed, as wanted.
func (b *Browser) MayWork(want bool) {
	b.T.Helper()
	status := map[bool]int{true: http.StatusOK, false: http.StatusSeeOther}[want]
	a := b.Get("/admin").Must(status)
	if !want && !strings.HasPrefix(a.Header.Get("Location"), "/admin/sign-in?next=%2Fadmin") {
		b.T.Errorf("sent to %s", a.Header.Get("Location"))
	}
}

// Hire makes an account.
func (s *Server) Hire(name string, role keys.Role) keys.Account {
	s.T.Helper()
	account, err := s.Accounts.Create(s.T.Context(), name, Password, role)
	if err != nil {
		s.T.Fatal(err)
	}
	return account
}

// Staff returns the browser of a new account that has signed in.
func (s *Server) Staff(name string, role keys.Role) *Browser {
	s.T.Helper()
	s.Hire(name, role)
	b := s.Browser()
	b.SignIn(name, Password).Must(http.StatusSeeOther)
	return b
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)

// With returns the form with fields changed, in pairs.
func With(form url.Values, pairs ...string) url.Values {
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}
