package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/server"
	"github.com/gable-listings/gable/ports"
)

// openConfigured opens the configured database for a command.
func openConfigured(ctx context.Context, p *Process, flags *config.Flags) (*server.Store, error) {
	config, err := loadConfig(p, flags)
	if err != nil {
		return nil, err
	}
	s, err := server.OpenStore(ctx, &config.Config)
	if err == nil && s.Created {
		fmt.Fprintf(p.Err, "gable: created the database %s\n", config.Database.URL)
	}
	return s, err
}

// loadConfig reads the configuration of a command that has no log, and prints its warnings.
func loadConfig(p *Process, flags *config.Flags) (*config.Effective, error) {
	loaded, err := flags.Load(p.others...)
	if err != nil {
		return nil, err
	}
	for _, warning := range loaded.Warnings {
		fmt.Fprintln(p.Err, "gable: warning:", warning)
	}
	return loaded, nil
}

// actingAs sets the actor of the changes of a command.
func actingAs(ctx context.Context, actor string) context.Context {
	return ports.WithActor(ctx, actor)
}

// adminFlags are the flags of all commands that manage keys and accounts.
type adminFlags struct{ config.Flags }

// with opens the configured database and closes it after the work.
func (a *adminFlags) with(ctx context.Context, p *Process, work func(*server.Store) error) error {
	s, err := openConfigured(ctx, p, &a.Flags)
	if err != nil {
		return err
	}
	return errors.Join(work(s), s.Close())
}
