package server

import (
	"context"
	"errors"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/eventbus"
	"github.com/gable-listings/gable/adapters/passwords"
	"github.com/gable-listings/gable/app/accounts"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/ports"
)

// Store is a database with the use cases on it, for commands that do their work and end. It has no caches: servers over
// the same database see what a command changes through the change feed.
type Store struct {
	db       *bunstore.DB
	Catalog  *catalog.Catalog
	Keys     *accounts.Keys
	Accounts *accounts.Accounts
}

// OpenStore opens the configured database at this program's schema; an embedded one is created and migrated.
func OpenStore(ctx context.Context, c *config.Config) (*Store, error) {
	db, err := bunstore.Open(ctx, DatabaseOptions(c))
	if err != nil {
		return nil, err
	}
	if err := ready(ctx, db, c); err != nil {
		_ = db.Close() // what is wrong has been found already
		return nil, err
	}
	bus := eventbus.New(func(string, any) {}) // nobody subscribes
	return &Store{
		db: db, Catalog: newCatalog(db.Repository(), db.History(), bus, noCaches, c), Keys: newKeys(db.Keys()),
		Accounts: newAccounts(db.Accounts(), db.Sessions(), db.Browsers(), passwords.New()),
	}, nil
}

// noCaches has nothing to bring up to date.
func noCaches(context.Context) error { return nil }

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// ready brings an embedded database up to date, and refuses one on whose schema this program does not run.
func ready(ctx context.Context, db *bunstore.DB, c *config.Config) error {
	if c.Embedded() {
		_, err := db.Migrate(ctx)
		return err
	}
	return db.CheckSchema(ctx)
}

// reachPause is the time between two attempts to reach a database.
const reachPause = 500 * time.Millisecond

// OpenWhenReachable opens a database that may still be starting: it tries again for as long as wait says, and calls
// waiting once, with the first error, before it does. Another error than ports.ErrUnavailable is returned at once.
func OpenWhenReachable(
	ctx context.Context, options bunstore.Options, wait time.Duration, waiting func(error),
) (*bunstore.DB, error) {
	giveUp := time.Now().Add(wait)
	for attempt := 1; ; attempt++ {
		db, err := bunstore.Open(ctx, options)
		if err == nil || !errors.Is(err, ports.ErrUnavailable) || !time.Now().Before(giveUp) {
			return db, err
		}
		if attempt == 1 {
			waiting(err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(reachPause):
		}
	}
}
