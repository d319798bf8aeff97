package main

import (
	"context"

	"github.com/gable-listings/gable/ports"
)

// openConfigured opens the database that the flags and the other sources name, for a command.
func openConfigured(ctx context.Context, flags *configFlags) (*store, error) {
	config, err := flags.load(commandVariables()...)
	if err != nil {
		return nil, err
	}
	return openStore(ctx, &config.Config)
}

// actingAs says who makes the changes of a command.
func actingAs(ctx context.Context, actor string) context.Context {
	return ports.WithWriting(ctx, &ports.Writing{Actor: actor})
}
