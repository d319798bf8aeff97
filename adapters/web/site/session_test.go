package site

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"
	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/adapters/web/consistency"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// testAccounts accepts every stored account with any password, unless refuse is set.
type testAccounts struct {
	Accounts

	store  *memory.AccountRepository
	refuse error
}

func (d *testAccounts) SignIn(ctx context.Context, name, _ string, _ access.Visitor) (access.Account, error) {
	if d.refuse != nil {
		return access.Account{}, d.refuse
	}
	return d.store.FindAccount(ctx, name)
}

func (d *testAccounts) RememberBrowser(context.Context, string, string) (string, time.Duration, error) {
	return "token", 90 * 24 * time.Hour, nil
}

func (d *testAccounts) ChangePassword(context.Context, string, string, string, string) error {
	return d.refuse
}

func (d *testAccounts) Account(ctx context.Context, id string) (access.Account, error) {
	return d.store.AccountByID(ctx, id)
}

// testCatalog creates no listings, but calls during.
type testCatalog struct {
	Catalog

	during func()
}

func (m *testCatalog) Create(context.Context, property.Details, *ports.IdempotencyKey) (property.Change, error) {
	m.during()
	return property.Change{After: &property.Property{}}, nil
}

// silentFeed is a feed that cannot be read.
type silentFeed struct{}

func (silentFeed) CatchUp(context.Context) error { return ports.ErrUnavailable }
func (silentFeed) Now(context.Context) (freshness.Point, error) {
	return freshness.Point{}, ports.ErrUnavailable
}

// testSite is a site that serves signing in and the form for a new listing.
type testSite struct {
	t *testing.T
	*testAccounts
	*testCatalog

	anna   access.Account
	router *mux.Router
	cookie *http.Cookie
}

func newTestSite(t *testing.T) *testSite {
	t.Helper()
	store := memory.NewAccountRepository()
	h := &testSite{
		t: t, testAccounts: &testAccounts{store: store}, testCatalog: &testCatalog{during: func() {}},
		router: mux.NewRouter(),
	}
	ledger := freshness.NewLedger(1, 1<<30, time.Second)
	co := consistency.New(ledger, silentFeed{}, consistency.Options{})
	views := viewcache.New(ledger, co, new(cachestat.Counters), viewcache.Options{TTL: time.Minute})
	t.Cleanup(views.Close)
	s, err := New(Options{
		Accounts: h.testAccounts, Catalog: h.testCatalog, Sessions: memory.NewSessionRepository(store),
		Views: views, Consistency: co, Log: zap.NewNop(), SessionIdle: time.Hour,
	})
	if err == nil {
		s.Register(h.router)
		h.anna, err = access.NewAccount("1", "anna", access.RoleEditor, time.Now())
	}
	if err == nil {
		err = store.CreateAccount(t.Context(), h.anna)
	}
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// remove removes the account, as another administrator would.
func (h *testSite) remove() {
	boss, err := access.NewAccount("2", "boss", access.RoleAdministrator, time.Now())
	if err == nil {
		err = h.store.CreateAccount(h.t.Context(), boss)
	}
	if err == nil {
		err = h.store.DeleteAccount(h.t.Context(), h.anna.ID)
	}
	if err != nil {
		h.t.Error(err)
	}
}

// post sends a form, and fails the test unless the answer has the status and holds the text.
func (h *testSite) post(path string, form url.Values, status int, text string) http.Header {
	h.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if h.cookie != nil {
		r.AddCookie(h.cookie)
	}
	w := httptest.NewRecorder()
	h.router.ServeHTTP(w, r)
	a := w.Result()
	body, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != status || !strings.Contains(string(body), text) {
		h.t.Errorf("%s: %d without %q: %s", path, a.StatusCode, text, body)
	}
	for _, c := range a.Cookies() {
		if c.Name == "gable_session" {
			h.cookie = c
		}
	}
	return a.Header
}

var (
	annas = fields("sign_in_name", "anna", "sign_in_password", "x", "resume", "1", typedPrefix+"title", "an hour's work",
		"next", "/admin/listings/new")
	aPlace = fields("title", "t", "price", "1", "location", "l")
)

func TestABusySignInRepeatsTypedText(t *testing.T) {
	h := newTestSite(t)
	h.refuse = fmt.Errorf("verify a password: %w: too many at once", ports.ErrUnavailable)
	if after := h.post(signInPath, annas, http.StatusServiceUnavailable, `value="an hour&#39;s work"`).
		Get("Retry-After"); after == "" {
		t.Error("no Retry-After")
	}
	if h.cookie != nil {
		t.Errorf("a session begins without a sign-in: %v", h.cookie)
	}
	h.refuse = nil
	h.post(signInPath, annas, http.StatusOK, `value="an hour&#39;s work"`)
}

func TestAnAccountRemovedWhileItsOwnerIsAtWorkEndsInTheSignInPage(t *testing.T) {
	h := newTestSite(t)
	h.post(signInPath, annas, http.StatusOK, "Go on with it")
	h.during = h.remove
	h.post("/admin/listings/new", aPlace, http.StatusSeeOther, "") // the listing is made
	h.post("/admin/listings/new", aPlace, http.StatusUnauthorized, "Your session has ended.")
}

func TestAnAccountRemovedWhileItsPasswordIsChangedLeavesNoSession(t *testing.T) {
	h := newTestSite(t)
	h.post(signInPath, annas, http.StatusOK, "Go on with it")
	h.refuse = access.ErrUnknownAccount
	h.post("/admin/password", fields("current", "x", "next", "y", "again", "y"), http.StatusUnauthorized,
		"Your session has ended.")
	if h.cookie.Value != "" || h.cookie.MaxAge >= 0 {
		t.Errorf("the cookie is still %v", h.cookie)
	}
}
