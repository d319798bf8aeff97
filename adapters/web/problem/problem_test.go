package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

func write(t *testing.T, method string, d Document) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	w.Header().Set("X-Request-Id", "abc")
	w.Header().Set("ETag", `"left over"`)
	Write(w, httptest.NewRequest(method, "/v1/properties", nil), d)
	return w
}

func TestWriteSendsAProblemDocumentWithNoStore(t *testing.T) {
	w := write(t, http.MethodGet, NotFound.New("There is no listing <42>."))
	want := `{"type":"/problems/not-found","title":"Not found","status":404,` +
		`"detail":"There is no listing <42>.","request_id":"abc"}` + "\n"
	if diff := cmp.Diff(want, w.Body.String()); diff != "" || w.Code != http.StatusNotFound {
		t.Errorf("status %d, body (-want +got):\n%s", w.Code, diff)
	}
	for name, want := range map[string]string{
		"Content-Type": ContentType, "Cache-Control": "no-store", "Content-Length": fmt.Sprint(len(want)), "ETag": "",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestHeadGetsTheHeadersWithoutTheBody(t *testing.T) {
	get, head := write(t, http.MethodGet, Gone.New("")), write(t, http.MethodHead, Gone.New(""))
	if head.Body.Len() != 0 {
		t.Errorf("HEAD was answered with a body: %s", head.Body)
	}
	if diff := cmp.Diff(get.Header(), head.Header()); diff != "" {
		t.Errorf("headers differ (-GET +HEAD):\n%s", diff)
	}
}

func TestProblemsCarryTheHeadersToGoOn(t *testing.T) {
	if got := write(t, http.MethodPost, Unauthorized.New("")).Header().Get("WWW-Authenticate"); got == "" {
		t.Error("401 without WWW-Authenticate")
	}
	if got := write(t, http.MethodPost, Unavailable.New("")).Header().Get("Retry-After"); got != "1" {
		t.Errorf("503 with Retry-After %q, want 1", got)
	}
	w := httptest.NewRecorder()
	w.Header().Set("Retry-After", "30")
	Write(w, httptest.NewRequest(http.MethodGet, "/", nil), Unavailable.New(""))
	if got := w.Header().Get("Retry-After"); got != "30" {
		t.Errorf("Retry-After was changed to %q", got)
	}
}

func TestErrorsMeanTheirProblem(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Type
	}{
		{ports.ErrUnavailable, Unavailable},
		{errors.Join(property.ErrNotFound, ports.ErrUnavailable), Unavailable},
		{context.DeadlineExceeded, Unavailable},
		{property.ErrNotFound, NotFound},
		{property.ErrInvalidID, InvalidID},
		{property.ErrReferenceTaken, Conflict},
		{property.ErrVersionConflict, PreconditionFailed},
		{property.ErrInvalidCursor, InvalidCursor},
		{ports.ErrInvalidFeedCursor, InvalidCursor},
		{ports.ErrFeedCursorGone, Gone},
		{ports.ErrIdempotencyKeyReused, IdempotencyKeyReused},
		{access.ErrUnknownKey, Unauthorized},
		{&propertyjson.SyntaxError{Reason: "is not JSON"}, InvalidRequest},
		{&propertyjson.MemberError{}, InvalidRequest},
		{property.Invalid("title", "must not be empty"), InvalidProperty},
		{&http.MaxBytesError{Limit: 1 << 20}, PayloadTooLarge},
	} {
		if got := From(fmt.Errorf("load listing: %w", c.err)); got.Type != c.want.URI() || got.Status != c.want.Status {
			t.Errorf("%v is %s (%d), want %s", c.err, got.Type, got.Status, c.want.Name)
		}
	}
}

func TestAnUnknownErrorShowsNothingOfItself(t *testing.T) {
	body, _ := json.Marshal(From(errors.New("pq: password authentication failed for user gable")))
	want := `{"type":"/problems/internal","title":"Internal error","status":500}`
	if string(body) != want {
		t.Errorf("got %s, want %s", body, want)
	}
}

func TestWrongValuesAreNamedByTheirPlace(t *testing.T) {
	err := &property.InvalidError{Fields: []property.FieldError{
		{Field: "price", Reason: "must not be negative"}, {Field: "photos/3", Reason: "must be an http or https address"},
	}}
	body, search := From(err), FromSearch(err)
	want := []Error{
		{Pointer: "/price", Detail: "must not be negative"},
		{Pointer: "/photos/3", Detail: "must be an http or https address"},
	}
	if diff := cmp.Diff(want, body.Errors); diff != "" || body.Type != InvalidProperty.URI() {
		t.Errorf("%s (-want +got):\n%s", body.Type, diff)
	}
	if want := "price must not be negative, and one more thing is wrong."; body.Detail != want {
		t.Errorf("detail is %q, want %q", body.Detail, want)
	}
	if search.Type != InvalidRequest.URI() || search.Errors[0].Parameter != "price" || search.Errors[0].Pointer != "" {
		t.Errorf("a search gets %+v, want an invalid request that names the parameter price", search)
	}
}

func TestTheCatalogueIsWholeAndWellNamed(t *testing.T) {
	name, seen, status := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`), map[string]bool{}, 0
	for _, p := range All() {
		if !name.MatchString(p.Name) || seen[p.Name] {
			t.Errorf("the name %q is malformed or used twice", p.Name)
		}
		seen[p.Name] = true
		if p.Title == "" || p.Cause == "" || p.Remedy == "" || p.Status < 400 || p.Status > 599 {
			t.Errorf("%s lacks something: %+v", p.Name, p)
		}
		if p.Status < status {
			t.Errorf("%s (%d) comes after a %d", p.Name, p.Status, status)
		}
		status = p.Status
	}
}
