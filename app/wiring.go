package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/cached"
	"github.com/gable-listings/gable/adapters/eventbus"
	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/adapters/ops"
	"github.com/gable-listings/gable/adapters/passwords"
	"github.com/gable-listings/gable/adapters/rediscache"
	"github.com/gable-listings/gable/adapters/web"
	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/adapters/web/docs"
	"github.com/gable-listings/gable/adapters/web/site"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/app/access"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"
	"go.uber.org/zap"
)

// The whole graph. From the bottom: the store and the query cache that the configuration names; the ledger that judges
// what is kept; the decorator between use cases and store; the view cache in front of the router; two listeners.

// storeModule opens the database that the configuration names.
var storeModule = fx.Module("store",
	fx.Provide(
		openDatabase,
		func(db *bunstore.DB) *liveFeed { return newLiveFeed(db.Feed()) },
		func(feed *liveFeed) ports.ChangeFeed { return feed.ChangeFeed },
		func(db *bunstore.DB) ports.ChangeHistory { return db.History() },
		func(db *bunstore.DB) ports.KeyRepository { return db.Keys() },
		func(db *bunstore.DB) ports.AccountRepository { return db.Accounts() },
		func(db *bunstore.DB) ports.SessionRepository { return db.Sessions() },
		newEventBus,
		func(bus *eventbus.Bus) ports.EventPublisher { return bus },
	),
)

// useCaseModule is what the program can do, whoever asks.
var useCaseModule = fx.Module("use cases",
	fx.Provide(
		newCatalog, newKeys, newAccounts, newFiles,
		func() ports.PasswordHasher { return passwords.New() },
		func(f *follower) func(context.Context) error { return f.CatchUp },
	),
)

// cacheModule is the two levels, the ledger that both ask, and the follower that keeps it up to date.
var cacheModule = fx.Module("caches",
	fx.Provide(
		newLedger,
		openCache,
		newLevels,
		func(c ports.Cache, l *levels) queryLevel { return queryLevel{c, l.query.counters} },
		newViewCache,
		newChangeFollower,
		newChangeRinger,
	),
)

// webModule is the listeners and what answers on them.
var webModule = fx.Module("web",
	fx.Provide(newAPI, newSite, newDocs, newRegistry, newRequestFigures, newFeedFigures, newOps, newHandler, newServers),
)

// insightModule is what people are shown of the caches.
var insightModule = fx.Module("insight",
	fx.Provide(
		newProcessTrend,
		func(t *trend) site.Trend { return t },
		func(v *viewcache.Cache, r *cached.PropertyRepository, l *freshness.Ledger) site.Lookup {
			return &lookup{v, r, l}
		},
	),
)

// repository is where caching comes in, in plain sight: use cases get the decorator, the decorator gets the store.
func repository(
	db *bunstore.DB, cache ports.Cache, l *levels, ledger *freshness.Ledger, c *Config,
) (*cached.PropertyRepository, ports.PropertyRepository) {
	options := cached.Options{TTL: c.Cache.TTL, LoadTimeout: c.Database.QueryTimeout, Samples: l.query.samples}
	if !ownCache(c) {
		options.LeaseTTL = c.Cache.LeaseTTL
	}
	r := cached.New(db.Repository(), cache, ledger, l.query.counters, options)
	return r, r
}

// newServer is the program that serves: everything above, started in order, stopped in reverse.
func newServer(c *Config, log *zap.Logger, extra ...fx.Option) *fx.App {
	return fx.New(
		fx.Supply(c, log),
		fx.WithLogger(newFxLogger),
		fx.StartTimeout(startTimeout),
		fx.StopTimeout(c.Shutdown.Timeout),
		storeModule, useCaseModule, cacheModule, webModule, insightModule,
		fx.Provide(repository, newDraining),
		fx.Invoke(checkSchema, subscribe, follow, verify, sample, serve),
		fx.Options(extra...),
	)
}

const startTimeout = 30 * time.Second

// subscribe says who listens to committed changes.
func subscribe(bus *eventbus.Bus, ledger *freshness.Ledger, r *ringer, f *feedFigures) {
	bus.Subscribe("ledger", func(_ context.Context, events []property.Event) { tell(ledger, events) })
	bus.Subscribe("bell", func(_ context.Context, events []property.Event) { r.hear(events) })
	bus.Subscribe("metrics", func(_ context.Context, events []property.Event) { f.hear(events) })
}

// tell brings events to the ledger, all that came together at once: no reader may see half of what was committed together.
func tell(ledger *freshness.Ledger, events []property.Event) {
	changes := make([]property.Change, len(events))
	for i := range events {
		changes[i] = events[i].Change
	}
	if len(events) > 0 && events[0].Origin == property.OriginSelf {
		ledger.Announce(changes...)
		return
	}
	ledger.Append(changes...)
}

