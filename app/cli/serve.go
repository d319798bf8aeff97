package cli

import (
	"context"

	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/server"
)

type serveCmd struct{ config.Flags }

// Help is shown by --help.
func (serveCmd) Help() string {
	return `Answers the HTTP API until a signal ends it (Ctrl-C, SIGTERM, SIGHUP): requests under way finish first. SIGUSR1
sets the level of the log to debug, SIGUSR2 back. An SQLite database is created and migrated by itself. A Postgres
database that cannot be reached is waited for, for a minute; it has to be at this program's schema, or at a newer one
that says it is compatible: see gable migrate.

Example:

	gable serve --database-url postgres://gable@localhost/gable --cache-url redis://localhost:6379/0`
}

// Run serves until the context ends or a listener dies.
func (c *serveCmd) Run(ctx context.Context, p *Process) error {
	config, err := c.Load(p.others...)
	if err != nil {
		return err
	}
	log, level, err := server.NewLogger(config.Log, p.Err)
	if err != nil {
		return err
	}
	defer level.FollowSignals()()
	for _, warning := range config.Warnings {
		log.Sugar().Warnw("configuration key renamed", "detail", warning)
	}
	server.LimitMemory(&config.Config, log)
	s, err := server.StartWhenReachable(ctx, &config.Config, log, level)
	if err != nil {
		return err
	}
	return s.UntilEnded(ctx, func(context.Context) error { return nil })
}
