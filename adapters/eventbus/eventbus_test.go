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

func TestBusKeepsThePortsPromises(t *testing.T) {
	porttest.EventPublisher(t, func(t *testing.T) porttest.Bus { return eventbus.New(noPanic(t)) })
}

func TestAPanickingSubscriberIsReportedAndTheOthersAreTold(t *testing.T) {
	var reports []string
	bus := eventbus.New(func(subscriber string, recovered any) {
		reports = append(reports, fmt.Sprint(subscriber, ": ", recovered))
	})
	told := 0
	count := func(context.Context, []property.Event) { told++ }
	bus.Subscribe("before", count)
	bus.Subscribe("broken", func(context.Context, []property.Event) { panic("oh no") })
	bus.Subscribe("after", count)
	for range 2 {
		bus.Publish(t.Context(), property.Event{})
	}
	if told != 4 {
		t.Errorf("two subscribers were told of two events %d times, not 4", told)
	}
	if want := []string{"broken: oh no", "broken: oh no"}; !slices.Equal(reports, want) {
		t.Errorf("reports are %q, not %q", reports, want)
	}
}

func TestASubscriberThatComesDuringACallHearsTheNext(t *testing.T) {
	bus := eventbus.New(noPanic(t))
	late, came := 0, false
	bus.Subscribe("host", func(context.Context, []property.Event) {
		if !came {
			came = true
			bus.Subscribe("guest", func(context.Context, []property.Event) { late++ })
		}
	})
	bus.Publish(t.Context(), property.Event{})
	if late != 0 {
		t.Fatal("the new subscriber heard part of the call that was under way")
	}
	bus.Publish(t.Context(), property.Event{})
	if late != 1 {
		t.Fatalf("the new subscriber heard %d calls, not 1", late)
	}
}

func TestPublishingToNobodyAllocatesNothing(t *testing.T) {
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
			heard := 0
			for range subscribers {
				bus.Subscribe("counter", func(_ context.Context, events []property.Event) { heard += len(events) })
			}
			events := make([]property.Event, 1)
			b.ReportAllocs()
			for b.Loop() {
				bus.Publish(b.Context(), events...)
			}
		})
	}
}
