package bunstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"
)

// What can be wrong with a schema.
var (
	// ErrSchemaOlder says that the database waits for migrations that this program brings.
	ErrSchemaOlder = errors.New("the database schema is older than this program: run `gable migrate up`")
	// ErrSchemaNewer says that a newer program has migrated the database.
	ErrSchemaNewer = errors.New("this program is older than the database schema: run the newer program")
	// ErrMigrationLocked says that the lock on migrations was not to be had.
	ErrMigrationLocked = errors.New("another process is changing the database schema, or was killed while it did; " +
		"if none is, run: DELETE FROM " + migrationLocksTable)
)

const (
	migrationsTable     = "gable_migrations"
	migrationLocksTable = "gable_migration_locks"
	lockWait            = 30 * time.Second
	lockPoll            = 100 * time.Millisecond
)

// Migration is one step of the schema.
type Migration struct {
	Name      string    // number and words, such as 20261123000001_properties
	AppliedAt time.Time // zero when it has not been applied
}

// migrationDialect says where the schema comes from and how it is brought in.
type migrationDialect interface {
	files() fs.FS
	// migrationPool is a pool on which a statement may take as long as it has to.
	migrationPool(db *DB) (pool *bun.DB, done func() error, err error)
	// raced reports whether another process was the first to create a table, or to take the lock.
	raced(err error) bool
	// missingTable reports whether a query failed because its table does not exist.
	missingTable(err error) bool
}

// Migrate applies the migrations that are missing, each in a transaction, and returns them. Of several processes one
// does the work while the others wait for it. Only the context bounds how long it takes.
func (db *DB) Migrate(ctx context.Context) ([]Migration, error) {
	return db.migrate(ctx, "apply migrations", func(m *migrate.Migrator) (*migrate.MigrationGroup, error) {
		return m.Migrate(ctx)
	})
}

// Rollback takes back the migrations that were applied together last, and returns them.
func (db *DB) Rollback(ctx context.Context) ([]Migration, error) {
	return db.migrate(ctx, "take back migrations", func(m *migrate.Migrator) (*migrate.MigrationGroup, error) {
		return m.Rollback(ctx)
	})
}

func (db *DB) migrate(
	ctx context.Context, doing string, work func(*migrate.Migrator) (*migrate.MigrationGroup, error),
) (done []Migration, err error) {
	pool, closePool, err := db.dialect.migrationPool(db)
	if err != nil {
		return nil, err
	}
	defer func() { err = db.explain(ctx, doing, errors.Join(err, closePool())) }()
	m, _, err := db.migrator(pool)
	if err != nil {
		return nil, err
	}
	if err := db.lock(ctx, m); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Unlock(context.WithoutCancel(ctx))) }()
	group, err := work(m)
	return migrationsOf(group.Migrations), err
}

func (db *DB) migrator(pool *bun.DB) (*migrate.Migrator, *migrate.Migrations, error) {
	ours := migrate.NewMigrations()
	if err := ours.Discover(db.dialect.files()); err != nil {
		return nil, nil, fmt.Errorf("read the migrations: %w", err)
	}
	return migrate.NewMigrator(pool, ours, migrate.WithMarkAppliedOnSuccess(true),
		migrate.WithTableName(migrationsTable), migrate.WithLocksTableName(migrationLocksTable)), ours, nil
}

// lock creates the migrator's own tables and takes its lock, which is a row that must not be there twice. Another process
// may be doing the same at the same moment.
func (db *DB) lock(ctx context.Context, m *migrate.Migrator) error {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	poll := time.NewTicker(lockPoll)
	defer poll.Stop()
	locked := false
	for {
		err := m.Init(ctx)
		if err == nil {
			err = m.Lock(ctx)
		}
		switch {
		case err == nil:
			return nil
		case db.dialect.raced(err):
			locked = true
		case !locked || ctx.Err() == nil:
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrMigrationLocked, ctx.Err())
		case <-poll.C:
		}
	}
}

// Status lists this program's migrations, oldest first, with the time at which each was applied.
func (db *DB) Status(ctx context.Context) ([]Migration, error) {
	ctx, cancel := db.bounded(ctx)
	defer cancel()
	known, _, err := db.schema(ctx)
	return known, db.explain(ctx, "read the state of the schema", err)
}

// CheckSchema returns nil when the schema is exactly the one that this program was made for. Errors: ErrSchemaOlder,
// ErrSchemaNewer, ports.ErrUnavailable.
func (db *DB) CheckSchema(ctx context.Context) error {
	ctx, cancel := db.bounded(ctx)
	defer cancel()
	known, unknown, err := db.schema(ctx)
	switch {
	case err != nil:
	case len(unknown) > 0:
		err = fmt.Errorf("%w (it has %s)", ErrSchemaNewer, unknown[0])
	case slices.ContainsFunc(known, func(m Migration) bool { return m.AppliedAt.IsZero() }):
		err = ErrSchemaOlder
	}
	return db.explain(ctx, "check the schema", err)
}

// schema compares what this program knows with what has been applied. It changes nothing: a database that was never
// migrated has nothing applied.
func (db *DB) schema(ctx context.Context) (known []Migration, unknown []string, err error) {
	m, ours, err := db.migrator(db.read)
	if err != nil {
		return nil, nil, err
	}
	applied, err := m.AppliedMigrations(ctx)
	if err != nil && !db.dialect.missingTable(err) {
		return nil, nil, err
	}
	known = migrationsOf(ours.Sorted())
	for _, a := range applied {
		at := slices.IndexFunc(known, func(k Migration) bool { return k.number() == a.Name })
		if at < 0 {
			unknown = append(unknown, a.Name)
			continue
		}
		known[at].AppliedAt = a.MigratedAt.UTC()
	}
	return known, unknown, nil
}

func (m Migration) number() string {
	number, _, _ := strings.Cut(m.Name, "_")
	return number
}

func migrationsOf(group migrate.MigrationSlice) []Migration {
	migrations := make([]Migration, len(group))
	for i, m := range group {
		migrations[i] = Migration{Name: m.String(), AppliedAt: m.MigratedAt}
	}
	return migrations
}
