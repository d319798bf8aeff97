package ports

import (
	"context"

	"github.com/gable-listings/gable/domain/property"
)

// ChangeHistory tells what has become of one listing, and who did it. All methods are safe for concurrent use, return
// within the context's deadline with an error that wraps its cause, and report an outage as ErrUnavailable.
//
// It knows no more than the change feed keeps: changes that have been pruned are gone from every history. What it tells is
// for those who look after the listings and not for everybody, since it names people.
type ChangeHistory interface {
	// History returns the changes of the listing, whoever made them, the newest first, at most limit of them (at least 1).
	// Before is the Next of the page with the newer ones, and 0 to begin with. A listing that has been deleted has a
	// history, too, and so has one that was created again.
	//
	// Each change has its Actor: the writer's name (WithActor), else the database's own idea, else "". A write that does
	// not say is never taken for the work of whoever wrote before it.
	//
	// Resets name no listing; a history has those that may have touched this one: all that are kept but those from before
	// the listing's birth. So a listing of which no change is kept, or that never was, has a history of resets, or none.
	History(ctx context.Context, id property.ID, before int64, limit int) (HistoryPage, error)
}

// HistoryPage is a stretch of a listing's history.
type HistoryPage struct {
	Changes []property.Change // the newest first
	Next    int64             // what to ask with for those before; 0 when there are none
}
