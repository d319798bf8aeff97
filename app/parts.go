package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/eventbus"
	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/adapters/ops"
	"github.com/gable-listings/gable/adapters/rediscache"
	"github.com/gable-listings/gable/adapters/totp"
	"github.com/gable-listings/gable/adapters/tracing"
	"github.com/gable-listings/gable/adapters/web"
	"github.com/gable-listings/gable/adapters/web/api"
	webconsistency "github.com/gable-listings/gable/adapters/web/consistency"
	"github.com/gable-listings/gable/adapters/web/docs"
	"github.com/gable-listings/gable/adapters/web/site"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/app/access"
	"github.com/gable-listings/gable/app/catalog"
	roles "github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"
	"go.uber.org/zap"
)

// The constructors that the wiring asks: what each part is made of, and which number of the configuration it gets.

func openDatabase(lc fx.Lifecycle, c *Config, t *tracing.Tracer) (*bunstore.DB, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	options := databaseOptions(c)
	options.Trace = t.Trace()
	db, err := bunstore.Open(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	lc.Append(fx.StopHook(db.Close))
	return db, nil
}

func databaseOptions(c *Config) bunstore.Options {
	return bunstore.Options{
		URL: string(c.Database.URL), MaxConns: c.Database.MaxConns, QueryTimeout: c.Database.QueryTimeout,
	}
}

// newTracer makes the tracer that the configuration describes, or nil where tracing is off.
func newTracer(lc fx.Lifecycle, c *Config, log *zap.Logger) (*tracing.Tracer, error) {
	if !c.Tracing.on() {
		return nil, nil //nolint:nilnil // a nil Tracer is one that records nothing
	}
	log = log.Named("tracing")
	t, err := tracing.Open(context.Background(), tracing.Options{
		Endpoint: string(c.Tracing.Endpoint), Ratio: c.Tracing.Ratio, Version: buildInfo().Version,
		Changed: func(cause error) {
			if cause == nil {
				log.Info("traces are delivered again")
				return
			}
			log.Warn("traces cannot be delivered, and are dropped", zap.String("error", maskedLines(cause.Error())))
		},
	})
	if err != nil {
		return nil, err
	}
	lc.Append(fx.StopHook(func(ctx context.Context) {
		const patience = 2 * time.Second // of the time for the whole shutdown
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := t.Close(ctx); err != nil {
			log.Warn("the last traces were not delivered", zap.Error(err))
		}
	}))
	return t, nil
}

// embedded reports whether the database is a file, or the memory, of this program.
func embedded(c *Config) bool { return strings.HasPrefix(string(c.Database.URL), "sqlite:") }

func newEventBus(log *zap.Logger) *eventbus.Bus {
	return eventbus.New(func(subscriber string, recovered any) {
		log.Error("an event's subscriber panicked",
			zap.String("subscriber", subscriber), zap.Any("panic", recovered), zap.ByteString("stack", debug.Stack()))
	})
}

func newLedger(c *Config) *freshness.Ledger {
	return freshness.NewLedger(c.Freshness.LedgerLength, int64(c.Freshness.LedgerBytes), c.Freshness.MaxStaleness)
}

// ownCache reports whether the query cache belongs to this process alone.
func ownCache(c *Config) bool { return string(c.Cache.URL) == "memory:" }

func openCache(lc fx.Lifecycle, c *Config, t *tracing.Tracer, log *zap.Logger) (ports.Cache, error) {
	if ownCache(c) {
		cache := memory.NewCache(int64(c.Cache.MaxBytes))
		lc.Append(fx.StopHook(cache.Close))
		return cache, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	cache, err := rediscache.Open(ctx, rediscache.Options{
		URL: string(c.Cache.URL), Timeout: c.Cache.Timeout, Changed: logRedis(log.Named("cache")),
		Trace: t.Trace(),
	})
	if err != nil {
		return nil, fmt.Errorf("open the cache: %w", err)
	}
	lc.Append(fx.StopHook(cache.Close))
	return cache, nil
}

// logRedis logs when Redis goes away, with the cause, and when it comes back.
func logRedis(log *zap.Logger) func(cause error) {
	return func(cause error) {
		if cause == nil {
			log.Info("Redis is back")
			return
		}
		log.Warn("Redis is away; queries are answered by the database until it is back",
			zap.String("reason", reason(cause)), zap.Error(cause))
	}
}

func newCoordinator(ledger *freshness.Ledger, f *follower, c *Config) *webconsistency.Coordinator {
	return webconsistency.New(ledger, f, webconsistency.Options{
		StaleIfError: c.Freshness.StaleIfError, CatchUpTimeout: c.Freshness.CatchUpTimeout,
	})
}

func newViewCache(
	lc fx.Lifecycle, ledger *freshness.Ledger, co *webconsistency.Coordinator, l *levels, t *tracing.Tracer, c *Config,
) *viewcache.Cache {
	views := viewcache.New(ledger, co, l.view.counters, viewcache.Options{
		MaxBytes: int64(c.View.MaxBytes), TTL: c.View.TTL, CDNMaxAge: c.HTTP.CDNMaxAge, Samples: l.view.samples,
		Trace: t.Trace(), MaxSending: int64(c.HTTP.MaxSending),
	})
	lc.Append(fx.StopHook(views.Close))
	return views
}

func newPropertyID() property.ID { return property.ID(uuid.Must(uuid.NewV7())) }

func newCatalog(
	listings ports.PropertyRepository, history ports.ChangeHistory, events ports.EventPublisher,
	catchUp func(context.Context) error, c *Config,
) *catalog.Catalog {
	return catalog.New(listings, events, catalog.Options{
		History: history, CatchUp: catchUp,
		NewID: newPropertyID, Now: time.Now, DefaultCurrency: property.Currency(c.Listings.DefaultCurrency),
	})
}

func newKeys(keys ports.KeyRepository) *access.Keys {
	return access.New(keys, accessOptions())
}

func newAccounts(
	accounts ports.AccountRepository, sessions ports.SessionRepository, browsers ports.BrowserRepository,
	hasher ports.PasswordHasher,
) *access.Accounts {
	return access.NewAccounts(access.AccountPorts{
		Accounts: accounts, Sessions: sessions, Browsers: browsers, Hasher: hasher, Codes: totp.Codes{},
	}, accessOptions())
}

// accessOptions is where keys and accounts get identity, time and randomness.
func accessOptions() access.Options {
	return access.Options{
		NewID: newPropertyID, Now: time.Now, Random: func(p []byte) { _, _ = rand.Read(p) }, // never fails
	}
}

func newAPI(
	listings *catalog.Catalog, files *files, keys *access.Keys, feed *liveFeed, views *viewcache.Cache,
	co *webconsistency.Coordinator, query queryLevel, ledger *freshness.Ledger, registry *prometheus.Registry, d draining,
	c *Config,
) *api.API {
	return api.New(api.Options{
		Catalog: listings, Files: countImports(files, registry), Keys: keys, Feed: feed, Views: views,
		Consistency: co,
		ViewLevel:   viewLevel{views}, QueryLevel: query, Ledger: ledger,
		MaxBody: int64(c.HTTP.MaxBody), RequireIfMatch: c.HTTP.RequireIfMatch, Draining: d,
		Proxies: c.HTTP.proxies(), Base: c.HTTP.basePath(),
		MaxStreams: c.HTTP.MaxStreams, MaxStreamsPerClient: c.HTTP.MaxStreamsPerClient,
		MaxExportsPerClient: c.HTTP.MaxExportsPerClient,
	})
}

func newSite(
	listings *catalog.Catalog, accounts *access.Accounts, sessions ports.SessionRepository, keys *access.Keys,
	views *viewcache.Cache, query queryLevel, co *webconsistency.Coordinator, recent site.Trend, kept site.Lookup,
	m *imports, log *zap.Logger, c *Config,
) (*site.Site, error) {
	return site.New(site.Options{
		Catalog: listings, Files: &uploads{listings, m}, Accounts: accounts, Sessions: sessions, Keys: keys,
		Views: views, ViewLevel: viewLevel{views}, QueryLevel: query, Consistency: co, Trend: recent, Lookup: kept,
		Log: log.Named("site"), PublicURL: c.HTTP.publicURL(), Base: c.HTTP.basePath(),
		SessionIdle:  c.Access.SessionIdleTimeout,
		SecondFactor: roles.FactorRule(c.Access.RequireSecondFactor),
	})
}

func newDocs(c *Config) (*docs.Site, error) { return docs.New(api.Contract, c.HTTP.basePath()) }

func newOps(
	db *bunstore.DB, cache ports.Cache, ledger *freshness.Ledger, f *follower, registry *prometheus.Registry,
	level *logLevel, c *Config,
) *ops.Handler {
	address, _, _ := net.SplitHostPort(c.Ops.Address) // a socket has no host
	return ops.New(ops.Options{
		Gatherer: registry, Build: buildInfo(), LogLevel: level, Exemplars: c.Tracing.on(),
		Hosts: append(listed(c.Ops.Hosts), address),
		Checks: []ops.Check{
			{Name: "database", Critical: true, Run: db.Ping, Reason: reason},
			{Name: "migrations", Critical: true, Run: db.CheckSchema, Reason: reason, Note: newerSchema(db)},
			{Name: "feed", Run: func(context.Context) error { return checkFeed(ledger, f) }, Reason: reason},
			{Name: "cache", Run: cache.Ping, Reason: reason},
		},
	})
}

// newerSchema says how the schema differs from this program's own, or nothing.
func newerSchema(db *bunstore.DB) func(context.Context) string {
	return func(ctx context.Context) string {
		s, err := db.Schema(ctx)
		if err != nil {
			return "" // CheckSchema reports it
		}
		return s.Note()
	}
}

// checkFeed says why the caches are bypassed, if they are.
func checkFeed(ledger *freshness.Ledger, f *follower) error {
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
	log *zap.Logger, requests *requestFigures, views *viewcache.Cache, a *api.API, s *site.Site, d *docs.Site,
	o *ops.Handler, limits web.RateLimit, t *tracing.Tracer, c *Config,
) http.Handler {
	pages := map[string]http.Handler{}
	for _, template := range docs.Routes() {
		pages[template] = d
	}
	return web.New(web.Options{
		Base: c.HTTP.basePath(), Proxies: c.HTTP.proxies(), RateLimit: limits,
		Log: log, Reads: sampled(log, c.Log), Observe: requests.observe, Views: views, API: a, Site: s, Pages: pages,
		Health:      map[string]http.Handler{"/healthz": o.Health(), "/readyz": o.Ready(), "/version": o.Version()},
		MaxInFlight: c.HTTP.MaxInFlight, MaxExports: c.HTTP.MaxExports, Timeout: c.HTTP.HandlerTimeout, Leaving: o.Draining,
		StrictTransport: c.HTTP.strictTransport(), Origins: listed(c.HTTP.CORSOrigins), Trace: t.Requests(),
	})
}

// servers are the two listeners.
type servers struct{ public, ops *listener }

// deaths receives why a listener ended by itself; the first one ends the program. It is not fx's Shutdowner, since
// waiting for that catches signals, also the second one that is to end the process at once.
type deaths chan error

func newServers(h http.Handler, o *ops.Handler, c *Config, log *zap.Logger, d deaths) (*servers, error) {
	died := func(err error) {
		log.Error("a listener has died", zap.Error(err))
		select {
		case d <- err:
		default: // the program ends already
		}
	}
	s := &servers{
		public: newListener("public", c.HTTP.Address, h, c.HTTP, log, died),
		ops:    newListener("ops", c.Ops.Address, o, c.HTTP, log, died),
	}
	s.public.base = c.HTTP.basePath()
	if c.HTTP.ProxyProtocol {
		s.public.proxies = c.HTTP.proxies()
	}
	if c.HTTP.TLSCert == "none" {
		return s, nil
	}
	certificate, err := openCertificate(c.HTTP.TLSCert, c.HTTP.TLSKey, log)
	if err != nil {
		return nil, err
	}
	s.public.secure = true
	s.public.server.TLSConfig = &tls.Config{GetCertificate: certificate.get}
	return s, nil
}

func newChangeFollower(
	own ports.ChangeFeed, live *liveFeed, events ports.EventPublisher, ledger *freshness.Ledger, l *levels,
	t *tracing.Tracer, log *zap.Logger, c *Config,
) *follower {
	return newFollower(followerOptions{
		feed: t.Feed(own), live: live, events: events, ledger: ledger, log: log.Named("feed"),
		poll: c.Freshness.PollInterval, idlePoll: c.Freshness.IdlePollInterval,
		history: c.Freshness.LedgerLength / 2, retention: c.Freshness.Retention, traffic: l.reads,
	})
}

func newChangeRinger(db *bunstore.DB, f *follower, log *zap.Logger, c *Config) *ringer {
	var b bell
	if own := db.Bell(); own != nil && c.Freshness.Bell {
		b = own
	}
	return newRinger(b, f.wake, log.Named("bell"))
}

func newProcessTrend(
	views *viewcache.Cache, query queryLevel, l *levels, ledger *freshness.Ledger, r *requestFigures, f *feedFigures,
) *trend {
	return newTrend(trendSources{
		levels: l, viewSize: viewLevel{views}.Size, querySize: query.Size, ledger: ledger, requests: r, feed: f,
	})
}
