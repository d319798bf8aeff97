package follow

import (
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// Deliver appends events to the ledger, all of one publication at once, so that no reader sees half of a transaction.
func Deliver(ledger *freshness.Ledger, events []property.Event) {
	changes := make([]property.Change, len(events))
	for i := range events {
		changes[i] = events[i].Change
	}
	if len(events) > 0 && events[0].Origin == property.OriginSelf {
		if ledger.Announce(changes...) {
			ledger.RequirePollAfter(time.Now())
		}
		return
	}
	ledger.Append(changes...)
}
