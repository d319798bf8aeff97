// Package site serves the web pages of Gable: the public pages for visitors and the back office for staff. It renders
// them on the server from the same use cases as the API. Scripts only improve them: everything that makes sense
// without scripts works without them. Pages load nothing from other hosts except the photos that listings name.
//
// Public pages go through the view cache and are as true as the API's answers. The back office shows the store itself.
package site

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gorilla/mux"
	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/web/asset"
	"github.com/gable-listings/gable/adapters/web/consistency"
	"github.com/gable-listings/gable/adapters/web/route"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

//go:embed templates static lib
var embedded embed.FS

// Catalog holds the use cases for listings.
type Catalog interface {
	Get(ctx context.Context, id property.ID) (property.Property, ports.ReadInfo, error)
	Search(ctx context.Context, s *property.Search) (*property.Page, ports.ReadInfo, error)
	Count(ctx context.Context, f *property.Filter) (int64, ports.ReadInfo, error)
	Export(ctx context.Context, s property.Search, yield func(*property.Property) error) error
	History(ctx context.Context, id property.ID, before int64, limit int) (ports.HistoryPage, error)
	Create(ctx context.Context, d property.Details, key *ports.IdempotencyKey) (property.Change, error)
	Update(
		ctx context.Context, id property.ID, expected func(*property.Property) bool,
		edit func(property.Details) (property.Details, error),
	) (property.Change, error)
	Delete(ctx context.Context, id property.ID, expected func(*property.Property) bool) (property.Change, error)
	UpdateAll(
		ctx context.Context, ids []property.ID, edit func(property.Details) (property.Details, error),
	) (property.BulkResult, error)
	DeleteAll(ctx context.Context, ids []property.ID) (property.BulkResult, error)
}

// Accounts holds the use cases for accounts and signing in.
type Accounts interface {
	SignIn(ctx context.Context, name, password string, from access.Visitor) (access.Account, error)
	RememberBrowser(ctx context.Context, id, token string) (string, time.Duration, error)
	Account(ctx context.Context, id string) (access.Account, error)
	List(ctx context.Context) ([]access.Account, error)
	Create(ctx context.Context, name, password string, role access.Role) (access.Account, error)
	CheckCode(ctx context.Context, id, code string) error
	OfferSecondFactor(account access.Account, secret string) (offered, address string)
	EnableSecondFactor(ctx context.Context, id, secret, password, code, exceptSessionTokenHash string) ([]string, error)
	DisableSecondFactor(ctx context.Context, id, password, code, exceptSessionTokenHash string) error
	RemoveSecondFactor(ctx context.Context, name string) error
	ChangePassword(ctx context.Context, id, current, next, exceptSessionTokenHash string) error
	SetRole(ctx context.Context, id string, role access.Role) error
	Remove(ctx context.Context, id string) error
}

// Keys holds the use cases for API keys.
type Keys interface {
	Create(ctx context.Context, name string, scope access.Scope, owner string) (access.Key, string, error)
	List(ctx context.Context) ([]access.Key, error)
	Revoke(ctx context.Context, name string) error
	HandOver(ctx context.Context, from, to string) error
}

// Options configures a Site. Everything is required except DefaultCurrency, PublicURL and Base.
type Options struct {
	Catalog     Catalog
	Files       Importer
	Accounts    Accounts
	Sessions    ports.SessionRepository
	Keys        Keys
	Views       *viewcache.Cache
	Consistency *consistency.Coordinator
	// ViewLevel and QueryLevel are the cache levels for the page about caches.
	ViewLevel, QueryLevel Level
	Trend                 Trend
	Lookup                Lookup
	Log                   *zap.Logger
	// DefaultCurrency is that of listings without one; property.DefaultCurrency if empty.
	DefaultCurrency property.Currency
	// SessionIdle is the time after which an unused session ends.
	SessionIdle time.Duration
	// SecondFactor says which roles must sign in with a second factor.
	SecondFactor access.FactorRule
	// PublicURL is the URL at which visitors reach the site, without a path; nil if unknown.
	PublicURL *url.URL
	// Base is the path prefix of all addresses, such as "/homes"; "" for the whole host. Addresses inside the program are
	// without it; templates, cookies and redirects add it.
	Base string
}

