package porttest

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// plainBus is a plain, right bus. The others embed it and publish in a wrong way.
type plainBus struct {
	mu       sync.Mutex
	handlers []ports.EventHandler
}

func (b *plainBus) Subscribe(_ string, h ports.EventHandler) { b.handlers = append(b.handlers, h) }

func (b *plainBus) Publish(ctx context.Context, events ...property.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.deliver(context.WithoutCancel(ctx), events)
}

// deliver calls every subscriber, whatever other calls are running.
func (b *plainBus) deliver(ctx context.Context, events []property.Event) {
	for _, h := range b.handlers {
		h(ctx, events)
	}
}

type bentBus struct {
	*plainBus
	publish func(b *plainBus, ctx context.Context, events []property.Event)
}

func (b bentBus) Publish(ctx context.Context, events ...property.Event) {
	b.publish(b.plainBus, ctx, events)
}

var wrongBuses = []struct {
	wrong, noticed string
	publish        func(b *plainBus, ctx context.Context, events []property.Event)
}{
	{"fails without subscribers", "no_subscriber_is_fine", func(b *plainBus, ctx context.Context,
		events []property.Event) {
		b.handlers[0](ctx, events)
	}},
	{"calls only the first subscriber", "every_subscriber_receives_everything_in_order",
		func(b *plainBus, ctx context.Context, events []property.Event) {
			b.handlers[0](ctx, events)
		}},
	{"sorts the events", "every_subscriber_receives_everything_in_order",
		func(b *plainBus, ctx context.Context, events []property.Event) {
			events = slices.Clone(events)
			slices.SortFunc(events, func(x, y property.Event) int { return int(x.Change.Version - y.Change.Version) })
			b.Publish(ctx, events...)
		}},
	{"loses the origin", "events_arrive_unchanged", func(b *plainBus, ctx context.Context, events []property.Event) {
		events = slices.Clone(events)
		for i := range events {
			events[i].Origin = property.OriginSelf
		}
		b.Publish(ctx, events...)
	}},
	{"delivers one by one", "a_call_is_handled_whole", func(b *plainBus, ctx context.Context, events []property.Event) {
		for _, e := range events {
			b.Publish(ctx, e)
		}
	}},
	{"does not wait", "publish_waits_for_slow_subscribers", func(b *plainBus, ctx context.Context,
		events []property.Event) {
		go b.Publish(ctx, events...)
	}},
	{"drops the events of a cancelled caller", "cancellation_is_ignored",
		func(b *plainBus, ctx context.Context, events []property.Event) {
			if ctx.Err() == nil {
				b.Publish(ctx, events...)
			}
		}},
	{"passes the cancellation on", "cancellation_is_ignored", func(b *plainBus, ctx context.Context,
		events []property.Event) {
		b.deliver(ctx, events)
	}},
	{"drops the context's values", "values_are_passed_on", func(b *plainBus, _ context.Context, events []property.Event) {
		b.Publish(context.Background(), events...)
	}},
	{"delivers concurrent calls at the same time", "concurrent_calls_take_turns",
		func(b *plainBus, ctx context.Context, events []property.Event) {
			b.deliver(context.WithoutCancel(ctx), events)
		}},
	{"mixes calls", "concurrent_calls_take_turns", func(b *plainBus, ctx context.Context, events []property.Event) {
		for _, e := range events {
			b.Publish(ctx, e)
		}
	}},
}

func TestEventPublisherSuiteAcceptsARightBus(t *testing.T) {
	EventPublisher(t, func(*testing.T) Bus { return &plainBus{} })
}

func TestEventPublisherSuiteNoticesWrongBuses(t *testing.T) {
	for _, w := range wrongBuses {
		t.Run(w.wrong, func(t *testing.T) {
			t.Parallel()
			wantNoticed(t, eventPublisherCases, w.noticed, func(r reporter) line {
				return line{r, bentBus{&plainBus{}, w.publish}}
			})
		})
	}
}
