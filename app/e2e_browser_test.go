package main

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

// browser visits the pages for people as somebody would: it keeps cookies, says where its requests come from, and shows
// redirects instead of following them.
type browser struct {
	t       *testing.T
	client  *http.Client
	base    string
	cookies map[string]*http.Cookie // that it sends, whatever the scheme
	set     []*http.Cookie          // by the last answer
}

func (s *testServer) browser() *browser {
	transport := &http.Transport{DisableCompression: true}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &browser{t: s.t, base: s.base, cookies: map[string]*http.Cookie{}, client: &http.Client{
		Transport: transport, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// on is the same browser, with its cookies, at another process of the site.
func (b *browser) on(s *testServer) *browser {
	other := *b
	other.base = s.base
	return &other
}

// send sends a request; headers come in pairs, and one that is empty is left out.
func (b *browser) send(method, path, contentType, body string, headers ...string) answer {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	h := request.Header
	h.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
	h.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		h.Set("Origin", b.base)
		h.Set("Content-Type", contentType)
	}
	for _, c := range b.cookies {
		request.AddCookie(c)
	}
	for i := 0; i < len(headers); i += 2 {
		if h.Set(headers[i], headers[i+1]); headers[i+1] == "" {
			h.Del(headers[i])
		}
	}
	response, err := b.client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.set = response.Cookies()
	for _, c := range b.set {
		if b.cookies[c.Name] = c; c.MaxAge < 0 || !c.Expires.IsZero() && c.Expires.Before(time.Now()) {
			delete(b.cookies, c.Name)
		}
	}
	return answer{b.t, response.StatusCode, response.Header, string(content)}
}

func (b *browser) get(path string, headers ...string) answer {
	b.t.Helper()
	return b.send(http.MethodGet, path, "", "", headers...)
}

// post sends a form.
func (b *browser) post(path string, form url.Values, headers ...string) answer {
	b.t.Helper()
	return b.send(http.MethodPost, path, "application/x-www-form-urlencoded", form.Encode(), headers...)
}

// fields makes a form of pairs.
func fields(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// signIn tries a password.
func (b *browser) signIn(name, password string, headers ...string) answer {
	b.t.Helper()
	return b.post("/admin/sign-in", fields("sign_in_name", name, "sign_in_password", password), headers...)
}

// session is the cookie by which the browser is known; nil when it is not.
func (b *browser) session() *http.Cookie {
	for name, c := range b.cookies {
		if strings.HasSuffix(name, "gable_session") {
			return c
		}
	}
	return nil
}

// mayWork says whether the back office is open to the browser.
func (b *browser) mayWork(want bool) {
	b.t.Helper()
	status := map[bool]int{true: http.StatusOK, false: http.StatusSeeOther}[want]
	a := b.get("/admin").must(status)
	if !want && !strings.HasPrefix(a.header.Get("Location"), "/admin/sign-in?next=%2Fadmin") {
		b.t.Errorf("sent to %s", a.header.Get("Location"))
	}
}

// hire makes an account.
func (s *testServer) hire(name string, role keys.Role) keys.Account {
	s.t.Helper()
	account, err := s.accounts.Create(s.t.Context(), name, testPassword, role)
	if err != nil {
		s.t.Fatal(err)
	}
	return account
}

// staff is the browser of somebody new who has signed in.
func (s *testServer) staff(name string, role keys.Role) *browser {
	s.t.Helper()
	s.hire(name, role)
	b := s.browser()
	b.signIn(name, testPassword).must(http.StatusSeeOther)
	return b
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)

// with is the form with fields changed, in pairs.
func with(form url.Values, pairs ...string) url.Values {
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}
