package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/app/server"
)

type moveCmd struct {
	From string `arg:"" placeholder:"FROM" help:"URL of the database to copy: sqlite:PATH or postgres://…"`
	To   string `arg:"" placeholder:"TO" help:"URL of the new database, which must be empty; its schema is created."`
}

// Help is shown by --help.
func (moveCmd) Help() string {
	return `Copies listings with their histories, accounts with second factors, and API keys from one database into
another, between SQLite and Postgres or within one kind, each row as it is. Then it compares every row of both, and
says what it has moved. FROM is only read. Stop the servers first: the command fails if FROM was written to meanwhile.
After a failure TO is empty, and the command can be run again.

Afterwards set database.url to TO and start the servers. People sign in again. Consumers of /v1/changes may get one
410. A password need not be in a URL: PGPASSWORD and ~/.pgpass work.

Examples:

	gable move sqlite:/var/lib/gable/gable.db postgres://gable@localhost/gable
	gable move postgres://gable@localhost/gable sqlite:copy.db`
}

// Run moves a database.
func (c *moveCmd) Run(ctx context.Context, p *Process) (err error) {
	from, err := openToMove(ctx, "FROM", bunstore.Options{URL: c.From, MustExist: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := openToMove(ctx, "TO", bunstore.Options{URL: c.To})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	shown := stageProgress{p: p}
	moved, err := bunstore.Move(ctx, from, to, shown.update)
	shown.end()
	if err != nil {
		return fmt.Errorf("move: %w", err)
	}
	fmt.Fprintln(p.Out, "Moved, and the same on both sides:")
	for _, m := range moved {
		fmt.Fprintf(p.Out, "%8d %s (digest %s)\n", m.Rows, m.What, m.Digest)
	}
	return nil
}

// stageProgress shows one progress after the other, each in a line of its own.
type stageProgress struct {
	p     *Process
	stage bunstore.MoveStage
	shown *progress
}

func (s *stageProgress) update(stage bunstore.MoveStage, done, total int64) {
	if stage != s.stage {
		s.end()
		s.stage = stage
		s.shown = newProgress(s.p.Err, server.IsTerminal(s.p.Err), "rows "+string(stage), time.Now)
	}
	s.shown.Update(done, float64(done)/float64(max(total, 1)))
}

func (s *stageProgress) end() {
	if s.shown != nil {
		s.shown.Done()
	}
}

// openToMove opens one of the two databases.
func openToMove(ctx context.Context, which string, options bunstore.Options) (*bunstore.DB, error) {
	if options.URL == "sqlite::memory:" {
		return nil, fmt.Errorf("move: %s is a database in memory, which ends with this command", which)
	}
	db, err := bunstore.Open(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("move: %s: %w", which, err)
	}
	return db, nil
}
