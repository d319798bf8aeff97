package property

import "time"

// Op is the kind of a change.
type Op string

// The operations. OpReset means that anything may have changed: a truncation, or a statement over too many rows to
// record one by one. It names no listing.
const (
	OpInsert Op = "insert"
	OpUpdate Op = "update"
	OpDelete Op = "delete"
	OpReset  Op = "reset"
)

// Change is one committed insert, update or delete of one listing, or a reset.
type Change struct {
	// Tx is the database transaction that made the change; 0 where the store has none.
	Tx uint64
	// Epoch is the history in which the transaction numbers of a process's own changes hold, as in freshness.Point.
	// Stores that can crash without the process set it, to any other text when the history is not known.
	Epoch string
	Op    Op
	ID    ID
	// Version is the listing's version after the change; for a delete, one more than the last version it had.
	Version int64
	// Before is nil for an insert and a reset. It may lack the fields that no search filters or sorts on (photos).
	Before *Property
	// BeforeTx is the transaction that wrote Before, or a later one. Stores with other writers set it on a
	// process's own updates and deletes. A ledger that has not received that transaction may not know Before.
	BeforeTx uint64
	// After is nil for a delete and a reset, complete otherwise.
	After *Property
	// At is the time of the change by the database's clock.
	At time.Time
	// Actor is the author of the change, as named by the writer or the database; "" when unknown. Only a listing's
	// history has it: it is "" in published changes.
	Actor string
}

// Event is a committed change as the event bus delivers it.
type Event struct {
	Change Change
	// Origin is how the process learned of the change.
	Origin Origin
}

// Origin is the way by which a change became known to this process.
type Origin int8

// The origins. OriginSelf marks the process's own write, published by the use case right after its commit. OriginFeed
// marks a change from the database's change feed, which delivers the process's own writes a second time.
const (
	OriginSelf Origin = iota
	OriginFeed
)

// Inserted is the change that created the listing.
func Inserted(tx uint64, after Property) Change {
	return Change{Tx: tx, Op: OpInsert, ID: after.ID, Version: after.Version, After: &after, At: after.UpdatedAt}
}

// Updated is the change from one state of a listing to the next.
func Updated(tx uint64, before, after Property) Change {
	return Change{
		Tx: tx, Op: OpUpdate, ID: after.ID, Version: after.Version, Before: &before, After: &after, At: after.UpdatedAt,
	}
}

// Deleted is the change that deleted the listing.
func Deleted(tx uint64, before Property, at time.Time) Change {
	return Change{Tx: tx, Op: OpDelete, ID: before.ID, Version: before.Version + 1, Before: &before, At: at}
}
