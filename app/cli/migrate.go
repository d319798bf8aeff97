package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/server"
)

type migrateCmd struct {
	config.Flags
	Up     migrateUpCmd     `cmd:"" help:"Apply all pending migrations."`
	Down   migrateDownCmd   `cmd:"" help:"Roll back the newest migrations, with the data in their tables."`
	Status migrateStatusCmd `cmd:"" help:"List the migrations and when each was applied."`
}

func newMigrateCmd() migrateCmd { return migrateCmd{Flags: config.NewFlags("database")} }

type migrateUpCmd struct {
	Wait time.Duration `help:"Wait this long for an unreachable database, and for other migrations of it."`
}

type migrateDownCmd struct {
	Count int  `arg:"" help:"How many migrations to roll back."`
	Yes   bool `help:"Confirm that the data is removed too."`
}

type migrateStatusCmd struct{}

// Help is shown by --help.
func (migrateUpCmd) Help() string {
	return `Safe to run twice, and from several places at once: one does the work while the others wait, for 30 seconds or
as long as --wait says. Processes of the previous release continue to serve on the new schema, so to upgrade,
migrate up with the new program, then replace the processes one by one. To go back, replace the processes first.

Example:

	gable migrate up --wait 2m --database-url postgres://gable@localhost/gable`
}

// Help is shown by --help.
func (migrateDownCmd) Help() string {
	return `Rolls back the newest migration first; only the program that contains it can. Rolling back the first migration
drops the listings. The command refuses without --yes. First replace the processes that need the newer schema.

Example:

	gable migrate down 1 --yes --database-url postgres://gable@localhost/gable`
}

// Help is shown by --help.
func (migrateStatusCmd) Help() string {
	return `Changes nothing. The exit code is 1 when the schema is newer than this program and not compatible with it.

Example:

	gable migrate status --database-url postgres://gable@localhost/gable`
}

// Run applies the pending migrations.
func (m *migrateUpCmd) Run(ctx context.Context, p *Process, all *migrateCmd) error {
	return all.with(ctx, p, m.Wait, func(db *bunstore.DB) error {
		done, err := db.Migrate(ctx)
		if err := errors.Join(list(p.Out, "applied", done), err); err != nil || len(done) > 0 {
			return err
		}
		s, err := db.Schema(ctx)
		if err != nil {
			return err
		}
		text := "The schema is up to date; nothing to do."
		if newer := s.Newer(); newer != "" {
			text = "The schema is newer than this program and compatible (it has " + newer + "); nothing to do."
		}
		_, err = fmt.Fprintln(p.Out, text)
		return err
	})
}

// Run rolls back the newest migrations.
func (m *migrateDownCmd) Run(ctx context.Context, p *Process, all *migrateCmd) error {
	if !m.Yes {
		return errors.New("a rollback removes the data in the tables of the migrations; add --yes to confirm")
	}
	return all.with(ctx, p, 0, func(db *bunstore.DB) error {
		done, err := db.Rollback(ctx, m.Count)
		return errors.Join(list(p.Out, "rolled back", done), err)
	})
}

// Run lists the migrations.
func (*migrateStatusCmd) Run(ctx context.Context, p *Process, all *migrateCmd) error {
	return all.with(ctx, p, 0, func(db *bunstore.DB) error {
		s, err := db.Schema(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(p.Out, 0, 0, 3, ' ', 0)
		for _, m := range s.Known {
			applied := "not applied"
			if !m.AppliedAt.IsZero() {
				applied = "applied " + m.AppliedAt.Format(time.RFC3339)
			}
			fmt.Fprintf(table, "%s\t%s\n", m.Name, applied)
		}
		for _, m := range s.Unknown {
			fmt.Fprintf(table, "%s\tapplied %s by another program\n", m.Name, m.AppliedAt.Format(time.RFC3339))
		}
		fmt.Fprintf(table, "triggers\t%s\n", triggerStatus(s))
		if err := s.Check(); !errors.Is(err, bunstore.ErrSchemaOlder) { // the list shows what is missing
			return errors.Join(table.Flush(), err)
		}
		return table.Flush()
	})
}

// triggerStatus describes which triggers are in force.
func triggerStatus(s *bunstore.Schema) string {
	at := s.Triggers.AppliedAt.Format(time.RFC3339)
	switch {
	case s.Triggers.AppliedAt.IsZero():
		return "not applied"
	case s.Triggers.Own:
		return "applied " + at
	}
	return "applied " + at + " by another program"
}

// with opens the configured database, whatever its schema, and closes it after the work. It waits this long for an
// unreachable database and, unless that is 0, for other migrations.
func (m *migrateCmd) with(
	ctx context.Context, p *Process, wait time.Duration, work func(*bunstore.DB) error,
) error {
	config, err := loadConfig(p, &m.Flags)
	if err != nil {
		return err
	}
	options := server.DatabaseOptions(&config.Config)
	options.MigrationWait = wait
	db, err := server.OpenWhenReachable(ctx, options, wait, func(err error) {
		fmt.Fprintf(p.Err, "waiting for the database: %v\n", err)
	})
	if err != nil {
		return err
	}
	return errors.Join(work(db), db.Close())
}

// list prints what was done with each migration.
func list(w io.Writer, done string, migrations []bunstore.Migration) error {
	for _, m := range migrations {
		if _, err := fmt.Fprintln(w, done, m.Name); err != nil {
			return err
		}
	}
	return nil
}