// Site serves the pages. Make one with New, then add its routes with Register.
type Site struct {
	Options
	pages    *pages
	assets   *asset.Tree
	sessions *scs.SessionManager
	origin   *http.CrossOriginProtection
	repeats  chan struct{} // one element for each page in work that repeats a form without a session
}

const assetsRoute = "/assets/{build}/{file}"

// New makes the site. Its errors concern the embedded templates and files, which a test reads.
func New(o Options) (*Site, error) {
	assets, err := asset.NewTree("/assets/", embedded, "static", "lib")
	if err != nil {
		return nil, err
	}
	pages, err := newPages(o.Base, assets.Base)
	if err != nil {
		return nil, err
	}
	s := &Site{
		Options: o, pages: pages, assets: assets, origin: http.NewCrossOriginProtection(),
		repeats: make(chan struct{}, maxRepeats),
	}
	s.sessions = s.newSessions()
	if o.PublicURL != nil {
		err = s.origin.AddTrustedOrigin(s.PublicURL.Scheme + "://" + s.PublicURL.Host)
	}
	return s, err
}

// Secure reports whether visitors reach the site by HTTPS.
func (s *Site) Secure() bool { return s.PublicURL != nil && s.PublicURL.Scheme == "https" }

// Register adds the routes to a router.
func (s *Site) Register(router *mux.Router) {
	on := func(template string, m route.Methods) { route.Handle(router, template, m, s.fail) }
	get := func(h route.Handler) route.Methods { return route.Methods{http.MethodGet: h} }
	both := func(get, post route.Handler) route.Methods {
		return route.Methods{http.MethodGet: get, http.MethodPost: post}
	}
	enrolling := func(h staffHandler) route.Handler { return s.requireRole(access.RoleEditor, h) }
	editor := func(h staffHandler) route.Handler { return s.requireRoleAndFactor(access.RoleEditor, h) }
	admin := func(h staffHandler) route.Handler { return s.requireRoleAndFactor(access.RoleAdministrator, h) }

	on(browseRoute, get(s.browse))
	on(listingRoute, get(s.listing))
	on(assetsRoute, get(s.asset))
	on("/robots.txt", get(s.robots))

	on(signInPath, both(s.session(s.signInForm), s.withSignInForm(s.signIn)))
	on(codePath, both(s.session(s.signInForm), s.withSignInForm(s.checkCode)))
	on(factorPath, both(enrolling(s.secondFactor), enrolling(s.changeSecondFactor)))
	on("/admin/sign-out", route.Methods{http.MethodPost: s.session(s.signOut)})
	on("/admin/password", both(editor(s.passwordPage), editor(s.changePassword)))
	on(sessionsPath, both(editor(s.ownSessions), editor(s.endSessions)))

	on(backOffice, get(editor(s.staffListings)))
	on("/admin/listings/new", both(editor(s.newListing), editor(s.createListing)))
	on("/admin/listings/{id}", both(editor(s.editListing), editor(s.saveListing)))
	on("/admin/listings/{id}/remove", both(editor(s.askToDelete), editor(s.deleteListing)))
	on("/admin/listings/{id}/history", get(editor(s.listingHistory)))
	on("/admin/bulk", route.Methods{http.MethodPost: editor(s.bulk)})
	on(route.StaffBulk, route.Methods{http.MethodPost: editor(s.applyBulk)})
	on(route.StaffImport, both(editor(s.importForm), editor(s.importFile)))

	on(cachePath, get(editor(s.cache)))
	on(samplesPath, get(editor(s.samples)))
	on("/admin/cache/purge", both(admin(s.askToPurge), admin(s.purge)))

	on("/admin/keys", both(admin(s.keyList), admin(s.createKey)))
	on("/admin/keys/revoke", route.Methods{http.MethodPost: admin(s.revokeKey)})
	on(peoplePath, both(admin(s.people), admin(s.addPerson)))
	on("/admin/people/change", route.Methods{http.MethodPost: admin(s.changePerson)})
}

func (s *Site) asset(w http.ResponseWriter, r *http.Request) error {
	f := s.assets.File(r.URL.Path)
	if f == nil {
		return errNoPage
	}
	f.ServeHTTP(w, r)
	return nil
}

func (s *Site) robots(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=3600")
	_, err := w.Write([]byte("User-agent: *\nDisallow: " + s.Base + backOffice + "\n"))
	return err
}
