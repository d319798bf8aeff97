package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
)

type migrateCmd struct {
	configFlags
	Up     migrateUpCmd     `cmd:"" help:"Bring the database schema up to this program's."`
	Down   migrateDownCmd   `cmd:"" help:"Take back the migrations that were applied together last, and the data in their tables."`
	Status migrateStatusCmd `cmd:"" help:"List the migrations and when each was applied."`
}

func newMigrateCmd() migrateCmd { return migrateCmd{configFlags: newConfigFlags("database")} }

type migrateUpCmd struct{}

type migrateDownCmd struct {
	Yes bool `help:"Yes, remove the data too."`
}

type migrateStatusCmd struct{}

// Help is shown by --help.
func (migrateUpCmd) Help() string {
	return `Safe to run twice, and from several places at once: one does the work while the others wait.

Example:

	gable migrate up --database-url postgres://gable@localhost/gable`
}

// Help is shown by --help.
func (migrateDownCmd) Help() string {
	return `Taking back the first migration drops the listings. Nothing happens without --yes.

Example:

	gable migrate down --yes --database-url postgres://gable@localhost/gable`
}

// Help is shown by --help.
func (migrateStatusCmd) Help() string {
	return `Changes nothing. The exit code is 1 when the database has migrations that this program does not know.

Example:

	gable migrate status --database-url postgres://gable@localhost/gable`
}

// Run applies what is missing.
func (*migrateUpCmd) Run(ctx context.Context, p *process, c *commands) error {
	return c.Migrate.with(ctx, func(db *bunstore.DB) error {
		done, err := db.Migrate(ctx)
		return errors.Join(list(p.out, "applied", done, "The schema is up to date; nothing to do."), err)
	})
}

// Run takes the last group back.
func (m *migrateDownCmd) Run(ctx context.Context, p *process, c *commands) error {
	if !m.Yes {
		return errors.New("taking migrations back removes the data in their tables; add --yes if that is wanted")
	}
	return c.Migrate.with(ctx, func(db *bunstore.DB) error {
		done, err := db.Rollback(ctx)
		return errors.Join(list(p.out, "taken back", done, "No migration is applied; nothing to do."), err)
	})
}

// Run lists the migrations.
func (*migrateStatusCmd) Run(ctx context.Context, p *process, c *commands) error {
	return c.Migrate.with(ctx, func(db *bunstore.DB) error {
		known, err := db.Status(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(p.out, 0, 0, 3, ' ', 0)
		for _, m := range known {
			applied := "not applied"
			if !m.AppliedAt.IsZero() {
				applied = "applied " + m.AppliedAt.Format(time.RFC3339)
			}
			fmt.Fprintf(table, "%s\t%s\n", m.Name, applied)
		}
		return errors.Join(table.Flush(), newerSchema(db.CheckSchema(ctx)))
	})
}

// newerSchema keeps the one finding about the schema that a list of this program's migrations does not show.
func newerSchema(err error) error {
	if errors.Is(err, bunstore.ErrSchemaNewer) {
		return err
	}
	return nil
}

// with opens the configured database as it is, at whatever schema, and closes it after the work.
func (m *migrateCmd) with(ctx context.Context, work func(*bunstore.DB) error) error {
	config, err := m.load()
	if err != nil {
		return err
	}
	db, err := bunstore.Open(ctx, databaseOptions(&config.Config))
	if err != nil {
		return err
	}
	return errors.Join(work(db), db.Close())
}

// list says what was done with each migration, or that there was none.
func list(w io.Writer, done string, migrations []bunstore.Migration, none string) error {
	for _, m := range migrations {
		if _, err := fmt.Fprintln(w, done, m.Name); err != nil {
			return err
		}
	}
	if len(migrations) > 0 {
		return nil
	}
	_, err := fmt.Fprintln(w, none)
	return err
}
