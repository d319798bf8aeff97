package ports

import (
	"context"

	"github.com/gable-listings/gable/domain/property"
)

// EventPublisher delivers committed changes to the parts of this process. Use cases publish their own writes right
// after the commit; the follower of the change feed publishes the changes of all writers.
type EventPublisher interface {
	// Publish delivers the events to every subscriber, in order, and returns when all have handled them: a
	// subscriber has finished before the write is acknowledged. Concurrent calls are delivered one after the other,
	// whole calls at a time, to all subscribers in the same order. Publish cannot fail, since a commit cannot be
	// undone. It ignores the context's cancellation and passes its values on.
	Publish(ctx context.Context, events ...property.Event)
}

// EventHandler receives the events of one Publish. It must be quick and must not block on anything remote. It must
// not call Publish, and must not retain the slice.
type EventHandler func(ctx context.Context, events []property.Event)