func openDatabase(lc fx.Lifecycle, c *Config) (*bunstore.DB, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	db, err := bunstore.Open(ctx, databaseOptions(c))
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

// checkSchema makes sure that the database is fit to serve before anything asks it.
func checkSchema(lc fx.Lifecycle, db *bunstore.DB, c *Config) {
	lc.Append(fx.StartHook(func(ctx context.Context) error { return ready(ctx, db, c) }))
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
	return freshness.NewLedger(c.Freshness.LedgerLength, c.Freshness.MaxStaleness)
}

// ownCache reports whether the query cache belongs to this process alone.
func ownCache(c *Config) bool { return string(c.Cache.URL) == "memory:" }

func openCache(lc fx.Lifecycle, c *Config) (ports.Cache, error) {
	if ownCache(c) {
		cache := memory.NewCache(int64(c.Cache.MaxBytes))
		lc.Append(fx.StopHook(cache.Close))
		return cache, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	cache, err := rediscache.Open(ctx, rediscache.Options{URL: string(c.Cache.URL), Timeout: c.Cache.Timeout})
	if err != nil {
		return nil, fmt.Errorf("open the cache: %w", err)
	}
	lc.Append(fx.StopHook(cache.Close))
	return cache, nil
}

func newViewCache(lc fx.Lifecycle, ledger *freshness.Ledger, f *follower, l *levels, c *Config) *viewcache.Cache {
	views := viewcache.New(ledger, f, l.view.counters, viewcache.Options{
		MaxBytes: int64(c.View.MaxBytes), TTL: c.View.TTL, CDNMaxAge: c.HTTP.CDNMaxAge,
		StaleIfError: c.Freshness.StaleIfError, CatchUpTimeout: c.Freshness.CatchUpTimeout, Samples: l.view.samples,
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
	return access.New(keys, access.Options{
		NewID: newPropertyID, Now: time.Now, Random: func(p []byte) { _, _ = rand.Read(p) }, // never fails
	})
}

func newAccounts(
	accounts ports.AccountRepository, sessions ports.SessionRepository, hasher ports.PasswordHasher,
) *access.Accounts {
	return access.NewAccounts(accounts, sessions, hasher, access.AccountOptions{NewID: newPropertyID, Now: time.Now})
}

func newAPI(
	listings *catalog.Catalog, files *files, keys *access.Keys, feed *liveFeed, views *viewcache.Cache,
	query queryLevel, ledger *freshness.Ledger, registry *prometheus.Registry, d draining, c *Config,
) *api.API {
	return api.New(api.Options{
		Catalog: listings, Files: countImports(files, registry), Keys: keys, Feed: feed, Views: views,
		ViewLevel: viewLevel{views}, QueryLevel: query, Ledger: ledger,
		MaxBody: int64(c.HTTP.MaxBody), RequireIfMatch: c.HTTP.RequireIfMatch, MaxStreams: c.HTTP.MaxStreams, Draining: d,
	})
}

func newSite(
	listings *catalog.Catalog, accounts *access.Accounts, sessions ports.SessionRepository, keys *access.Keys,
	views *viewcache.Cache, query queryLevel, ledger *freshness.Ledger, recent site.Trend, kept site.Lookup,
	log *zap.Logger, c *Config,
) (*site.Site, error) {
	return site.New(site.Options{
		Catalog: listings, Files: &uploads{listings}, Accounts: accounts, Sessions: sessions, Keys: keys,
		Views: views, ViewLevel: viewLevel{views}, QueryLevel: query, Ledger: ledger, Trend: recent, Lookup: kept,
		Log: log.Named("site"), PublicURL: c.HTTP.publicURL(),
	})
}

func newDocs() (*docs.Site, error) { return docs.New(api.Contract) }

func newOps(
	db *bunstore.DB, cache ports.Cache, ledger *freshness.Ledger, registry *prometheus.Registry,
) *ops.Handler {
	return ops.New(ops.Options{Gatherer: registry, Build: buildInfo(), Checks: []ops.Check{
		{Name: "database", Critical: true, Run: db.Ping},
		{Name: "migrations", Critical: true, Run: db.CheckSchema},
		{Name: "feed", Run: func(context.Context) error { return checkFeed(ledger) }},
		{Name: "cache", Run: cache.Ping},
	}})
}

func checkFeed(ledger *freshness.Ledger) error {
	if now := time.Now(); !ledger.Trusted(now) {
		return fmt.Errorf("the change feed was last read %s ago; the caches are passed by", now.Sub(ledger.ConfirmedAt()).Round(time.Millisecond))
	}
	return nil
}

func newHandler(
	log *zap.Logger, requests *requestFigures, views *viewcache.Cache, a *api.API, s *site.Site, d *docs.Site,
	o *ops.Handler, c *Config,
) http.Handler {
	pages := map[string]http.Handler{"/healthz": o.Health(), "/readyz": o.Ready(), "/version": o.Version()}
	for _, template := range docs.Routes() {
		pages[template] = d
	}
	return web.New(web.Options{
		Log: log, Observe: requests.observe, Views: views, API: a, Site: s, Pages: pages,
		MaxInFlight: c.HTTP.MaxInFlight, Timeout: c.HTTP.HandlerTimeout, Secure: s.Secure(),
	})
}

// draining is closed when no new work is taken any more; streams, which would go on for ever, end then.
type draining chan struct{}

func newDraining() draining { return make(draining) }

// servers are the two listeners.
type servers struct{ public, ops *listener }

func newServers(h http.Handler, o *ops.Handler, c *Config, log *zap.Logger, stop fx.Shutdowner) *servers {
	died := func(err error) {
		log.Error("a listener has died", zap.Error(err))
		_ = stop.Shutdown(fx.ExitCode(exitFailed))
	}
	return &servers{
		public: newListener("public", c.HTTP.Address, h, c.HTTP, log, died),
		ops:    newListener("ops", c.Ops.Address, o, c.HTTP, log, died),
	}
}

func newChangeFollower(
	feed *liveFeed, events ports.EventPublisher, ledger *freshness.Ledger, l *levels, log *zap.Logger, c *Config,
) *follower {
	return newFollower(followerOptions{
		feed: feed.ChangeFeed, live: feed, events: events, ledger: ledger, log: log.Named("feed"),
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

// follow keeps the ledger up to date, and the database from growing for ever, as long as the program runs.
func follow(
	lc fx.Lifecycle, f *follower, r *ringer, feed ports.ChangeFeed, sessions ports.SessionRepository, log *zap.Logger, c *Config,
) {
	j := &janitor{feed: feed, retention: c.Freshness.Retention, sessions: sessions, log: log.Named("janitor")}
	background(lc, f.run, r.run, r.listen, j.run)
}

// verify compares answers of both levels with the database, now and then.
func verify(lc fx.Lifecycle, f *follower, l *levels, log *zap.Logger, c *Config) {
	if c.Freshness.VerifyInterval == 0 {
		return
	}
	for _, each := range l.each() {
		v := &verifier{level: each, catchUp: f.CatchUp, pause: c.Freshness.VerifyInterval,
			limit: c.Database.QueryTimeout, log: log.Named("verifier")}
		background(lc, v.run)
	}
}

func newProcessTrend(
	views *viewcache.Cache, query queryLevel, l *levels, ledger *freshness.Ledger, r *requestFigures, f *feedFigures,
) *trend {
	return newTrend(trendSources{
		levels: l, viewSize: viewLevel{views}.Size, querySize: query.Size, ledger: ledger, requests: r, feed: f,
	})
}

// sample has the trend take its samples.
func sample(lc fx.Lifecycle, t *trend) { background(lc, t.run) }

// background runs loops from the start of the program to its end, and waits for them there.
func background(lc fx.Lifecycle, loops ...func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	lc.Append(fx.StartStopHook(
		func() {
			for _, loop := range loops {
				running.Go(func() { loop(ctx) })
			}
		},
		func() {
			cancel()
			running.Wait()
		},
	))
}

// serve opens the listeners last and closes them first: readiness goes off, load balancers get a moment to notice, then
// no new request is taken and those under way finish.
func serve(lc fx.Lifecycle, s *servers, o *ops.Handler, d draining, c *Config, log *zap.Logger) {
	lc.Append(fx.StartStopHook(
		func(ctx context.Context) error {
			if err := s.ops.start(ctx); err != nil {
				return err
			}
			if err := s.public.start(ctx); err != nil {
				return err
			}
			log.Info("serving", zap.Stringer("http", s.public.bound), zap.Stringer("ops", s.ops.bound),
				zap.Stringer("database", c.Database.URL), zap.Stringer("cache", c.Cache.URL))
			return nil
		},
		func(ctx context.Context) error {
			o.SetDraining()
			log.Info("draining", zap.Duration("pause", c.Shutdown.Delay))
			select {
			case <-time.After(c.Shutdown.Delay):
			case <-ctx.Done():
			}
			close(d)
			err := s.public.stop(ctx)
			if opsErr := s.ops.stop(ctx); err == nil {
				err = opsErr
			}
			return err
		},
	))
}
