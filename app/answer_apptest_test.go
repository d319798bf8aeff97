package main

import (
	"html"
	"net/http"
	"net/url"
	"strings"

	"github.com/gable-listings/gable/domain/freshness"
)

// shows fails the test unless the answer is good and holds the text.
func (a answer) shows(text string) answer {
	a.t.Helper()
	if a.must(http.StatusOK); !strings.Contains(a.body, text) {
		a.t.Errorf("%s is not in %s (%s)", text, a.body, a.header.Get("Cache-Status"))
	}
	return a
}

// status fails the test unless the caches did this.
func (a answer) caches(status string) answer {
	a.t.Helper()
	if got := a.header.Get("Cache-Status"); got != status {
		a.t.Errorf("Cache-Status: %s, want %s", got, status)
	}
	return a
}

// token is the answer's Consistency-Token; there has to be one.
func (a answer) token() string {
	a.t.Helper()
	token := a.header.Get(tokenHeader)
	if _, err := freshness.ParseToken(token); err != nil {
		a.t.Fatalf("status %d with the token %q: %v", a.status, token, err)
	}
	return token
}

// goes fails the test unless the answer sends the browser to an address.
func (a answer) goes(to string) answer {
	a.t.Helper()
	if got := a.must(http.StatusSeeOther).header.Get("Location"); got != to {
		a.t.Errorf("sent to %s, not to %s", got, to)
	}
	return a
}

// says fails the test unless the page holds the text, as people read it.
func (a answer) says(text string) answer {
	a.t.Helper()
	if !strings.Contains(html.UnescapeString(a.body), text) {
		a.t.Errorf("%q is not on the page (%d): %s", text, a.status, a.body)
	}
	return a
}

// lacks fails the test if the page holds the text.
func (a answer) lacks(text string) answer {
	a.t.Helper()
	if strings.Contains(html.UnescapeString(a.body), text) {
		a.t.Errorf("%q is on the page (%d): %s", text, a.status, a.body)
	}
	return a
}

// hidden are the hidden fields of the last form on the page that has any, whose action is the given one.
func (a answer) hidden(action string) url.Values {
	a.t.Helper()
	_, form, ok := strings.Cut(a.body, `action="`+action+`"`)
	if !ok {
		a.t.Fatalf("no form for %s on the page (%d): %s", action, a.status, a.body)
	}
	form, _, _ = strings.Cut(form, "</form>")
	v := url.Values{}
	for _, found := range hiddenField.FindAllStringSubmatch(form, -1) {
		v.Add(html.UnescapeString(found[1]), html.UnescapeString(found[2]))
	}
	return v
}

// versionIn is the version of the last listing in a JSON body.
func versionIn(body string) int {
	_, after, _ := strings.Cut(body, `"version":`)
	return leadingInt([]byte(after))
}
