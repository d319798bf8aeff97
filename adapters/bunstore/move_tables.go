package bunstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/uptrace/bun"
)

// movedTable is a table that a move copies.
type movedTable struct {
	name, what string // in the schema, and for people
	model      reflect.Type
	count      func(ctx context.Context, db bun.IDB) (int64, error)
	copy       func(ctx context.Context, from snapshot, to bun.IDB, step func()) (Moved, error)
	digest     func(ctx context.Context, in snapshot, step func()) (Moved, error)
}

// movedTables are the tables that a move copies: a table that refers to another one comes after it.
var movedTables = []movedTable{
	moved[accountRow]("accounts", "accounts"),
	moved[recoveryCodeRow]("recovery_codes", "recovery codes"),
	moved[browserRow]("known_browsers", "known browsers"),
	moved[keyRow]("api_keys", "API keys"),
	moved[movedIdempotencyKey]("idempotency_keys", "idempotency keys"),
	moved[movedChange]("property_changes", "changes"),
	moved[row]("properties", "listings"),
}

// notMovedTables are the other tables of the schema, each with what becomes of it.
var notMovedTables = map[string]string{
	"sessions":              "people sign in again",
	"signing_keys":          "caches start empty with new keys",
	"feed_retention":        "endMove sets it",
	migrationsTable:         "the migrations of the new database are its own",
	migrationLocksTable:     "a lock of a running migration",
	schemaTable:             "the migrations of the new database are its own",
	"gable_schema_triggers": "the triggers of the new database are its own",
}

// movedChange is a row of property_changes as it is stored. The transaction is that of the move. It has no pointers,
// because bun stores the default of a column for a nil pointer.
type movedChange struct {
	bun.BaseModel `bun:"table:property_changes,alias:c"`

	Seq        int64        `bun:"seq,pk"`
	Op         string       `bun:"op"`
	PropertyID null[string] `bun:"property_id"`
	Version    null[int]    `bun:"version"`
	Before     null[string] `bun:"before"`
	After      null[string] `bun:"after"`
	ChangedAt  instant      `bun:"changed_at"`
	Actor      null[string] `bun:"actor"`
}

// movedIdempotencyKey is a row of idempotency_keys with all its columns.
type movedIdempotencyKey struct {
	bun.BaseModel `bun:"table:idempotency_keys,alias:k"`

	Owner      string  `bun:"api_key_id,pk"`
	Key        string  `bun:"key,pk"`
	Request    string  `bun:"request_hash"`
	PropertyID uuid    `bun:"property_id"`
	Response   string  `bun:"response"`
	CreatedAt  instant `bun:"created_at"`
}

// Digest is the sum of the SHA-256 hashes of rows, without carries between bits.
type Digest [sha256.Size]byte

// String is the beginning of the digest, for people to compare.
func (d Digest) String() string { return hex.EncodeToString(d[:8]) }

// add adds a row in its JSON, which is the same in both kinds of database.
func (d *Digest) add(text []byte) {
	for i, b := range sha256.Sum256(text) {
		d[i] ^= b
	}
}

// The bounds of one statement that stores rows.
const (
	moveBatchRows  = 500
	moveBatchBytes = 4 << 20
)

// moved describes a table whose rows are those of T.
func moved[T any](name, what string) movedTable {
	return movedTable{
		name: name, what: what, model: reflect.TypeFor[T](),
		count: func(ctx context.Context, db bun.IDB) (int64, error) {
			return db.NewSelect().Model((*T)(nil)).Count(ctx)
		},
		copy: func(ctx context.Context, from snapshot, to bun.IDB, step func()) (Moved, error) {
			w := batchWriter[T]{to: to}
			done, err := eachRow(ctx, from, func(r *T, size int) error {
				step()
				return w.add(ctx, r, size)
			})
			if err == nil {
				err = w.flush(ctx)
			}
			done.What = what
			return done, err
		},
		digest: func(ctx context.Context, in snapshot, step func()) (Moved, error) {
			done, err := eachRow(ctx, in, func(*T, int) error {
				step()
				return nil
			})
			done.What = what
			return done, err
		},
	}
}

// eachRow reads all rows of a table, one at a time, with the sizes of their JSON.
func eachRow[T any](ctx context.Context, in snapshot, visit func(r *T, size int) error) (done Moved, err error) {
	rows, err := in.tx.NewSelect().Model((*T)(nil)).Rows(ctx)
	if err != nil {
		return done, err
	}
	defer func() { _ = rows.Close() }() // only read from
	for rows.Next() {
		var next T
		if err := in.pool.ScanRow(ctx, rows, &next); err != nil {
			return done, fmt.Errorf("after row %d: %w", done.Rows, err)
		}
		if listing, ok := any(&next).(*row); ok {
			listing.withoutMinusZero()
		}
		text, err := json.Marshal(next)
		if err != nil {
			return done, fmt.Errorf("after row %d: %w", done.Rows, err)
		}
		done.Rows++
		done.Digest.add(text)
		if err := visit(&next, len(text)); err != nil {
			return done, fmt.Errorf("near row %d: %w", done.Rows, err)
		}
	}
	return done, rows.Err()
}

// withoutMinusZero makes coordinates of -0, which hand-written SQL can store, 0, as they are read everywhere else.
func (r *row) withoutMinusZero() {
	r.Latitude.Optional.Value += 0
	r.Longitude.Optional.Value += 0
}

// batchWriter stores rows, several in a statement.
type batchWriter[T any] struct {
	to   bun.IDB
	rows []T
	size int
}

func (w *batchWriter[T]) add(ctx context.Context, r *T, size int) error {
	w.rows, w.size = append(w.rows, *r), w.size+size
	if len(w.rows) < moveBatchRows && w.size < moveBatchBytes {
		return nil
	}
	return w.flush(ctx)
}

func (w *batchWriter[T]) flush(ctx context.Context) error {
	if len(w.rows) == 0 {
		return nil
	}
	_, err := w.to.NewInsert().Model(&w.rows).Exec(ctx)
	w.rows, w.size = w.rows[:0], 0
	return err
}
