package porttest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// Bus is an event publisher with subscribers.
type Bus interface {
	ports.EventPublisher
	// Subscribe adds a handler after the existing ones.
	Subscribe(name string, handle ports.EventHandler)
}

// EventPublisher checks that a bus keeps every promise of ports.EventPublisher. newBus returns a bus without
// subscribers at each call.
func EventPublisher(t *testing.T, newBus func(t *testing.T) Bus) {
	runCases(t, eventPublisherCases, func(t *testing.T) line { return line{t, newBus(t)} })
}

// line is a bus under test with the steps that cases are made of.
type line struct {
	t   reporter
	bus Bus
}

// eventLog records the number of each event as it is handled.
type eventLog struct {
	mu       sync.Mutex // for buses that break the rules
	received []int64
}

// subscribe adds a subscriber and returns its log.
func (l line) subscribe(name string) *eventLog {
	e := &eventLog{}
	l.bus.Subscribe(name, func(_ context.Context, events []property.Event) {
		for _, event := range events {
			e.mu.Lock()
			e.received = append(e.received, event.Change.Version)
			e.mu.Unlock()
		}
	})
	return e
}

func (e *eventLog) all() []int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.received)
}

func (l line) wantReceived(e *eventLog, want ...int64) {
	l.t.Helper()
	if received := e.all(); !slices.Equal(received, want) {
		l.t.Fatalf("received the events %v, not %v", received, want)
	}
}

// events makes events whose changes have these versions.
func events(numbers ...int64) []property.Event {
	list := make([]property.Event, len(numbers))
	for i, n := range numbers {
		list[i].Change = property.Change{Op: property.OpUpdate, Version: n}
	}
	return list
}

var eventPublisherCases = []suiteCase[line]{
	{"no_subscriber_is_fine", "Publishing cannot fail, even without a subscriber.", func(l line) {
		l.bus.Publish(l.t.Context(), events(1)...)
		l.bus.Publish(l.t.Context())
	}},
	{"every_subscriber_receives_everything_in_order",
		"Publish delivers the events to every subscriber, in order, and returns when all have handled them.", func(l line) {
			first, second := l.subscribe("first"), l.subscribe("second")
			l.bus.Publish(l.t.Context(), events(3, 1, 2)...)
			l.wantReceived(first, 3, 1, 2)
			l.wantReceived(second, 3, 1, 2)
			l.bus.Publish(l.t.Context(), events(4)...)
			l.wantReceived(first, 3, 1, 2, 4)
			l.wantReceived(second, 3, 1, 2, 4)
		}},
	{"events_arrive_unchanged", "An event arrives as it was published, origin and images included.", func(l line) {
		after := property.Property{Version: 7}
		want := property.Event{Change: property.Inserted(9, after), Origin: property.OriginFeed}
		var got []property.Event
		l.bus.Subscribe("keeper", func(_ context.Context, events []property.Event) { got = slices.Clone(events) })
		l.bus.Publish(l.t.Context(), want)
		if len(got) != 1 || got[0] != want {
			l.t.Fatalf("published %+v, received %+v", want, got)
		}
	}},
	{"a_call_is_handled_whole", "A subscriber receives the events of one Publish together.", func(l line) {
		var sizes []int
		l.bus.Subscribe("counter", func(_ context.Context, events []property.Event) { sizes = append(sizes, len(events)) })
		l.bus.Publish(l.t.Context(), events(1, 2, 3)...)
		l.bus.Publish(l.t.Context(), events(4, 5)...)
		if !slices.Equal(sizes, []int{3, 2}) {
			l.t.Fatalf("calls with 3 and 2 events arrived as calls with %v", sizes)
		}
	}},
	{"publish_waits_for_slow_subscribers", "Publish returns after every subscriber has finished.",
		func(l line) {
			done := make(chan struct{})
			l.bus.Subscribe("slow", func(context.Context, []property.Event) {
				time.Sleep(10 * time.Millisecond)
				close(done)
			})
			l.bus.Publish(l.t.Context(), events(1)...)
			select {
			case <-done:
			default:
				l.t.Fatalf("publish returned while a subscriber was still at work")
			}
		}},
	{"cancellation_is_ignored",
		"Publish ignores the context's cancellation: subscribers are called, with a context that is not cancelled.",
		func(l line) {
			ctx, cancel := context.WithDeadline(l.t.Context(), time.Now().Add(-time.Second))
			cancel()
			called, cause := false, error(nil)
			l.bus.Subscribe("listener", func(ctx context.Context, _ []property.Event) { called, cause = true, ctx.Err() })
			l.bus.Publish(ctx, events(1)...)
			if !called || cause != nil {
				l.t.Fatalf("called: %t; the subscriber's context: %v", called, cause)
			}
		}},
	{"values_are_passed_on", "Publish passes the context's values on.", func(l line) {
		type key struct{}
		var got any
		l.bus.Subscribe("listener", func(ctx context.Context, _ []property.Event) { got = ctx.Value(key{}) })
		l.bus.Publish(context.WithValue(l.t.Context(), key{}, "value"), events(1)...)
		if got != "value" {
			l.t.Fatalf("the subscriber's context holds %v", got)
		}
	}},
	{"concurrent_calls_take_turns",
		"Concurrent calls are delivered one after the other, whole calls at a time, to all subscribers in the same order.",
		func(l line) {
			turns := &turns{}
			first, second := l.subscribe("first"), l.subscribe("second")
			l.bus.Subscribe("watch", turns.handle)
			var publishers sync.WaitGroup
			for n := range int64(8) {
				publishers.Go(func() {
					for i := range int64(50) {
						l.bus.Publish(l.t.Context(), events(n*1000+2*i, n*1000+2*i+1)...)
					}
				})
			}
			publishers.Wait()
			if turns.overlap.Load() {
				l.t.Fatalf("two calls were delivered at the same time")
			}
			if !slices.Equal(first.all(), second.all()) {
				l.t.Fatalf("two subscribers received the events in different orders")
			}
			if err := turnsTaken(first.all()); err != nil {
				l.t.Fatalf("%v", err)
			}
		}},
}

// turns detects two calls that run at once.
type turns struct {
	inside  sync.Mutex
	overlap atomic.Bool
}

func (t *turns) handle(context.Context, []property.Event) {
	if !t.inside.TryLock() {
		t.overlap.Store(true)
		return
	}
	defer t.inside.Unlock()
	time.Sleep(10 * time.Microsecond)
}

// turnsTaken checks that the events of 8 publishers have all arrived, pairs together and each publisher's pairs in
// its order.
func turnsTaken(received []int64) error {
	if len(received) != 8*50*2 {
		return fmt.Errorf("%d events were published, %d received", 8*50*2, len(received))
	}
	next := [8]int64{}
	for i := 0; i < len(received); i += 2 {
		n := received[i] / 1000
		if received[i] != n*1000+next[n] || received[i+1] != received[i]+1 {
			return fmt.Errorf("events %d and %d of publisher %d came out of turn", received[i], received[i+1], n)
		}
		next[n] += 2
	}
	return nil
}
