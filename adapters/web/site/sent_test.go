package site

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/web/route"
)

// body is the body of a request. It fails the test when it is read although unread is set.
type body struct {
	io.Reader

	t      *testing.T
	unread bool
}

func (b *body) Read(p []byte) (int, error) {
	if b.unread {
		b.t.Error("the body is read")
	}
	return b.Reader.Read(p)
}

// send posts a form with cookies of these names, and returns the answer. With unread, reading the body fails the test.
func (h *testSite) send(path, form string, unread bool, cookies ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequestWithContext(h.t.Context(), http.MethodPost, path, &body{strings.NewReader(form), h.t, unread})
	r.ContentLength = int64(len(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, name := range cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: "1"})
	}
	w := httptest.NewRecorder()
	h.router.ServeHTTP(w, r)
	return w
}

// repeatedTitle is in a page that repeats the title of a form.
const repeatedTitle = `name="` + typedPrefix + `title"`

// long returns a form with so many bytes.
func long(n int) string {
	return "title=" + strings.Repeat("a", n-len("title="))
}

func TestFormsOfUnknownBrowsersAreNotRead(t *testing.T) {
	h := newTestSite(t)
	for _, path := range []string{
		"/admin/listings/new", "/admin/bulk", route.StaffBulk, "/admin/keys", "/admin/people/change", "/admin/password",
	} {
		w := h.send(path, "title=typed&name=typed", true)
		if w.Code != http.StatusUnauthorized || strings.Contains(w.Body.String(), "typed") {
			t.Errorf("%s: %d, %s", path, w.Code, w.Body)
		}
	}
	if w := h.send("/admin/sign-out", "x=y", true); w.Code != http.StatusSeeOther {
		t.Errorf("sign out: %d", w.Code)
	}
	if w := h.send(signInPath, long(maxSignIn+1), true); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a long form for signing in: %d", w.Code)
	}
	if w := h.send(signInPath, long(maxSignIn), false); w.Code == http.StatusRequestEntityTooLarge {
		t.Errorf("the longest form for signing in: %d", w.Code)
	}
}

func TestTypedTextIsRepeatedToAKnownBrowserWithinLimits(t *testing.T) {
	h := newTestSite(t)
	const path = "/admin/listings/new"
	repeats := func(w *httptest.ResponseRecorder) bool {
		t.Helper()
		if w.Code != http.StatusUnauthorized {
			t.Errorf("got %d", w.Code)
		}
		return strings.Contains(w.Body.String(), repeatedTitle)
	}
	for _, cookie := range []string{"gable_session", browserCookie} {
		if !repeats(h.send(path, long(maxRepeated), false, cookie)) {
			t.Errorf("with the cookie %s the typed text is lost", cookie)
		}
		if repeats(h.send(path, long(maxRepeated+1), true, cookie)) {
			t.Errorf("with the cookie %s the page repeats more than the limit", cookie)
		}
	}
	resumed := url.Values{
		"resume": {"1"}, typedPrefix + "title": {strings.Repeat("a", maxRepeated-10)},
		nameField: {"anna"}, secretField: {"x"},
	}
	if w := h.send(signInPath, resumed.Encode(), false, browserCookie); w.Code != http.StatusOK ||
		!strings.Contains(w.Body.String(), `name="title"`) {
		t.Errorf("after signing in: %d, the typed text is lost", w.Code)
	}
}

func TestFewPagesRepeatTypedTextAtATime(t *testing.T) {
	h := newTestSite(t)
	const path = "/admin/listings/new"
	typing, rest := make([]*io.PipeWriter, maxRepeats), make(chan *httptest.ResponseRecorder)
	for i := range typing {
		reader, writer := io.Pipe()
		typing[i] = writer
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, reader)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(&http.Cookie{Name: browserCookie, Value: "1"})
		go func() {
			w := httptest.NewRecorder()
			h.router.ServeHTTP(w, r)
			rest <- w
		}()
		if _, err := io.WriteString(writer, "title="); err != nil { // it is being read
			t.Fatal(err)
		}
	}
	if w := h.send(path, "title=typed", true, browserCookie); w.Code != http.StatusUnauthorized ||
		!strings.Contains(w.Body.String(), "send the form again") {
		t.Errorf("one more: %d, %s", w.Code, w.Body)
	}
	for _, writer := range typing {
		_, _ = io.WriteString(writer, "typed")
		_ = writer.Close()
	}
	for range typing {
		if w := <-rest; !strings.Contains(w.Body.String(), repeatedTitle) {
			t.Errorf("an early form is lost: %d", w.Code)
		}
	}
	if w := h.send(path, "title=typed", false, browserCookie); !strings.Contains(w.Body.String(), repeatedTitle) {
		t.Errorf("later: %d, the typed text is lost", w.Code)
	}
}

func TestAFormThatIsLateHasAReason(t *testing.T) {
	h := newTestSite(t)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, signInPath, late{})
	w := httptest.NewRecorder()
	h.router.ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "did not come in time") ||
		strings.Contains(w.Body.String(), "i/o timeout") {
		t.Errorf("got %d, %s", w.Code, w.Body)
	}
}

// late is a body that never arrives.
type late struct{}

func (late) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }
