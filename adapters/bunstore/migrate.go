package bunstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"

	"github.com/gable-listings/gable/migrations"
)

// ErrMigrationLocked says that another process holds the lock on migrations.
var ErrMigrationLocked = errors.New("another process is changing the database schema, or was killed while it did; " +
	"if none is, run: DELETE FROM " + migrationLocksTable)

const (
	migrationLocksTable  = "gable_migration_locks"
	defaultMigrationWait = 30 * time.Second
	lockPoll             = 100 * time.Millisecond
	// tableLockPause is how long a migration waits before it tries again, so that the requests queued behind its lock
	// can run.
	tableLockPause = time.Second
)

// migrationDialect is where each database's schema comes from and how it is applied.
type migrationDialect interface {
	files() fs.FS
	// migrationPool is a pool whose statements have no time limit.
	migrationPool(db *DB) (pool *bun.DB, done func() error, err error)
	// boundTableLocks is a statement that bounds how long the transaction waits for the lock on a table, since all later
	// queries wait behind it. It is empty where a migration has the whole database to itself.
	boundTableLocks() string
	// tableLocked reports whether a migration gave up because of that bound.
	tableLocked(err error) bool
	// raced reports whether another process was the first to create a table, or to take the lock.
	raced(err error) bool
	// missingTable reports whether a query failed because its table does not exist.
	missingTable(err error) bool
}

// Migrate applies the missing migrations, oldest first, and then the triggers of this program where the database has
// others. Each runs in a transaction that also records it. Migrate returns what it applied, also when a later step
// fails; triggers that it applied by themselves are a last element named "triggers". When several processes call it,
// one does the work while the others wait. It waits for Options.MigrationWait at most: for that work, and for
// transactions that hold a table which it changes; the time of a migration itself is bounded by the context alone.
// Errors: ErrSchemaNewer, ErrMigrationLocked, ErrUnavailable.
func (db *DB) Migrate(ctx context.Context) ([]Migration, error) {
	return db.migrate(ctx, "apply migrations", true, func(s *Schema) ([]Migration, error) {
		return s.missing(), s.runsBeside()
	})
}

// Rollback rolls back the newest n migrations, newest first, each in a transaction of its own. It returns those that
// it rolled back, also when a later one fails. Errors: as Migrate; and when fewer than n are applied none is rolled
// back.
func (db *DB) Rollback(ctx context.Context, n int) ([]Migration, error) {
	return db.migrate(ctx, "roll back migrations", false, func(s *Schema) ([]Migration, error) { return s.newest(n) })
}

// migrate runs the migrations that plan chooses, and holds the lock on migrations meanwhile.
func (db *DB) migrate(
	ctx context.Context, doing string, up bool, plan func(*Schema) ([]Migration, error),
) (done []Migration, err error) {
	pool, closePool, err := db.dialect.migrationPool(db)
	if err != nil {
		return nil, err
	}
	defer func() { err = db.explain(ctx, doing, errors.Join(err, closePool())) }()
	ours, err := db.migrations()
	if err != nil {
		return nil, err
	}
	m := migrate.NewMigrator(pool, ours,
		migrate.WithTableName(migrationsTable), migrate.WithLocksTableName(migrationLocksTable))
	if err := db.lock(ctx, m, pool); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Unlock(context.WithoutCancel(ctx))) }()
	s, err := db.schema(ctx, pool)
	if err != nil {
		return nil, err
	}
	planned, err := plan(s)
	for i := 0; i < len(planned) && err == nil; i++ {
		if err = db.runMigration(ctx, pool, ours, s.step(planned[i], up)); err == nil {
			done = append(done, planned[i])
		}
	}
	if err != nil || !up {
		return done, err
	}
	applied, err := db.applyTriggers(ctx, pool)
	if err == nil && applied {
		done = append(done, Migration{Name: triggersName, AppliedAt: time.Now()})
	}
	return done, err
}

// migrations reads the migration files of this program.
func (db *DB) migrations() (*migrate.Migrations, error) {
	ours := migrate.NewMigrations()
	if err := ours.Discover(db.dialect.files()); err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return ours, nil
}

// lock creates the migrator's own tables and inserts its lock, a row that must be unique. Another process may be
// doing the same at the same moment.
func (db *DB) lock(ctx context.Context, m *migrate.Migrator, pool *bun.DB) error {
	ctx, cancel := context.WithTimeout(ctx, db.options.MigrationWait)
	defer cancel()
	poll := time.NewTicker(lockPoll)
	defer poll.Stop()
	locked := false
	for {
		err := m.Init(ctx)
		if err == nil {
			_, err = pool.NewCreateTable().Model((*schemaRow)(nil)).IfNotExists().Exec(ctx)
		}
		if err == nil {
			_, err = pool.NewCreateTable().Model((*triggerRow)(nil)).IfNotExists().Exec(ctx)
		}
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

// step is one migration, up or down.
type step struct {
	Migration

	up bool
	// fits is set when triggers.sql is applied to the schema after the step, whose newest migration is newest.
	fits   bool
	newest string
}

// step decides what to do about the triggers with a migration. It does nothing where newer ones are in place, nor
// where the migrations still made triggers themselves.
func (s *Schema) step(m Migration, up bool) step {
	next := step{Migration: m, up: up, newest: m.number()}
	next.fits = s.Newer() == "" && m.number() > migrations.LastWithTriggers
	if at := slices.Index(s.Known, m); !up && at > 0 {
		next.newest = s.Known[at-1].number()
	}
	return next
}

// runMigration runs one migration.
func (db *DB) runMigration(ctx context.Context, pool *bun.DB, ours *migrate.Migrations, next step) error {
	m := migrate.NewMigrator(pool, ours, db.migrationHooks(next)...)
	file := fileOf(ours, next.Migration)
	run := file.Down
	if next.up {
		run = file.Up
	}
	return db.whenUnlocked(ctx, "migration "+next.Name, func() error { return run(ctx, m, &file) })
}

// whenUnlocked runs a transaction that changes tables, and tries again while another transaction holds one of them.
// Readers and writers wait only for a moment meanwhile, not for that transaction.
func (db *DB) whenUnlocked(ctx context.Context, name string, run func() error) error {
	giveUp := time.Now().Add(db.options.MigrationWait)
	for {
		err := run()
		if err == nil {
			return nil
		}
		if !db.dialect.tableLocked(err) || time.Now().After(giveUp) {
			return fmt.Errorf("%s: %w", name, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", name, ctx.Err())
		case <-time.After(tableLockPause):
		}
	}
}

func fileOf(ours *migrate.Migrations, chosen Migration) migrate.Migration {
	files := ours.Sorted()
	return files[slices.IndexFunc(files, func(m migrate.Migration) bool { return m.Name == chosen.number() })]
}

// migrationHooks are the steps in the transaction of a migration before and after its own statements.
func (db *DB) migrationHooks(next step) []migrate.MigratorOption {
	return []migrate.MigratorOption{
		migrate.BeforeMigration(func(ctx context.Context, conn bun.IConn, _ *migrate.Migration) error {
			err := db.boundTableLocks(ctx, conn)
			if err == nil && next.fits {
				err = db.removeTriggers(ctx, conn)
			}
			return err
		}),
		migrate.AfterMigration(func(ctx context.Context, conn bun.IConn, _ *migrate.Migration) error {
			err := db.record(ctx, conn, next.Migration, next.up)
			switch {
			case err == nil && next.fits:
				err = db.fitTriggers(ctx, conn, next.newest)
			case err == nil && !next.up:
				err = db.forgetTriggers(ctx, conn)
			}
			return err
		}),
	}
}

// boundTableLocks bounds how long a transaction that changes tables waits for their locks.
func (db *DB) boundTableLocks(ctx context.Context, conn bun.IConn) (err error) {
	if bound := db.dialect.boundTableLocks(); bound != "" {
		_, err = conn.ExecContext(ctx, bound)
	}
	return err
}
