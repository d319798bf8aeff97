// Package api is the HTTP API for programs: the routes of openapi.yaml, JSON in and out. It turns requests into use
// cases and their results into answers. It decides nothing about listings and stores nothing.
package api

import (
	"context"
	_ "embed"
	"io"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/gable-listings/gable/adapters/web/consistency"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/adapters/web/route"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// Contract is the OpenAPI document that this package implements, in YAML.
//
//go:embed openapi.yaml
var Contract []byte

// Catalog is the set of use cases on listings.
type Catalog interface {
	Get(ctx context.Context, id property.ID) (property.Property, ports.ReadInfo, error)
	Search(ctx context.Context, s *property.Search) (*property.Page, ports.ReadInfo, error)
	Count(ctx context.Context, f *property.Filter) (int64, ports.ReadInfo, error)
	Create(ctx context.Context, d property.Details, key *ports.IdempotencyKey) (property.Change, error)
	Update(
		ctx context.Context, id property.ID, expected func(*property.Property) bool,
		edit func(property.Details) (property.Details, error),
	) (property.Change, error)
	Delete(ctx context.Context, id property.ID, expected func(*property.Property) bool) (property.Change, error)
}

// Files moves listings in bulk.
type Files interface {
	// Import reads listings from the body. Errors about the body as a whole are *property.InvalidError or
	// *property.BrokenFileError; the report has the errors in single records.
	Import(ctx context.Context, request ImportRequest) (property.ImportReport, error)
	// Export writes every listing that matches, in the format: ndjson or csv.
	Export(ctx context.Context, w io.Writer, request ExportRequest) error
}

// Keys returns the API key with a secret; the error is access.ErrUnknownKey when no key in force has it.
type Keys interface {
	Authenticate(ctx context.Context, secret string) (access.Key, error)
}

// Level is a cache level that reports figures and can be purged.
type Level interface {
	Figures() cachestat.Figures
	Size(ctx context.Context) (entries, bytes int64)
	Purge(ctx context.Context) error
}

// Options of an API; everything is required but Base.
type Options struct {
	Catalog     Catalog
	Files       Files
	Keys        Keys
	Feed        LiveFeed
	Views       *viewcache.Cache
	Consistency *consistency.Coordinator
	// Base is the path below which the service answers, for addresses in answers; "" for the whole host.
	Base string
	// ViewLevel and QueryLevel are the caches as /v1/cache shows them.
	ViewLevel, QueryLevel Level
	Ledger                Ledger
	MaxBody               int64 // bytes of a JSON body
	RequireIfMatch        bool  // changes need If-Match
	// Proxies are the peers whose weak tags in If-Match count as strong ones: proxies that compress make tags weak.
	Proxies             exchange.Proxies
	MaxStreams          int  // streams of events open at once
	MaxStreamsPerClient int  // streams of one client
	MaxExportsPerClient int  // exports that one client receives at once
	ReplacedShape       bool // the addresses of the replaced service answer in its shape
	// Draining is closed when the server begins to shut down. Every stream ends then.
	Draining <-chan struct{}
}

// API answers the routes. New makes one; Register adds it to a router.
type API struct {
	Options
	streams      chan struct{} // its capacity is the number of streams that may be open
	streamShares *shares
	exportShares *shares
}

// New makes the API.
func New(o Options) *API {
	return &API{
		Options: o, streams: make(chan struct{}, o.MaxStreams),
		streamShares: newShares("streams", o.MaxStreamsPerClient), exportShares: newShares("exports", o.MaxExportsPerClient),
	}
}

// Register adds the routes to a router.
func (a *API) Register(router *mux.Router) {
	handle := func(template string, m route.Methods) { route.Handle(router, template, m, problem.Fail) }
	search := route.Methods{http.MethodGet: a.search}
	handle(searchRoute, route.Methods{http.MethodGet: a.search, http.MethodPost: a.requireWrite(a.create)})
	handle(itemRoute, route.Methods{
		http.MethodGet:    a.read,
		http.MethodPut:    a.requireWrite(a.replace),
		http.MethodPatch:  a.requireWrite(a.patch),
		http.MethodDelete: a.requireWrite(a.delete),
	})
	handle(route.Imports, route.Methods{http.MethodPost: a.requireWrite(a.importListings)})
	handle(route.Exports, route.Methods{http.MethodGet: a.export})
	handle(route.Changes, route.Methods{http.MethodGet: a.changes})
	handle("/v1/cache", route.Methods{
		http.MethodGet: a.figures, http.MethodDelete: a.requireScope(access.ScopeAdmin, a.purge),
	})
	if a.ReplacedShape {
		a.registerReplaced(handle)
	} else {
		handle(oldSearchRoute, search)
		handle(oldSearchRoute+"/", search)
	}
	handle("/properties/cache-metrics/", route.Methods{http.MethodGet: a.metrics})
	handle("/properties/cache-metrics", route.Methods{http.MethodGet: a.metrics})
}
