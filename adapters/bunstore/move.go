package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// The reasons why a database cannot be moved.
var (
	// ErrNotEmpty says that the database to move into has something in it.
	ErrNotEmpty = errors.New("the database to move into is not empty")
	// ErrMovedOn says that something was written to the source while it was copied.
	ErrMovedOn = errors.New("the source was written to while it was copied: stop every process that writes to it, " +
		"and move again")
	// ErrOtherProgram says that a database has the schema of a newer program, and so perhaps what this one does not know.
	ErrOtherProgram = errors.New("its schema is newer than this program: move it with the newer program")
)

// moveDialect is how each database is read and written as a whole.
type moveDialect interface {
	// wholePool returns a pool to read from, whose statements have no time limit. A transaction with the options sees one
	// state of the database.
	wholePool(db *DB) (pool *bun.DB, done func() error, options *sql.TxOptions, err error)
	// beginMove lets the transaction store rows as they are: no trigger fires, and changes retain their seq.
	beginMove(ctx context.Context, tx bun.IDB) error
	// endMove puts back what beginMove has switched off. The next change gets a seq above last; those up to pruned are
	// gone, if it is not 0.
	endMove(ctx context.Context, tx bun.IDB, last, pruned int64) error
}

// Moved is what a move has copied of one table.
type Moved struct {
	What string // what the rows are, such as "listings"
	Rows int64
	// Digest is the same for the same rows in any order, in either kind of database.
	Digest Digest
}

// MoveStage is a part of a move.
type MoveStage string

// The stages of a move, in their order.
const (
	MoveCopies MoveStage = "copied"
	MoveChecks MoveStage = "checked" // every row again, on both sides
)

// Move copies a database into another one, which may be of the other kind. It migrates that one, which must be empty.
// Copied are listings, their histories, accounts with second factors and known browsers, API keys and idempotency keys,
// each row as it is. Sessions and the keys that sign cached answers are not: people sign in again, and caches start
// empty.
//
// Everything is copied in one transaction, which is committed when a second look at both sides has found the same
// rows. After an error the database to move into has an empty schema. Errors: ErrNotEmpty, ErrMovedOn,
// ErrOtherProgram, ErrSchemaOlder, ErrUnavailable.
func Move(ctx context.Context, from, to *DB, progress func(stage MoveStage, done, total int64)) ([]Moved, error) {
	m := move{progress: progress}
	if err := m.prepare(ctx, from, to); err != nil {
		return nil, err
	}
	err := from.whole(ctx, func(source snapshot) error { return m.count(ctx, source) })
	if err != nil {
		return nil, fmt.Errorf("read the source: %w", err)
	}
	pool, done, err := to.dialect.migrationPool(to)
	if err != nil {
		return nil, err
	}
	err = pool.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error { return m.run(ctx, from, to, pool, tx) })
	if err := errors.Join(err, done()); err != nil {
		return nil, to.explain(ctx, "move the database", err)
	}
	_, _, err = to.Feed().Head(ctx, 0) // it checks that every change is recorded
	return m.moved, err
}

// move is a move in progress.
type move struct {
	progress    func(stage MoveStage, done, total int64)
	done, total int64
	moved       []Moved
}

// prepare checks both databases, and migrates the one to move into.
func (m *move) prepare(ctx context.Context, from, to *DB) error {
	s, err := from.Schema(ctx)
	if err == nil {
		err = s.Check()
	}
	if err == nil && s.Newer() != "" {
		err = ErrOtherProgram
	}
	if err != nil {
		return fmt.Errorf("read the source: %w", err)
	}
	if err := to.checkEmpty(ctx, to.read); err != nil {
		return err
	}
	if _, err := to.Migrate(ctx); err != nil {
		return err
	}
	if s, err = to.Schema(ctx); err == nil && s.Newer() != "" {
		err = ErrOtherProgram
	}
	if err != nil {
		return fmt.Errorf("read the database to move into: %w", err)
	}
	return nil
}

