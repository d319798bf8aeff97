package eventbus_test

import (
	"context"
	"fmt"

	"github.com/gable-listings/gable/adapters/eventbus"
	"github.com/gable-listings/gable/domain/property"
)

// Subscribers receive each event in the order in which they subscribed, before Publish returns. One that panics is
// reported, and the next one still receives the event.
func Example() {
	bus := eventbus.New(func(subscriber string, recovered any) {
		fmt.Println(subscriber, "panicked:", recovered)
	})
	bus.Subscribe("metrics", func(context.Context, []property.Event) {
		panic("no such counter")
	})
	bus.Subscribe("ledger", func(_ context.Context, events []property.Event) {
		for _, e := range events {
			fmt.Println("ledger:", e.Change.Op, e.Change.After.Title)
		}
	})

	cabin := property.Property{Version: 1, Details: property.Details{Title: "Cabin by the lake"}}
	bus.Publish(context.Background(), property.Event{Change: property.Inserted(1, cabin)})
	fmt.Println("published")
	// Output:
	// metrics panicked: no such counter
	// ledger: insert Cabin by the lake
	// published
}
