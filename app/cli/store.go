package cli

import (
	"context"

	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/server"
	"github.com/gable-listings/gable/ports"
)

// openConfigured opens the database that the flags and the other sources name, for a command.
func openConfigured(ctx context.Context, flags *config.Flags) (*server.Store, error) {
	config, err := flags.Load(commandVariables()...)
	if err != nil {
		return nil, err
	}
	return server.OpenStore(ctx, &config.Config)
}

// actingAs says who makes the changes of a command.
func actingAs(ctx context.Context, actor string) context.Context {
	return ports.WithWriting(ctx, &ports.Writing{Actor: actor})
}
