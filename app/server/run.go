package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/dig"
	"go.uber.org/zap"

	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/ports"
)

// databaseWait bounds how long serve waits at its start for an unreachable database.
const databaseWait = time.Minute

// StartWhenReachable waits for the database and starts the program. When the database is lost during the start, it
// waits once more.
func StartWhenReachable(ctx context.Context, c *config.Config, log *zap.Logger, level *LogLevel) (*Server, error) {
	for giveUp := time.Now().Add(databaseWait); ; {
		if err := awaitDatabase(ctx, c, log); err != nil {
			return nil, err
		}
		s := New(c, log, level)
		err := s.begin(ctx)
		if err == nil || c.Embedded() || !errors.Is(err, ports.ErrUnavailable) || time.Now().After(giveUp) {
			return s, err
		}
		log.Warn("database lost during start, starting again", zap.Error(err))
	}
}

// awaitDatabase returns when the database can be reached, or when a signal ends the program.
func awaitDatabase(ctx context.Context, c *config.Config, log *zap.Logger) error {
	if c.Embedded() {
		return nil
	}
	db, err := OpenWhenReachable(ctx, DatabaseOptions(c), databaseWait, func(err error) {
		log.Warn("waiting for the database", zap.Duration("limit", databaseWait), zap.Error(err))
	})
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	return db.Close()
}

// Run starts the program, calls started, waits for the end of the context or a failure, and stops the program.
func (s *Server) Run(ctx context.Context, started func(context.Context) error) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	return s.UntilEnded(ctx, started)
}

// begin starts the program.
func (s *Server) begin(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.StartTimeout())
	defer cancel()
	if err := s.Start(ctx); err != nil {
		return fmt.Errorf("start: %w", dig.RootCause(err)) // without the names of the wiring's functions
	}
	return nil
}

// UntilEnded calls started, waits for the end of the context or a failure, and stops the program. It logs "serving"
// from when a signal drains the program instead of interrupting its start.
func (s *Server) UntilEnded(ctx context.Context, started func(context.Context) error) error {
	s.log.Info("serving", zap.Stringer("http", s.Listeners.Public.bound), zap.Stringer("ops", s.Listeners.Ops.bound),
		zap.Stringer("database", s.config.Database.URL), zap.Stringer("cache", s.config.Cache.URL))
	err := started(ctx)
	cause := err
	if err == nil {
		select {
		case <-ctx.Done():
			cause = context.Cause(ctx) // names the signal
		case cause = <-s.failed:
			err = errors.New("listener failed; see the log")
		}
	}
	s.log.Info("stopping", zap.NamedError("cause", cause))
	stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.StopTimeout())
	defer cancel()
	stopErr := s.Stop(stopCtx)
	s.log.Info("stopped", zap.NamedError("cause", cause))
	return errors.Join(err, stopErr)
}
