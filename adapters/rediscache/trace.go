package rediscache

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/gable-listings/gable/ports"
)

// tracedCommands is a hook that records a span for each command, named by the command alone. Connecting and its
// handshake are part of the command that needs the connection.
type tracedCommands struct{ trace ports.Trace }

// DialHook implements redis.Hook.
func (tracedCommands) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (t tracedCommands) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, command redis.Cmder) error {
		ctx, end := t.trace(ctx, "Redis "+strings.ToUpper(command.Name()))
		err := next(ctx, command)
		if errors.Is(err, redis.Nil) {
			end("", nil) // a miss
		} else {
			end("", err)
		}
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (t tracedCommands) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
