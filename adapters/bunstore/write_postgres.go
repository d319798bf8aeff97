package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// currentTx is the number of the transaction, and the start of the server since which such numbers are unique.
const currentTx = "pg_current_xact_id()::text::bigint AS tx, " + startedSQL + " AS started"

// epochOf is the epoch of a server since it was started, usually the one of the last poll of the feed. Before the
// feed has been polled since then the name of the epoch does not matter, only that it is another one.
func (d postgresDialect) epochOf(started string) string {
	if last := d.last.Load(); last != nil && last.started == started {
		return last.point.Epoch
	}
	return "since " + started
}

// xidOf is the number of the transaction that wrote a row, as the row holds it: the lower half only.
func xidOf(row string) string { return row + "xmin::text::bigint" }

// wholeXid is the transaction nearest to the present one that has these lower 32 bits. Half of all numbers are older
// and half are later: a later transaction is one that began after the present one and wrote the row before it.
func wholeXid(low, present int64) uint64 {
	distance := int32(uint32(low) - uint32(present)) //nolint:gosec // it is meant to wrap
	return uint64(max(1, present+int64(distance)))
}

// allColumns are the columns as SQL lists them.
var allColumns = strings.Join(columns, ", ")

// The statements that write one listing. The arguments $1 and on are those of row.values, and the last one is the
// actor.
var (
	insertSQL = "INSERT INTO properties (" + allColumns + ") VALUES (" + numbered(columns, 1, "$%[2]d") + ")" +
		" RETURNING " + allColumns + ", " + currentTx + ", " + actingAs(len(columns)+1)

	// updateSQL returns both images. The image before is from the statement's snapshot of the row. If the row has changed
	// since, its version differs from the one in the condition, and the statement updates no row.
	updateSQL = "UPDATE properties AS p SET " + numbered(detailColumns, 2, "%[1]s = $%[2]d") + " FROM properties AS o" +
		" WHERE p.id = $1 AND p.version = $" + strconv.Itoa(updateArgs) + " AND o.id = p.id AND o.version = p.version" +
		" RETURNING o." + strings.Join(columns, ", o.") + ", p." + strings.Join(columns, ", p.") + ", " + currentTx +
		", " + xidOf("o.") + ", " + actingAs(updateArgs+1)

	// deleteSQL takes the version 0 for any.
	deleteSQL = "DELETE FROM properties WHERE id = $1 AND $2::bigint IN (0, version)" +
		" RETURNING " + allColumns + ", " + currentTx + ", " + xidOf("") + ", clock_timestamp(), " + actingAs(3)
)

// actingAs sets the actor until the transaction ends; NULL leaves it to the database. The triggers that record a
// change run when its statement has returned all rows, and so read the actor set in RETURNING.
func actingAs(arg int) string { return "set_config('gable.actor', $" + strconv.Itoa(arg) + ", true)" }

// actorOrNull is the actor, as the last argument.
func actorOrNull(ctx context.Context) *string {
	if actor := ports.ActorFrom(ctx); actor != "" {
		return &actor
	}
	return nil
}

// updateArgs is how many of the values an update needs: all up to the version.
var updateArgs = 1 + slices.Index(columns, "version")

// numbered lists the columns in a format that has the column's name and the number of its argument.
func numbered(columns []string, first int, format string) string {
	items := make([]string, len(columns))
	for i, column := range columns {
		items[i] = fmt.Sprintf(format, column, first+i)
	}
	return strings.Join(items, ", ")
}

func (postgresDialect) writesInOneStatement() bool { return true }

func (d postgresDialect) insert(ctx context.Context, db bun.IDB, p property.Property) (property.Change, error) {
	written := rowOf(p)
	var stored row
	var tx int64
	var started string
	args := append(written.values(), actorOrNull(ctx))
	if err := queryRow(ctx, db, insertSQL, args, append(stored.fields(), &tx, &started, new(any))); err != nil {
		return property.Change{}, err
	}
	change := property.Inserted(uint64(tx), stored.property())
	change.Epoch = d.epochOf(started)
	return change, nil
}

func (d postgresDialect) update(ctx context.Context, db bun.IDB, p property.Property) (property.Change, error) {
	revised := rowOf(p)
	var before, after row
	var tx, beforeXid int64
	var started string
	args := slices.Concat(revised.values()[:updateArgs], []any{actorOrNull(ctx)})
	into := slices.Concat(before.fields(), after.fields(), []any{&tx, &started, &beforeXid, new(any)})
	err := queryRow(ctx, db, updateSQL, args, into)
	if errors.Is(err, sql.ErrNoRows) {
		return property.Change{}, conflictReason(ctx, db, p.ID)
	}
	if err != nil {
		return property.Change{}, err
	}
	change := property.Updated(uint64(tx), before.property(), after.property())
	change.BeforeTx, change.Epoch = wholeXid(beforeXid, tx), d.epochOf(started)
	return change, nil
}

func (d postgresDialect) delete(
	ctx context.Context, db bun.IDB, id property.ID, version int64,
) (property.Change, error) {
	var removed row
	var tx, beforeXid int64
	var started string
	var at time.Time
	args := []any{id.String(), version, actorOrNull(ctx)}
	err := queryRow(ctx, db, deleteSQL, args, append(removed.fields(), &tx, &started, &beforeXid, &at, new(any)))
	if errors.Is(err, sql.ErrNoRows) {
		return property.Change{}, conflictReason(ctx, db, id)
	}
	if err != nil {
		return property.Change{}, err
	}
	change := property.Deleted(uint64(tx), removed.property(), property.Instant(at))
	change.BeforeTx, change.Epoch = wholeXid(beforeXid, tx), d.epochOf(started)
	return change, nil
}

func (postgresDialect) writeAsActor(ctx context.Context, tx bun.IDB, write func() error) error {
	if actor := ports.ActorFrom(ctx); actor != "" {
		if _, err := tx.NewRaw("SELECT set_config('gable.actor', ?, true)", actor).Exec(ctx); err != nil {
			return err
		}
	}
	return write()
}

// insertAtVersions sets the mark by which the trigger accepts versions, until the transaction ends.
func (postgresDialect) insertAtVersions(ctx context.Context, tx bun.IDB, rows []row) error {
	if _, err := tx.ExecContext(ctx, "SET LOCAL gable.restore = 'on'"); err != nil {
		return err
	}
	_, err := tx.NewInsert().Model(&rows).Exec(ctx)
	return err
}

func (postgresDialect) lockRows(q *bun.SelectQuery) *bun.SelectQuery { return q.For("NO KEY UPDATE") }

func (postgresDialect) writerSQL() string { return xidOf("p.") }

func (postgresDialect) writerOf(found, tx int64) uint64 { return wholeXid(found, tx) }

func (postgresDialect) stampsSQL() string {
	return "SELECT id, version, created_at, updated_at, " + currentTx + " FROM properties WHERE id IN (?)"
}
