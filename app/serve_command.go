package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/dig"
	"go.uber.org/fx"
	"go.uber.org/zap"
)

type serveCmd struct{ configFlags }

// Help is shown by --help.
func (serveCmd) Help() string {
	return `Answers the HTTP API until it is told to stop (Ctrl-C, SIGTERM). An SQLite database is created and migrated by
itself. A Postgres database that cannot be reached is waited for, for a minute; it has to be at this program's schema,
or at a newer one that says it is compatible: see gable migrate.

Example:

	gable serve --database-url postgres://gable@localhost/gable --cache-url redis://localhost:6379/0`
}

// Run serves until the context ends or a listener dies.
func (c *serveCmd) Run(ctx context.Context, p *process) error {
	config, err := c.load()
	if err != nil {
		return err
	}
	log, err := newLogger(config.Log, p.err)
	if err != nil {
		return err
	}
	if err := awaitDatabase(ctx, &config.Config, log); err != nil {
		return err
	}
	return runServer(ctx, newServer(&config.Config, log), log, func(context.Context) error { return nil })
}

// databaseWait is how long serve waits at its start for a database that cannot be reached.
const databaseWait = time.Minute

// awaitDatabase returns when the database can be reached. The signal that ends the program ends the waiting, too.
func awaitDatabase(ctx context.Context, c *Config, log *zap.Logger) error {
	if embedded(c) {
		return nil
	}
	db, err := openWhenReachable(ctx, databaseOptions(c), databaseWait, func(err error) {
		log.Warn("waiting for the database", zap.Duration("limit", databaseWait), zap.Error(err))
	})
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	return db.Close()
}

// runServer starts the program, does what comes after the start, waits until it has to end, and stops it.
func runServer(ctx context.Context, app *fx.App, log *zap.Logger, started func(context.Context) error) error {
	startCtx, cancel := context.WithTimeout(ctx, app.StartTimeout())
	defer cancel()
	if err := app.Start(startCtx); err != nil {
		return fmt.Errorf("start: %w", dig.RootCause(err)) // without the names of the wiring's functions
	}
	code := exitOK
	err := started(ctx)
	if err == nil {
		select {
		case <-ctx.Done():
		case signal := <-app.Wait():
			code = signal.ExitCode
		}
	}
	stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), app.StopTimeout())
	defer cancel()
	stopErr := app.Stop(stopCtx)
	log.Info("stopped")
	if code != exitOK {
		err = errors.New("a listener died; see the log")
	}
	return errors.Join(err, stopErr)
}
