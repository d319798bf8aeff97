package follow

import (
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// Deliver brings events to the ledger, all that came together at once: no reader may see half of what was committed
// together.
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
