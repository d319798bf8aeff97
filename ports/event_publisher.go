package ports

import (
	"context"

	"github.com/gable-listings/gable/domain/property"
)

// EventPublisher tells the parts of this process about committed changes. Use cases publish their own writes right after
// the commit; the change feed's follower publishes everybody's.
type EventPublisher interface {
	// Publish hands the events to every subscriber, in order, and returns when all have handled them: what a subscriber
	// does with an event is done before the write is acknowledged. Concurrent calls are delivered one after the other, whole
	// calls at a time, to all subscribers in the same order. Publishing cannot fail, since a commit cannot be taken back; it
	// ignores the context's cancellation and passes its values on.
	Publish(ctx context.Context, events ...property.Event)
}

// EventHandler receives the events of one Publish. It must be quick, must not block on anything remote, must not call
// Publish, and must not keep the slice.
type EventHandler func(ctx context.Context, events []property.Event)
