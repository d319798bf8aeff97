// Package site is Gable for people: the catalogue that everybody can look at, and the back office of those who keep it. It
// renders pages on the server from the same use cases as the API; scripts only spare reloads, and everything that makes
// sense without them works without them. It asks no other host for anything but the photos that listings name.
//
// The catalogue's pages go through the view cache and are as true as the API's answers. The back office shows the store
// itself.
package site

import (
	"context"
	"embed"
	"net/http"
	"net/url"

	"github.com/gable-listings/gable/adapters/web/asset"
	"github.com/gable-listings/gable/adapters/web/route"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gorilla/mux"
)

//go:embed templates static vendor
var embedded embed.FS

// Catalog is the use cases on listings that the catalogue's pages need.
type Catalog interface {
	Get(ctx context.Context, id property.ID) (property.Property, error)
	Search(ctx context.Context, s *property.Search) (*property.Page, error)
	Count(ctx context.Context, f *property.Filter) (int64, error)
}

// Options of a Site; everything is required but PublicURL.
type Options struct {
	Catalog Catalog
	Views   *viewcache.Cache
	Ledger  viewcache.Patcher
	// PublicURL is where people reach the site, without a path; nil when nobody has said.
	PublicURL *url.URL
}

// Site answers the pages. Make one with New, then Register it.
type Site struct {
	Options
	pages  *pages
	assets *asset.Tree
}

const assetsRoute = "/assets/{build}/{file}"

// New makes the site. The error is about the embedded templates and files, which a test has read.
func New(o Options) (*Site, error) {
	assets, err := asset.NewTree("/assets/", embedded, "static", "vendor")
	if err != nil {
		return nil, err
	}
	pages, err := newPages(assets.Base)
	if err != nil {
		return nil, err
	}
	return &Site{o, pages, assets}, nil
}

// Register adds the routes to a router.
func (s *Site) Register(router *mux.Router) {
	read := func(template string, h route.Handler) {
		route.Handle(router, template, route.Methods{http.MethodGet: h}, s.fail)
	}
	read(catalogueRoute, s.catalogue)
	read(listingRoute, s.listing)
	read(assetsRoute, s.asset)
	read("/robots.txt", robots)
}

func (s *Site) asset(w http.ResponseWriter, r *http.Request) error {
	f := s.assets.File(r.URL.Path)
	if f == nil {
		return errNoPage
	}
	f.ServeHTTP(w, r)
	return nil
}

func robots(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=3600")
	_, err := w.Write([]byte("User-agent: *\nDisallow: /admin\n"))
	return err
}
