package server

import (
	"context"
	"os"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/cached"
	"github.com/gable-listings/gable/adapters/eventbus"
	"github.com/gable-listings/gable/adapters/ops"
	"github.com/gable-listings/gable/adapters/passwords"
	"github.com/gable-listings/gable/adapters/tracing"
	"github.com/gable-listings/gable/adapters/web/site"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/app/accounts"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/follow"
	"github.com/gable-listings/gable/app/insight"
	"github.com/gable-listings/gable/app/transfer"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// The whole graph. From the bottom: the store and the query cache that the configuration names; the ledger that judges
// what is cached; the decorator between use cases and store; the view cache in front of the router; two listeners.

// storeModule opens the database that the configuration names.
var storeModule = fx.Module("store",
	fx.Provide(
		openDatabase,
		func(db *bunstore.DB, c *config.Config) *follow.LiveFeed {
			return follow.NewLiveFeed(db.PublicFeed(), c.Freshness.LiveBytes(), encodeEvents)
		},
		func(db *bunstore.DB) ports.ChangeFeed { return db.Feed() },
		func(db *bunstore.DB) ports.ChangeHistory { return db.History() },
		func(db *bunstore.DB) ports.KeyRepository { return db.Keys() },
		func(db *bunstore.DB) ports.IdempotencyKeyRepository { return db.Repository() },
		func(db *bunstore.DB) ports.AccountRepository { return db.Accounts() },
		func(db *bunstore.DB) ports.SessionRepository { return db.Sessions() },
		func(db *bunstore.DB) ports.BrowserRepository { return db.Browsers() },
		newEventBus,
		func(bus *eventbus.Bus) ports.EventPublisher { return bus },
	),
)

// useCaseModule has the use cases, for all callers.
var useCaseModule = fx.Module("use cases",
	fx.Provide(
		newCatalog, newKeys, newAccounts, transfer.NewImports, transfer.NewFiles,
		func() ports.PasswordHasher { return passwords.New() },
		func(f *follow.Follower) catchUp { return f.CatchUp },
	),
)

// cacheModule has the two levels, the ledger that both check, and the follower that keeps it up to date.
var cacheModule = fx.Module("caches",
	fx.Provide(
		newLedger,
		openCache,
		newKeyring,
		insight.NewLevels,
		insight.NewQueryLevel,
		newCoordinator,
		newViewCache,
		newChangeFollower,
		newNotifier,
	),
)

// webModule has the listeners and their handlers.
var webModule = fx.Module("web",
	fx.Provide(
		newAPI, newSite, newDocs, newOps, newRateLimit, newHandler, newServers,
		insight.NewRegistry, insight.NewRequestFigures, insight.NewFeedFigures,
	),
)

// insightModule has what the pages show of the caches.
var insightModule = fx.Module("insight",
	fx.Provide(
		newProcessTrend,
		func(t *insight.Trend) site.Trend { return t },
		func(v *viewcache.Cache, r *cached.PropertyRepository, l *freshness.Ledger, c *config.Config) site.Lookup {
			return insight.NewLookup(v, r, l, c.HTTP.Base())
		},
	),
)

// repository puts the query cache between use cases and store: use cases get the decorator, the decorator the store.
func repository(
	db *bunstore.DB, cache ports.Cache, keys *cached.Keyring, l *insight.Levels, ledger *freshness.Ledger,
	t *tracing.Tracer, c *config.Config,
) (*cached.PropertyRepository, ports.PropertyRepository) {
	options := cached.Options{
		TTL: c.Cache.TTL, LoadTimeout: c.Database.QueryTimeout, Samples: l.Query.Samples, Keys: keys,
	}
	if !c.OwnCache() {
		options.LeaseTTL = c.Cache.LeaseTTL
	}
	r := cached.New(t.Repository(db.Repository(), "load"), cache, ledger, l.Query.Counters, options)
	return r, t.Repository(r, "query cache")
}

// Server is the program that serves.
type Server struct {
	*fx.App
	log       *zap.Logger
	config    *config.Config
	Listeners *Listeners
	Catalog   *catalog.Catalog
	Keys      *accounts.Keys
	Accounts  *accounts.Accounts
	failed    <-chan error // receives why a listener failed
}

// New makes the program that serves: everything above, started in order, stopped in reverse.
func New(c *config.Config, log *zap.Logger, level *LogLevel, extra ...fx.Option) *Server {
	failed := make(failures, 1)
	s := &Server{log: log, config: c, failed: failed}
	s.App = fx.New(
		fx.Supply(c, log, level, failed),
		fx.WithLogger(newFxLogger),
		fx.StartTimeout(startTimeout),
		fx.StopTimeout(c.Shutdown.Timeout),
		storeModule, useCaseModule, cacheModule, webModule, insightModule,
		fx.Provide(repository, newDraining, newTracer),
		fx.Invoke(checkSchema, sweep, sign, subscribe, followFeed, verify, sample, serve),
		fx.Populate(&s.Listeners, &s.Catalog, &s.Keys, &s.Accounts),
		fx.Options(extra...),
	)
	return s
}

// subscribe registers the subscribers to committed changes.
func subscribe(bus *eventbus.Bus, ledger *freshness.Ledger, r *follow.Notifier, f *insight.FeedFigures) {
	bus.Subscribe("ledger", func(_ context.Context, events []property.Event) { follow.Deliver(ledger, events) })
	bus.Subscribe("notifier", func(_ context.Context, events []property.Event) { r.Observe(events) })
	bus.Subscribe("metrics", func(_ context.Context, events []property.Event) { f.Observe(events) })
}

// checkSchema checks at the start that the program can use the schema, before other parts query the database.
func checkSchema(lc fx.Lifecycle, db *bunstore.DB, log *zap.Logger, c *config.Config) {
	lc.Append(fx.StartHook(func(ctx context.Context) error {
		if _, err := ready(ctx, db, c); err != nil {
			return err
		}
		if note := newerSchema(db)(ctx); note != "" {
			log.Info("schema is newer and compatible", zap.String("detail", note))
		}
		return nil
	}))
}

// sweep removes temporary files that earlier processes have left behind.
func sweep(lc fx.Lifecycle, log *zap.Logger) {
	lc.Append(fx.StartHook(func() {
		if n := transfer.SweepSpools(os.TempDir(), time.Now()); n > 0 {
			log.Info("temporary files of earlier imports removed", zap.Int("files", n))
		}
	}))
}

// followFeed keeps the ledger up to date, and the database from growing for ever, as long as the program runs.
func followFeed(
	lc fx.Lifecycle, f *follow.Follower, r *follow.Notifier, feed ports.ChangeFeed, keys ports.IdempotencyKeyRepository,
	sessions ports.SessionRepository, browsers ports.BrowserRepository, log *zap.Logger, c *config.Config,
) {
	j := &follow.Janitor{Log: log.Named("janitor"), Duties: []follow.Duty{
		{What: "old changes", Prune: feed.Prune, Retention: c.Freshness.Retention},
		{What: "old idempotency keys", Prune: keys.PruneIdempotencyKeys, Retention: c.HTTP.IdempotencyRetention},
		{What: "expired sessions", Prune: sessions.PruneSessions},
		{What: "expired browsers", Prune: browsers.PruneBrowsers},
	}}
	background(lc, f.Run, r.Run, r.Listen, j.Run)
}

// verify compares answers of both levels with the database, now and then.
func verify(
	lc fx.Lifecycle, f *follow.Follower, r *cached.PropertyRepository, l *insight.Levels, log *zap.Logger,
	c *config.Config,
) {
	if c.Freshness.VerifyInterval == 0 {
		return
	}
	log = log.Named("verifier")
	h := &insight.Healer{CatchUp: f.CatchUp, RestartLedger: f.RestartLedger, Forget: r.Forget, Log: log}
	for _, each := range l.Each() {
		v := &insight.Verifier{Level: each, CatchUp: f.CatchUp, Healer: h, Pause: c.Freshness.VerifyInterval,
			Limit: c.Database.QueryTimeout, Log: log}
		background(lc, v.Run)
	}
}

// sample runs the trend.
func sample(lc fx.Lifecycle, t *insight.Trend) { background(lc, t.Run) }

// serve opens the listeners last and closes them first. On stopping, readiness goes off, load balancers get a moment
// to notice, then no new request is accepted and the current ones finish. In that moment each answer closes its
// connection, so that those still open at the end are connections that were idle for as long.
func serve(lc fx.Lifecycle, s *Listeners, o *ops.Handler, d draining, c *config.Config, log *zap.Logger) {
	lc.Append(fx.StartStopHook(
		func(ctx context.Context) error {
			if err := s.Ops.start(ctx); err != nil {
				return err
			}
			if err := s.Public.start(ctx); err != nil {
				return err
			}
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
			err := s.Public.stop(ctx)
			if opsErr := s.Ops.stop(ctx); err == nil {
				err = opsErr
			}
			return err
		},
	))
}
