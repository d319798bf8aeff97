// Package eventbus delivers committed changes to subscribers in this process: the ledger, the notifier, metrics.
// The goroutine that publishes calls the subscribers directly, one after the other. The bus never queues, drops or
// repeats an event, and starts no goroutine.
package eventbus

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// Bus is a ports.EventPublisher. It is safe for concurrent use.
type Bus struct {
	report func(subscriber string, recovered any)

	subscribing sync.Mutex // guards the replacement of subscribers
	subscribers atomic.Pointer[[]subscriber]

	publishing sync.Mutex // held from a Publish's first subscriber to its last
}

type subscriber struct {
	name   string
	handle ports.EventHandler
}

// New makes a bus without subscribers. When a subscriber panics, the bus calls report with its name and the
// recovered value, and goes on with the next one. report runs inside the panicking call, so that debug.Stack shows
// where it happened.
func New(report func(subscriber string, recovered any)) *Bus {
	b := &Bus{report: report}
	b.subscribers.Store(new([]subscriber))
	return b
}

// Subscribe adds a handler after the existing ones. It receives every Publish that begins from now on, whole. The
// name appears in reports.
func (b *Bus) Subscribe(name string, handle ports.EventHandler) {
	b.subscribing.Lock()
	defer b.subscribing.Unlock()
	old := *b.subscribers.Load()
	all := append(slices.Clone(old), subscriber{name, handle})
	b.subscribers.Store(&all)
}

// Publish implements ports.EventPublisher.
func (b *Bus) Publish(ctx context.Context, events ...property.Event) {
	if len(events) == 0 || len(*b.subscribers.Load()) == 0 {
		return
	}
	ctx = context.WithoutCancel(ctx)
	b.publishing.Lock()
	defer b.publishing.Unlock()
	for _, s := range *b.subscribers.Load() {
		b.deliver(ctx, s, events)
	}
}

// deliver calls one subscriber and recovers from its panic.
func (b *Bus) deliver(ctx context.Context, s subscriber, events []property.Event) {
	defer func() {
		if recovered := recover(); recovered != nil {
			b.report(s.name, recovered)
		}
	}()
	s.handle(ctx, events)
}
