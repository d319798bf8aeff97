package property

import "time"

// Op is what a change did.
type Op string

// The operations. OpReset stands for "anything may have changed": a truncation, or a statement over too many rows to
// tell one by one; it names no listing.
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
	// Epoch is told of a process's own changes, by stores that can crash without the process: the history in which their
	// transactions have these numbers, as freshness.Point has it, or any other text when that is not known.
	Epoch string
	Op    Op
	ID    ID
	// Version is the listing's version after the change; for a delete, one more than the last version it had.
	Version int64
	// Before is nil for an insert and a reset. It may lack the fields that no search filters or sorts on (photos).
	Before *Property
	// BeforeTx is told of a process's own updates and deletes, by stores that others write to as well: the transaction that
	// made the state before, or a later one. Whoever has not been told of that transaction may not know that state.
	BeforeTx uint64
	// After is nil for a delete and a reset, complete otherwise.
	After *Property
	// At is when the change was made, by the database's clock.
	At time.Time
	// Actor is who made the change, as they or the database say; "" when it is not known. Only a listing's history tells
	// it: it is "" in changes that are announced to everybody.
	Actor string
}

// Event tells the program's parts that a change is committed. It is what the event bus carries.
type Event struct {
	Change Change
	// Origin says how the process learned of it.
	Origin Origin
}

// Origin is the way by which a change became known to this process.
type Origin int8

// OriginSelf marks the process's own write, told by the use case right after its commit; OriginFeed marks a change that
// the database's change feed brought, which includes the process's own writes a second time.
const (
	OriginSelf Origin = iota
	OriginFeed
)

// Inserted is the change that brought the listing into being.
func Inserted(tx uint64, after Property) Change {
	return Change{Tx: tx, Op: OpInsert, ID: after.ID, Version: after.Version, After: &after, At: after.UpdatedAt}
}

// Updated is the change from one state of a listing to the next.
func Updated(tx uint64, before, after Property) Change {
	return Change{
		Tx: tx, Op: OpUpdate, ID: after.ID, Version: after.Version, Before: &before, After: &after, At: after.UpdatedAt,
	}
}

// Deleted is the change that removed the listing.
func Deleted(tx uint64, before Property, at time.Time) Change {
	return Change{Tx: tx, Op: OpDelete, ID: before.ID, Version: before.Version + 1, Before: &before, At: at}
}
