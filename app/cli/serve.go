package cli

import (
	"context"

	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/server"
)

type serveCmd struct{ config.Flags }

// Help is shown by --help.
func (serveCmd) Help() string {
	return `Runs the HTTP server until a signal ends it (Ctrl-C, SIGTERM, SIGHUP); current requests finish first. SIGUSR1 sets
the log level to debug, SIGUSR2 back. The server creates and migrates an SQLite database by itself. It waits a minute
for an unreachable Postgres database, whose schema must be this program's, or a newer one that is marked as compatible:
see gable migrate.

Example:

	gable serve --database-url postgres://gable@localhost/gable --cache-url redis://localhost:6379/0`
}

// Run serves until the context ends or a listener fails.
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
