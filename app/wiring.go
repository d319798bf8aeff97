package main

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/cached"
	"github.com/gable-listings/gable/adapters/eventbus"
	"github.com/gable-listings/gable/adapters/ops"
	"github.com/gable-listings/gable/adapters/passwords"
	"github.com/gable-listings/gable/adapters/tracing"
	"github.com/gable-listings/gable/adapters/web/site"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"go.uber.org/fx"
	"go.uber.org/zap"
)

// The whole graph. From the bottom: the store and the query cache that the configuration names; the ledger that judges
// what is kept; the decorator between use cases and store; the view cache in front of the router; two listeners.

// storeModule opens the database that the configuration names.
var storeModule = fx.Module("store",
	fx.Provide(
		openDatabase,
		func(db *bunstore.DB, c *Config) *liveFeed {
			return newLiveFeed(db.PublicFeed(), c.Freshness.liveBytes())
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

// useCaseModule is what the program can do, whoever asks.
var useCaseModule = fx.Module("use cases",
	fx.Provide(
		newCatalog, newKeys, newAccounts, newImports, newFiles,
		func() ports.PasswordHasher { return passwords.New() },
		func(f *follower) func(context.Context) error { return f.CatchUp },
	),
)

// cacheModule is the two levels, the ledger that both ask, and the follower that keeps it up to date.
var cacheModule = fx.Module("caches",
	fx.Provide(
		newLedger,
		openCache,
		newKeyring,
		newLevels,
		func(c ports.Cache, l *levels) queryLevel { return queryLevel{c, l.query.counters} },
		newCoordinator,
		newViewCache,
		newChangeFollower,
		newChangeRinger,
	),
)

// webModule is the listeners and what answers on them.
var webModule = fx.Module("web",
	fx.Provide(newAPI, newSite, newDocs, newRegistry, newRequestFigures, newFeedFigures, newOps, newRateLimit,
		newHandler, newServers),
)

// insightModule is what people are shown of the caches.
var insightModule = fx.Module("insight",
	fx.Provide(
		newProcessTrend,
		func(t *trend) site.Trend { return t },
		func(v *viewcache.Cache, r *cached.PropertyRepository, l *freshness.Ledger, c *Config) site.Lookup {
			return &lookup{v, r, l, c.HTTP.basePath()}
		},
	),
)

// repository is where caching comes in, in plain sight: use cases get the decorator, the decorator gets the store.
func repository(
	db *bunstore.DB, cache ports.Cache, keys *cached.Keyring, l *levels, ledger *freshness.Ledger, t *tracing.Tracer,
	c *Config,
) (*cached.PropertyRepository, ports.PropertyRepository) {
	options := cached.Options{
		TTL: c.Cache.TTL, LoadTimeout: c.Database.QueryTimeout, Samples: l.query.samples, Keys: keys,
	}
	if !ownCache(c) {
		options.LeaseTTL = c.Cache.LeaseTTL
	}
	r := cached.New(t.Repository(db.Repository(), "load"), cache, ledger, l.query.counters, options)
	return r, t.Repository(r, "query cache")
}

// server is the program that serves.
type server struct {
	*fx.App
	log       *zap.Logger
	config    *Config
	listeners *servers
	died      <-chan error // receives why a listener ended by itself
}

// newServer makes the program that serves: everything above, started in order, stopped in reverse.
func newServer(c *Config, log *zap.Logger, level *logLevel, extra ...fx.Option) *server {
	died := make(deaths, 1)
	s := &server{log: log, config: c, died: died}
	s.App = fx.New(
		fx.Supply(c, log, level, died),
		fx.WithLogger(newFxLogger),
		fx.StartTimeout(startTimeout),
		fx.StopTimeout(c.Shutdown.Timeout),
		storeModule, useCaseModule, cacheModule, webModule, insightModule,
		fx.Provide(repository, newDraining, newTracer),
		fx.Invoke(checkSchema, sweep, sign, subscribe, follow, verify, sample, serve),
		fx.Populate(&s.listeners),
		fx.Options(extra...),
	)
	return s
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
		if ledger.Announce(changes...) {
			ledger.Doubt(time.Now())
		}
		return
	}
	ledger.Append(changes...)
}

// checkSchema makes sure that the database is fit to serve before anything asks it.
func checkSchema(lc fx.Lifecycle, db *bunstore.DB, log *zap.Logger, c *Config) {
	lc.Append(fx.StartHook(func(ctx context.Context) error {
		if err := ready(ctx, db, c); err != nil {
			return err
		}
		if note := newerSchema(db)(ctx); note != "" {
			log.Info("the schema is newer and compatible", zap.String("detail", note))
		}
		return nil
	}))
}

// sweep removes what earlier processes have left in the directory for temporary files.
func sweep(lc fx.Lifecycle, log *zap.Logger) {
	lc.Append(fx.StartHook(func() {
		if n := sweepSpools(os.TempDir(), time.Now()); n > 0 {
			log.Info("temporary files of earlier imports are removed", zap.Int("files", n))
		}
	}))
}

// draining is closed when no new work is taken any more; streams, which would go on for ever, end then.
type draining chan struct{}

func newDraining() draining { return make(draining) }

// follow keeps the ledger up to date, and the database from growing for ever, as long as the program runs.
func follow(
	lc fx.Lifecycle, f *follower, r *ringer, feed ports.ChangeFeed, keys ports.IdempotencyKeyRepository,
	sessions ports.SessionRepository, browsers ports.BrowserRepository, log *zap.Logger, c *Config,
) {
	j := &janitor{log: log.Named("janitor"), duties: []duty{
		{"old changes", feed.Prune, c.Freshness.Retention},
		{"old idempotency keys", keys.PruneIdempotencyKeys, c.HTTP.IdempotencyRetention},
		{"expired sessions", sessions.PruneSessions, 0},
		{"expired browsers", browsers.PruneBrowsers, 0},
	}}
	background(lc, f.run, r.run, r.listen, j.run)
}

// verify compares answers of both levels with the database, now and then.
func verify(lc fx.Lifecycle, f *follower, r *cached.PropertyRepository, l *levels, log *zap.Logger, c *Config) {
	if c.Freshness.VerifyInterval == 0 {
		return
	}
	log = log.Named("verifier")
	h := &healer{catchUp: f.CatchUp, beginAnew: f.beginAnew, forget: r.Forget, log: log}
	for _, each := range l.each() {
		v := &verifier{level: each, catchUp: f.CatchUp, healer: h, pause: c.Freshness.VerifyInterval,
			limit: c.Database.QueryTimeout, log: log}
		background(lc, v.run)
	}
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
// no new request is taken and those under way finish. In that moment each answer closes its connection, so that those
// still open at the end are connections on which nothing has come for as long.
func serve(lc fx.Lifecycle, s *servers, o *ops.Handler, d draining, c *Config, log *zap.Logger) {
	lc.Append(fx.StartStopHook(
		func(ctx context.Context) error {
			if err := s.ops.start(ctx); err != nil {
				return err
			}
			if err := s.public.start(ctx); err != nil {
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
			err := s.public.stop(ctx)
			if opsErr := s.ops.stop(ctx); err == nil {
				err = opsErr
			}
			return err
		},
	))
}
