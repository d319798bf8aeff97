package eventbus_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/gable-listings/gable/adapters/eventbus"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/porttest"
)

// noPanic is for tests in which no subscriber panics.
func noPanic(t testing.TB) func(string, any) {
	return func(subscriber string, recovered any) { t.Errorf("%s panicked: %v", subscriber, recovered) }
}

func TestBusMeetsTheContractOfThePort(t *testing.T) {
	porttest.EventPublisher(t, func(t *testing.T) porttest.Bus { return eventbus.New(noPanic(t)) })
}

func TestAPanickingSubscriberIsReportedAndTheOthersReceiveTheEvent(t *testing.T) {
	var reports []string
	bus := eventbus.New(func(subscriber string, recovered any) {
		reports = append(reports, fmt.Sprint(subscriber, ": ", recovered))
	})
	received := 0
	count := func(context.Context, []property.Event) { received++ }
	bus.Subscribe("before", count)
	bus.Subscribe("broken", func(context.Context, []property.Event) { panic("oh no") })
	bus.Subscribe("after", count)
	for range 2 {
		bus.Publish(t.Context(), property.Event{})
	}
	if received != 4 {
		t.Errorf("two subscribers received two events %d times, want 4", received)
	}
	if want := []string{"broken: oh no", "broken: oh no"}; !slices.Equal(reports, want) {
		t.Errorf("reports are %q, want %q", reports, want)
	}
}

func TestASubscriberAddedDuringACallReceivesTheNext(t *testing.T) {
	bus := eventbus.New(noPanic(t))
	late, called := 0, false
	bus.Subscribe("host", func(context.Context, []property.Event) {
		if !called {
			called = true
			bus.Subscribe("guest", func(context.Context, []property.Event) { late++ })
		}
	})
	bus.Publish(t.Context(), property.Event{})
	if late != 0 {
		t.Fatal("the new subscriber received part of the call in progress")
	}
	bus.Publish(t.Context(), property.Event{})
	if late != 1 {
		t.Fatalf("the new subscriber received %d calls, want 1", late)
	}
}

func TestPublishingWithoutSubscribersAllocatesNothing(t *testing.T) {
	bus := eventbus.New(noPanic(t))
	events := make([]property.Event, 1)
	if n := testing.AllocsPerRun(100, func() { bus.Publish(t.Context(), events...) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPublish(b *testing.B) {
	for _, subscribers := range []int{0, 1, 4} {
		b.Run(fmt.Sprintf("subscribers=%d", subscribers), func(b *testing.B) {
			bus := eventbus.New(noPanic(b))
			received := 0
			for range subscribers {
				bus.Subscribe("counter", func(_ context.Context, events []property.Event) { received += len(events) })
			}
			events := make([]property.Event, 1)
			b.ReportAllocs()
			for b.Loop() {
				bus.Publish(b.Context(), events...)
			}
		})
	}
}
