package server

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/eventbus"
	"github.com/gable-listings/gable/adapters/ops"
	"github.com/gable-listings/gable/adapters/totp"
	"github.com/gable-listings/gable/adapters/tracing"
	"github.com/gable-listings/gable/adapters/web"
	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/adapters/web/consistency"
	"github.com/gable-listings/gable/adapters/web/docs"
	"github.com/gable-listings/gable/adapters/web/site"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/app/accounts"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/follow"
	"github.com/gable-listings/gable/app/insight"
	"github.com/gable-listings/gable/app/querycache"
	"github.com/gable-listings/gable/app/transfer"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// The constructors of the wiring: what each part is made of, and which settings it gets.

const startTimeout = 30 * time.Second

func openDatabase(lc fx.Lifecycle, c *config.Config, t *tracing.Tracer) (*bunstore.DB, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	options := DatabaseOptions(c)
	options.Trace = t.Trace()
	db, err := bunstore.Open(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	lc.Append(fx.StopHook(db.Close))
	return db, nil
}

// DatabaseOptions returns the options of the configured database.
func DatabaseOptions(c *config.Config) bunstore.Options {
	return bunstore.Options{
		URL: string(c.Database.URL), MaxConns: c.Database.MaxConns, QueryTimeout: c.Database.QueryTimeout,
	}
}

// newTracer makes the tracer that the configuration describes, or nil where tracing is off.
func newTracer(lc fx.Lifecycle, c *config.Config, log *zap.Logger) (*tracing.Tracer, error) {
	if !c.Tracing.On() {
		return nil, nil //nolint:nilnil // a nil Tracer records nothing
	}
	log = log.Named("tracing")
	t, err := tracing.Open(context.Background(), tracing.Options{
		Endpoint: string(c.Tracing.Endpoint), Ratio: c.Tracing.Ratio, Version: BuildInfo().Version,
		Changed: func(cause error) {
			if cause == nil {
				log.Info("trace collector available")
				return
			}
			log.Warn("trace collector unavailable, dropping traces", zap.String("error", config.MaskedLines(cause.Error())))
		},
	})
	if err != nil {
		return nil, err
	}
	lc.Append(fx.StopHook(func(ctx context.Context) {
		const limit = 2 * time.Second // part of the time for the whole shutdown
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		if err := t.Close(ctx); err != nil {
			log.Warn("cannot deliver the last traces", zap.Error(err))
		}
	}))
	return t, nil
}

func newEventBus(log *zap.Logger) *eventbus.Bus {
	return eventbus.New(func(subscriber string, recovered any) {
		log.Error("event subscriber panicked",
			zap.String("subscriber", subscriber), zap.Any("panic", recovered), zap.ByteString("stack", debug.Stack()))
	})
}

func newLedger(c *config.Config) *freshness.Ledger {
	return freshness.NewLedger(c.Freshness.LedgerLength, int64(c.Freshness.LedgerBytes), c.Freshness.MaxStaleness)
}

func openCache(lc fx.Lifecycle, c *config.Config, t *tracing.Tracer, log *zap.Logger) (ports.Cache, error) {
	address := string(c.Cache.URL)
	kind, err := querycache.Find(address)
	if err != nil {
		return nil, fmt.Errorf("open the cache: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	cache, err := kind.Open(ctx, address, querycache.Options{
		MaxBytes: int64(c.Cache.MaxBytes), Timeout: c.Cache.Timeout, Changed: logCache(log.Named("cache"), kind.Name),
		Trace: t.Trace(),
	})
	if err != nil {
		return nil, fmt.Errorf("open the cache: %w", err)
	}
	lc.Append(fx.StopHook(cache.Close))
	return cache, nil
}

// logCache logs when the cache of this kind becomes unavailable, with the cause, and when it is available again.
func logCache(log *zap.Logger, kind string) func(cause error) {
	log = log.With(zap.String("kind", kind))
	return func(cause error) {
		if cause == nil {
			log.Info("query cache available")
			return
		}
		log.Warn("query cache unavailable", zap.String("reason", reason(cause)), zap.Error(cause))
	}
}

func newCoordinator(ledger *freshness.Ledger, f *follow.Follower, c *config.Config) *consistency.Coordinator {
	return consistency.New(ledger, f, consistency.Options{
		StaleIfError: c.Freshness.StaleIfError, CatchUpTimeout: c.Freshness.CatchUpTimeout,
	})
}

func newViewCache(
	lc fx.Lifecycle, ledger *freshness.Ledger, co *consistency.Coordinator, l *insight.Levels, t *tracing.Tracer,
	c *config.Config,
) *viewcache.Cache {
	views := viewcache.New(ledger, co, l.View.Counters, viewcache.Options{
		MaxBytes: int64(c.View.MaxBytes), TTL: c.View.TTL, CDNMaxAge: c.HTTP.CDNMaxAge, Samples: l.View.Samples,
		Trace: t.Trace(), MaxSending: int64(c.HTTP.MaxSending),
	})
	lc.Append(fx.StopHook(views.Close))
	return views
}

func newPropertyID() property.ID { return property.ID(uuid.Must(uuid.NewV7())) }

// catchUp waits until the ledger has received everything committed before the call.
type catchUp func(context.Context) error

func newCatalog(
	listings ports.PropertyRepository, history ports.ChangeHistory, events ports.EventPublisher,
	up catchUp, c *config.Config,
) *catalog.Catalog {
	return catalog.New(listings, events, catalog.Options{
		History: history, CatchUp: up,
		NewID: newPropertyID, Now: time.Now, DefaultCurrency: property.Currency(c.Listings.DefaultCurrency),
	})
}

func newKeys(keys ports.KeyRepository) *accounts.Keys {
	return accounts.NewKeys(keys, accessOptions())
}

func newAccounts(
	people ports.AccountRepository, sessions ports.SessionRepository, browsers ports.BrowserRepository,
	hasher ports.PasswordHasher,
) *accounts.Accounts {
	return accounts.NewAccounts(accounts.Ports{
		Accounts: people, Sessions: sessions, Browsers: browsers, Hasher: hasher, Codes: totp.Codes{},
	}, accessOptions())
}

// accessOptions returns the identity, time and randomness of keys and accounts.
func accessOptions() accounts.Options {
	return accounts.Options{
		NewID: newPropertyID, Now: time.Now, Random: func(p []byte) { _, _ = rand.Read(p) }, // never fails
	}
}

func newAPI(
	listings *catalog.Catalog, files *transfer.Files, keys *accounts.Keys, feed *follow.LiveFeed, views *viewcache.Cache,
	co *consistency.Coordinator, query insight.QueryLevel, ledger *freshness.Ledger, registry *prometheus.Registry,
	d draining, c *config.Config,
) *api.API {
	return api.New(api.Options{
		Catalog: listings, Files: insight.CountImports(files, registry), Keys: keys, Feed: streamedFeed{feed}, Views: views,
		Consistency: co,
		ViewLevel:   insight.ViewLevel{Cache: views}, QueryLevel: query, Ledger: ledger,
		MaxBody: int64(c.HTTP.MaxBody), RequireIfMatch: c.HTTP.RequireIfMatch, Draining: d,
		Proxies: c.HTTP.Proxies(), Base: c.HTTP.Base(),
		MaxStreams: c.HTTP.MaxStreams, MaxStreamsPerClient: c.HTTP.MaxStreamsPerClient,
		MaxExportsPerClient: c.HTTP.MaxExportsPerClient, ReplacedShape: c.Compat.Django,
	})
}

func newSite(
	listings *catalog.Catalog, people *accounts.Accounts, sessions ports.SessionRepository, keys *accounts.Keys,
	views *viewcache.Cache, query insight.QueryLevel, co *consistency.Coordinator, recent site.Trend, lookup site.Lookup,
	m *transfer.Imports, log *zap.Logger, c *config.Config,
) (*site.Site, error) {
	return site.New(site.Options{
		Catalog: listings, Files: transfer.NewUploads(listings, m), Accounts: people, Sessions: sessions, Keys: keys,
		Views: views, ViewLevel: insight.ViewLevel{Cache: views}, QueryLevel: query, Consistency: co, Trend: recent,
		Lookup: lookup, Log: log.Named("site"), PublicURL: c.HTTP.SiteURL(), Base: c.HTTP.Base(),
		SessionIdle:     c.Access.SessionIdleTimeout,
		SecondFactor:    access.FactorRule(c.Access.RequireSecondFactor),
		DefaultCurrency: property.Currency(c.Listings.DefaultCurrency),
	})
}

func newDocs(c *config.Config) (*docs.Site, error) { return docs.New(api.Contract, c.HTTP.Base()) }

func newOps(
	db *bunstore.DB, cache ports.Cache, ledger *freshness.Ledger, f *follow.Follower, registry *prometheus.Registry,
	level *LogLevel, c *config.Config,
) *ops.Handler {
	build := BuildInfo()
	registry.MustRegister(buildMetric(build))
	address, _, _ := net.SplitHostPort(c.Ops.Address) // a socket has no host
	return ops.New(ops.Options{
		Gatherer: registry, Build: build, LogLevel: level, Exemplars: c.Tracing.On(),
		Hosts: append(config.Items(c.Ops.Hosts), address),
		Checks: []ops.Check{
			{Name: "database", Critical: true, Run: db.Ping, Reason: reason},
			{Name: "migrations", Critical: true, Run: db.CheckSchema, Reason: reason, Note: newerSchema(db)},
			{Name: "feed", Run: func(context.Context) error { return checkFeed(ledger, f) }, Reason: reason},
			{Name: "cache", Run: cache.Ping, Reason: reason},
		},
	})
}

// newerSchema returns a note on how the schema differs from this program's own, or nothing.
func newerSchema(db *bunstore.DB) func(context.Context) string {
	return func(ctx context.Context) string {
		s, err := db.Schema(ctx)
		if err != nil {
			return "" // CheckSchema reports it
		}
		return s.Note()
	}
}

// checkFeed returns why the caches are bypassed, or nil.
func checkFeed(ledger *freshness.Ledger, f *follow.Follower) error {
	now := time.Now()
	if ledger.Trusted(now) {
		return nil
	}
	if fault := f.Fault(); fault != nil {
		return fmt.Errorf("the caches are bypassed: %w", fault)
	}
	return fmt.Errorf("the caches are bypassed: the change feed was last read %s ago",
		now.Sub(ledger.ConfirmedAt()).Round(time.Millisecond))
}

func newHandler(
	log *zap.Logger, requests *insight.RequestFigures, views *viewcache.Cache, a *api.API, s *site.Site, d *docs.Site,
	o *ops.Handler, limits web.RateLimit, t *tracing.Tracer, c *config.Config,
) http.Handler {
	pages := map[string]http.Handler{}
	for _, template := range docs.Routes() {
		pages[template] = d
	}
	return web.New(web.Options{
		Base: c.HTTP.Base(), Proxies: c.HTTP.Proxies(), RateLimit: limits,
		Log: log, Reads: sampled(log, c.Log), Observe: requests.Observe, Views: views, API: a, Site: s, Pages: pages,
		Health:      map[string]http.Handler{"/healthz": o.Health(), "/readyz": o.Ready(), "/version": o.Version()},
		MaxInFlight: c.HTTP.MaxInFlight, MaxExports: c.HTTP.MaxExports, Timeout: c.HTTP.HandlerTimeout, Leaving: o.Draining,
		StrictTransport: c.HTTP.StrictTransport(), Origins: config.Items(c.HTTP.CORSOrigins), Trace: t.Requests(),
	})
}

func newChangeFollower(
	own ports.ChangeFeed, live *follow.LiveFeed, events ports.EventPublisher, ledger *freshness.Ledger, l *insight.Levels,
	t *tracing.Tracer, log *zap.Logger, c *config.Config,
) *follow.Follower {
	return follow.NewFollower(follow.Options{
		Feed: t.Feed(own), Live: live, Events: events, Ledger: ledger, Log: log.Named("feed"),
		Poll: c.Freshness.PollInterval, IdlePoll: c.Freshness.IdlePollInterval,
		History: c.Freshness.LedgerLength / 2, Retention: c.Freshness.Retention, Traffic: l.Reads,
	})
}

func newNotifier(db *bunstore.DB, f *follow.Follower, log *zap.Logger, c *config.Config) *follow.Notifier {
	var b follow.Notifications
	if own := db.Notifications(); own != nil && c.Freshness.Notify {
		b = own
	}
	return follow.NewNotifier(b, f.Wake, log.Named("notifier"))
}

func newProcessTrend(
	views *viewcache.Cache, query insight.QueryLevel, l *insight.Levels, ledger *freshness.Ledger,
	r *insight.RequestFigures, f *insight.FeedFigures,
) *insight.Trend {
	return insight.NewTrend(insight.TrendSources{
		Levels: l, ViewSize: insight.ViewLevel{Cache: views}.Size, QuerySize: query.Size, Ledger: ledger,
		Requests: r, Feed: f,
	})
}
