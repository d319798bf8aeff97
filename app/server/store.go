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

// Store is a database with its use cases, for commands that do their work and end. It has no caches: servers over the
// same database see the changes of a command through the change feed.
type Store struct {
	db       *bunstore.DB
	Catalog  *catalog.Catalog
	Restorer ports.PropertyRestorer
	Keys     *accounts.Keys
	Accounts *accounts.Accounts
	Created  bool // by OpenStore, because the embedded database had no schema
}

// OpenStore opens the configured database at this program's schema; an embedded one is created and migrated.
func OpenStore(ctx context.Context, c *config.Config) (*Store, error) {
	db, err := bunstore.Open(ctx, DatabaseOptions(c))
	if err != nil {
		return nil, err
	}
	created, err := ready(ctx, db, c)
	if err != nil {
		_ = db.Close() // the first error counts
		return nil, err
	}
	bus := eventbus.New(func(string, any) {}) // without subscribers
	return &Store{
		db: db, Catalog: newCatalog(db.Repository(), db.History(), bus, noCaches, c), Restorer: db.Repository(),
		Keys:     newKeys(db.Keys()),
		Accounts: newAccounts(db.Accounts(), db.Sessions(), db.Browsers(), passwords.New()),
		Created:  created,
	}, nil
}

// noCaches is the catch-up of a program without caches.
func noCaches(context.Context) error { return nil }

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// ready migrates an embedded database, and refuses another one whose schema this program cannot use. It reports
// whether the embedded database had no schema before.
func ready(ctx context.Context, db *bunstore.DB, c *config.Config) (created bool, err error) {
	if !c.Embedded() {
		return false, db.CheckSchema(ctx)
	}
	before, err := db.Schema(ctx)
	if err != nil {
		return false, err
	}
	_, err = db.Migrate(ctx)
	return before.Empty(), err
}

// reachPause is the time between two attempts to reach a database.
const reachPause = 500 * time.Millisecond

// OpenWhenReachable opens a database that may still be starting. It retries for as long as wait says, and calls
// waiting once, with the first error, before the first retry. Errors other than ports.ErrUnavailable are returned at
// once.
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