// checkEmpty returns ErrNotEmpty with what the database has. A table that does not exist is empty.
func (db *DB) checkEmpty(ctx context.Context, in bun.IDB) error {
	var found []string
	for _, table := range movedTables {
		count, err := table.count(ctx, in)
		switch {
		case db.dialect.missingTable(err):
		case err != nil:
			return db.explain(ctx, "look into the database to move into", err)
		case count > 0:
			found = append(found, fmt.Sprintf("%d %s", count, table.what))
		}
	}
	if len(found) > 0 {
		return fmt.Errorf("%w: it has %s", ErrNotEmpty, strings.Join(found, ", "))
	}
	return nil
}

// snapshot is one state of a database. The pool only scans the rows.
type snapshot struct {
	tx   bun.IDB
	pool *bun.DB
}

// whole runs steps that see one state of the database.
func (db *DB) whole(ctx context.Context, steps func(snapshot) error) error {
	pool, done, options, err := db.dialect.wholePool(db)
	if err != nil {
		return err
	}
	err = pool.RunInTx(ctx, options, func(_ context.Context, tx bun.Tx) error { return steps(snapshot{tx, pool}) })
	return db.explain(ctx, "read the database", errors.Join(err, done()))
}

func (m *move) count(ctx context.Context, source snapshot) error {
	for _, table := range movedTables {
		count, err := table.count(ctx, source.tx)
		if err != nil {
			return err
		}
		m.total += count
	}
	return nil
}

// run copies and checks everything in the transaction.
func (m *move) run(ctx context.Context, from, to *DB, pool *bun.DB, tx bun.Tx) error {
	if err := to.checkEmpty(ctx, tx); err != nil {
		return err
	}
	if err := to.dialect.beginMove(ctx, tx); err != nil {
		return err
	}
	var last, pruned int64
	err := from.whole(ctx, func(source snapshot) (err error) {
		if last, pruned, err = feedEnds(ctx, source.tx); err == nil {
			m.moved, err = m.each(MoveCopies, m.total, func(t *movedTable) (Moved, error) {
				return t.copy(ctx, source, tx, m.step(MoveCopies, m.total))
			})
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := to.dialect.endMove(ctx, tx, last, pruned); err != nil {
		return err
	}
	return m.check(ctx, from, snapshot{tx, pool}, last)
}

// feedEnds returns the seq of the last change made and of the last one removed; 0 for none.
func feedEnds(ctx context.Context, db bun.IDB) (last, pruned int64, err error) {
	err = db.NewRaw("SELECT coalesce((SELECT max(seq) FROM property_changes), 0),"+
		" coalesce((SELECT seq FROM feed_retention), 0)").Scan(ctx, &last, &pruned)
	return max(last, pruned), pruned, err
}

// check reads both sides again. The source must have the rows that were copied, and so must the copy.
func (m *move) check(ctx context.Context, from *DB, copied snapshot, last int64) error {
	total := 2 * m.total
	m.done = 0
	read := func(side snapshot) ([]Moved, error) {
		return m.each(MoveChecks, total, func(t *movedTable) (Moved, error) {
			return t.digest(ctx, side, m.step(MoveChecks, total))
		})
	}
	stored, err := read(copied)
	if err != nil {
		return fmt.Errorf("read the copy: %w", err)
	}
	for i := range m.moved {
		if stored[i] != m.moved[i] {
			return fmt.Errorf("the %s are not as in the source: %d and %d rows", m.moved[i].What, stored[i].Rows,
				m.moved[i].Rows)
		}
	}
	return from.whole(ctx, func(source snapshot) error {
		now, _, err := feedEnds(ctx, source.tx)
		if err != nil {
			return err
		}
		present, err := read(source)
		if err == nil && (now != last || !slices.Equal(present, m.moved)) {
			err = ErrMovedOn
		}
		return err
	})
}

// each does something with every table, in their order.
func (m *move) each(stage MoveStage, total int64, work func(*movedTable) (Moved, error)) ([]Moved, error) {
	var list []Moved
	for i := range movedTables {
		done, err := work(&movedTables[i])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", movedTables[i].what, err)
		}
		list = append(list, done)
	}
	m.progress(stage, m.done, total)
	return list, nil
}

// step counts a row.
func (m *move) step(stage MoveStage, total int64) func() {
	return func() {
		if m.done++; m.done%100 == 0 {
			m.progress(stage, m.done, total)
		}
	}
}
