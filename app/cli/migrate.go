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
	Up     migrateUpCmd     `cmd:"" help:"Bring the database schema up to this program's."`
	Down   migrateDownCmd   `cmd:"" help:"Take back the newest migrations, and remove the data in their tables."`
	Status migrateStatusCmd `cmd:"" help:"List the migrations and when each was applied."`
}

func newMigrateCmd() migrateCmd { return migrateCmd{Flags: config.NewFlags("database")} }

type migrateUpCmd struct {
	Wait time.Duration `help:"Wait this long for a database that does not answer yet, and for others that migrate it."`
}

type migrateDownCmd struct {
	Count int  `arg:"" help:"How many migrations to take back."`
	Yes   bool `help:"Yes, remove the data too."`
}

type migrateStatusCmd struct{}

// Help is shown by --help.
func (migrateUpCmd) Help() string {
	return `Safe to run twice, and from several places at once: one does the work while the others wait, for 30 seconds or
as long as --wait says. Processes of the release before go on serving on the new schema, so the order of an upgrade is:
migrate up with the new program, then replace the processes one by one. To go back, replace the processes first.

Example:

	gable migrate up --wait 2m --database-url postgres://gable@localhost/gable`
}

// Help is shown by --help.
func (migrateDownCmd) Help() string {
	return `Takes back the newest migration first; only the program that brings it can. Taking back the first migration
drops the listings. Nothing happens without --yes. Processes that need what is taken back must have been replaced
before.

Example:

	gable migrate down 1 --yes --database-url postgres://gable@localhost/gable`
}

// Help is shown by --help.
func (migrateStatusCmd) Help() string {
	return `Changes nothing. The exit code is 1 when the schema is newer than this program and not compatible with it.

Example:

	gable migrate status --database-url postgres://gable@localhost/gable`
}

// Run applies what is missing.
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

// Run takes the newest migrations back.
func (m *migrateDownCmd) Run(ctx context.Context, p *Process, all *migrateCmd) error {
	if !m.Yes {
		return errors.New("taking migrations back removes the data in their tables; add --yes if that is wanted")
	}
	return all.with(ctx, p, 0, func(db *bunstore.DB) error {
		done, err := db.Rollback(ctx, m.Count)
		return errors.Join(list(p.Out, "taken back", done), err)
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

// triggerStatus says whether the triggers of this program are in force.
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

// with opens the configured database as it is, at whatever schema, and closes it after the work. It waits this long
// for a database that cannot be reached yet, and, unless that is 0, for others that migrate it.
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

// list says what was done with each migration.
func list(w io.Writer, done string, migrations []bunstore.Migration) error {
	for _, m := range migrations {
		if _, err := fmt.Fprintln(w, done, m.Name); err != nil {
			return err
		}
	}
	return nil
}
