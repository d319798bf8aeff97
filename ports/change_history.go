package ports

import (
	"context"

	"github.com/gable-listings/gable/domain/property"
)

// ChangeHistory returns the changes of one listing, with their actors. All methods are safe for concurrent use,
// return within the context's deadline with an error that wraps its cause, and report an outage as ErrUnavailable.
//
// It has no more than the change feed stores: pruned changes are gone from every history. It is for staff and not
// for the public, since it names people.
type ChangeHistory interface {
	// History returns the changes of the listing by all writers, newest first, at most limit of them (at least 1).
	// Before is the Next of the page with the newer ones, and 0 for the first page. A listing that was deleted, or
	// deleted and created again, has a history, too.
	//
	// Each change has its Actor: the writer's name (WithActor), else the database's own record, else "". A write
	// without an actor never gets the actor of an earlier write.
	//
	// Resets name no listing; a history includes those that may have touched this one: all stored resets except
	// those from before the listing's creation. So a listing without a stored change, or one that never existed,
	// has a history of resets, or an empty one.
	History(ctx context.Context, id property.ID, before int64, limit int) (HistoryPage, error)
}

// HistoryPage is a page of a listing's history.
type HistoryPage struct {
	Changes []property.Change // newest first
	Next    int64             // the before of the page with the older ones; 0 when there are none
}
