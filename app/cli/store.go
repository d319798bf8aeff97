package cli

import (
	"context"
	"errors"

	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/server"
	"github.com/gable-listings/gable/ports"
)

// openConfigured opens the database that the flags and the other sources name, for a command.
func openConfigured(ctx context.Context, p *Process, flags *config.Flags) (*server.Store, error) {
	config, err := flags.Load(p.others...)
	if err != nil {
		return nil, err
	}
	return server.OpenStore(ctx, &config.Config)
}

// actingAs says who makes the changes of a command.
func actingAs(ctx context.Context, actor string) context.Context {
	return ports.WithActor(ctx, actor)
}

// adminFlags are those of all commands that look after keys and accounts.
type adminFlags struct{ config.Flags }

// with opens the configured database and closes it after the work.
func (a *adminFlags) with(ctx context.Context, p *Process, work func(*server.Store) error) error {
	s, err := openConfigured(ctx, p, &a.Flags)
	if err != nil {
		return err
	}
	return errors.Join(work(s), s.Close())
}
