package apptest

import (
	"bytes"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gable-listings/gable/domain/freshness"
)

// Shows fails the test unless the answer is good and holds the text.
func (a Answer) Shows(text string) Answer {
	a.T.Helper()
	if a.Must(http.StatusOK); !strings.Contains(a.Body, text) {
		a.T.Errorf("%s is not in %s (%s)", text, a.Body, a.Header.Get("Cache-Status"))
	}
	return a
}

// Caches fails the test unless the answer has this Cache-Status.
func (a Answer) Caches(status string) Answer {
	a.T.Helper()
	if got := a.Header.Get("Cache-Status"); got != status {
		a.T.Errorf("Cache-Status: %s, want %s", got, status)
	}
	return a
}

// Token returns the answer's Consistency-Token, and fails the test if there is none.
func (a Answer) Token() string {
	a.T.Helper()
	token := a.Header.Get(TokenHeader)
	if _, err := freshness.ParseToken(token); err != nil {
		a.T.Fatalf("status %d with the token %q: %v", a.Status, token, err)
	}
	return token
}

// Goes fails the test unless the answer sends the browser to an address.
func (a Answer) Goes(to string) Answer {
	a.T.Helper()
	if got := a.Must(http.StatusSeeOther).Header.Get("Location"); got != to {
		a.T.Errorf("sent to %s, not to %s", got, to)
	}
	return a
}

// Says fails the test unless the page holds the text, as people read it.
func (a Answer) Says(text string) Answer {
	a.T.Helper()
	if !strings.Contains(html.UnescapeString(a.Body), text) {
		a.T.Errorf("%q is not on the page (%d): %s", text, a.Status, a.Body)
	}
	return a
}

// Lacks fails the test if the page holds the text.
func (a Answer) Lacks(text string) Answer {
	a.T.Helper()
	if strings.Contains(html.UnescapeString(a.Body), text) {
		a.T.Errorf("%q is on the page (%d): %s", text, a.Status, a.Body)
	}
	return a
}

// Hidden returns the hidden fields of the last form with this action that has any.
func (a Answer) Hidden(action string) url.Values {
	a.T.Helper()
	_, form, ok := strings.Cut(a.Body, `action="`+action+`"`)
	if !ok {
		a.T.Fatalf("no form for %s on the page (%d): %s", action, a.Status, a.Body)
	}
	form, _, _ = strings.Cut(form, "</form>")
	v := url.Values{}
	for _, found := range hiddenField.FindAllStringSubmatch(form, -1) {
		v.Add(html.UnescapeString(found[1]), html.UnescapeString(found[2]))
	}
	return v
}

// VersionIn returns the version of the last listing in a JSON body.
func VersionIn(body string) int {
	_, after, _ := strings.Cut(body, `"version":`)
	return LeadingInt([]byte(after))
}

// Answer is a response that has been read.
type Answer struct {
	T      *testing.T
	Status int
	Header http.Header
	Body   string
}

// Must fails the test unless the answer has the status.
func (a Answer) Must(status int) Answer {
	a.T.Helper()
	if a.Status != status {
		a.T.Fatalf("status %d, want %d: %s", a.Status, status, a.Body)
	}
	return a
}

// Decoded decodes the body of an answer as JSON.
func Decoded[T any](a Answer) T {
	a.T.Helper()
	var v T
	d := json.NewDecoder(bytes.NewBufferString(a.Body))
	if err := d.Decode(&v); err != nil {
		a.T.Fatalf("%v in %s", err, a.Body)
	}
	return v
}

// Listing is a listing as the API shows it.
type Listing struct {
	ID        string   `json:"id"`
	Reference *string  `json:"reference"`
	Title     string   `json:"title"`
	Price     string   `json:"price"`
	Kind      string   `json:"kind"`
	Currency  string   `json:"currency"`
	Bedrooms  *int     `json:"bedrooms"`
	Version   int      `json:"version"`
	Photos    []string `json:"photos"`
}

// Page is a page of a search as the API shows it.
type Page struct {
	Properties []Listing `json:"properties"`
	Next       *string   `json:"next"`
	Count      *int      `json:"count"`
}
