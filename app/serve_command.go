package main

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/dig"
	"go.uber.org/zap"
)

type serveCmd struct{ configFlags }

// Help is shown by --help.
func (serveCmd) Help() string {
	return `Answers the HTTP API until a signal ends it (Ctrl-C, SIGTERM, SIGHUP): requests under way finish first. SIGUSR1 sets
the level of the log to debug, SIGUSR2 back. An SQLite database is created and migrated by itself; a Postgres database
has to be at this program's schema: see gable migrate.

Example:

	gable serve --database-url postgres://gable@localhost/gable --cache-url redis://localhost:6379/0`
}

// Run serves until the context ends or a listener dies.
func (c *serveCmd) Run(ctx context.Context, p *process) error {
	config, err := c.load()
	if err != nil {
		return err
	}
	log, level, err := newLogger(config.Log, p.err)
	if err != nil {
		return err
	}
	defer level.followSignals()()
	return newServer(&config.Config, log, level).run(ctx, func(context.Context) error { return nil })
}

// run starts the program, does what comes after the start, waits until it has to end, and stops it.
func (s *server) run(ctx context.Context, started func(context.Context) error) error {
	startCtx, cancel := context.WithTimeout(ctx, s.StartTimeout())
	defer cancel()
	if err := s.Start(startCtx); err != nil {
		return fmt.Errorf("start: %w", dig.RootCause(err)) // without the names of the wiring's functions
	}
	err := started(ctx)
	cause := err
	if err == nil {
		select {
		case <-ctx.Done():
			cause = context.Cause(ctx) // names the signal
		case cause = <-s.died:
			err = errors.New("a listener died; see the log")
		}
	}
	s.log.Info("stopping", zap.NamedError("cause", cause))
	stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.StopTimeout())
	defer cancel()
	stopErr := s.Stop(stopCtx)
	s.log.Info("stopped", zap.NamedError("cause", cause))
	return errors.Join(err, stopErr)
}
