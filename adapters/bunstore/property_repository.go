package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// PropertyRepository is a ports.PropertyRepository over a database whose schema is up to date.
type PropertyRepository struct{ db *DB }

var _ ports.PropertyRepository = (*PropertyRepository)(nil)

// Find is described at ports.PropertyRepository. It waits for a connection as long as a query may take, longer than a
// page does: one row is cheap, and while the feed is silent every read of a listing comes here.
func (r *PropertyRepository) Find(ctx context.Context, id property.ID) (property.Property, ports.ReadInfo, error) {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	var found row
	err := r.db.retryRead(ctx, func() (err error) {
		found, err = rowByID(ctx, r.db.read, id)
		return err
	})
	if err != nil {
		return property.Property{}, ports.ReadInfo{}, r.db.explain(ctx, "load property "+id.String(), err)
	}
	return found.property(), ports.ReadInfo{}, nil
}

// rowByID loads one listing. The error is property.ErrNotFound when the listing does not exist.
func rowByID(ctx context.Context, db bun.IDB, id property.ID) (row, error) {
	var found row
	err := db.NewSelect().Model(&found).Where("p.id = ?", uuid(id)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, property.ErrNotFound
	}
	return found, err
}

// Search is described at ports.PropertyRepository.
func (r *PropertyRepository) Search(ctx context.Context, s *property.Search) (*property.Page, ports.ReadInfo, error) {
	var page *property.Page
	err := r.db.lanes[s.Cost()].run(ctx, func(ctx context.Context, pool bun.IDB) (err error) {
		page, err = r.page(ctx, pool, s)
		return err
	})
	if err != nil {
		return nil, ports.ReadInfo{}, fmt.Errorf("search properties %q: %w", s, err)
	}
	return page, ports.ReadInfo{}, nil
}

// page reads rows until the page is full.
func (r *PropertyRepository) page(ctx context.Context, pool bun.IDB, s *property.Search) (*property.Page, error) {
	rows, err := searchQuery(pool.NewSelect().Model((*row)(nil)), r.db.dialect, s).Rows(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // only read from
	page := &property.Page{}
	var next row
	into := next.fields()
	for weight := 0; weight < property.PageBytes && rows.Next(); {
		next = row{} // shares no memory with the row before
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		page.Properties = append(page.Properties, property.Property{})
		p := &page.Properties[len(page.Properties)-1]
		next.fill(p)
		weight += p.Weight()
	}
	return page, rows.Err()
}

// Count is described at ports.PropertyRepository.
func (r *PropertyRepository) Count(ctx context.Context, f *property.Filter) (int64, ports.ReadInfo, error) {
	var count int64
	err := r.db.lanes[f.CountCost()].run(ctx, func(ctx context.Context, pool bun.IDB) error {
		q := pool.NewSelect().Model((*row)(nil)).ColumnExpr("count(*)")
		return (conditions{q, r.db.dialect, nil}).of(f).Scan(ctx, &count)
	})
	if err != nil {
		return 0, ports.ReadInfo{}, fmt.Errorf("count properties %q: %w", f, err)
	}
	return count, ports.ReadInfo{}, nil
}

// repositoryDialect is how each database writes one listing and returns the change.
type repositoryDialect interface {
	// writesInOneStatement reports whether the next three need no transaction around them.
	writesInOneStatement() bool
	// insert stores a new listing.
	insert(ctx context.Context, db bun.IDB, p property.Property) (property.Change, error)
	// update replaces the details of the listing at this very version. Errors: property.ErrNotFound, ErrVersionConflict.
	update(ctx context.Context, db bun.IDB, p property.Property) (property.Change, error)
	// delete deletes the listing at this very version, or at any version when 0. Errors as in update.
	delete(ctx context.Context, db bun.IDB, id property.ID, version int64) (property.Change, error)
	// writeAsActor runs steps that write listings in the transaction, and records the changes under the actor in the
	// context. The three methods above do so by themselves.
	writeAsActor(ctx context.Context, tx bun.IDB, write func() error) error
	// insertAtVersions stores new listings at their versions, or at later ones where their ids have had these already.
	insertAtVersions(ctx context.Context, tx bun.IDB, rows []row) error
	// lockRows makes a query lock the rows it finds until the transaction ends.
	lockRows(q *bun.SelectQuery) *bun.SelectQuery
	// writerSQL is an expression over a row p of properties: the transaction that wrote the row, for writerOf to read.
	writerSQL() string
	// writerOf is the transaction that writerSQL has found in the transaction tx, or a later one.
	writerOf(found, tx int64) uint64
	// stampsSQL reads, for a list of ids, the values that the database set in the listings written by this transaction.
	stampsSQL() string
	// epochOf is the epoch of a server with this start; "" where there is one epoch only.
	epochOf(started string) string
}

// Update is described at ports.PropertyRepository.
func (r *PropertyRepository) Update(ctx context.Context, p property.Property) (property.Change, error) {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	var change property.Change
	err := r.db.singly(ctx, func(ctx context.Context, tx bun.IDB) (err error) {
		change, err = r.db.dialect.update(ctx, tx, p)
		return err
	})
	if err != nil {
		return property.Change{}, r.db.explain(ctx, "update property "+p.ID.String(), r.db.domainError(err))
	}
	r.db.recordCommit(ctx, change.Tx)
	return change, nil
}

// Delete is described at ports.PropertyRepository.
func (r *PropertyRepository) Delete(ctx context.Context, id property.ID, version int64) (property.Change, error) {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	var change property.Change
	err := r.db.singly(ctx, func(ctx context.Context, tx bun.IDB) (err error) {
		change, err = r.db.dialect.delete(ctx, tx, id, version)
		return err
	})
	if err != nil {
		return property.Change{}, r.db.explain(ctx, "delete property "+id.String(), err)
	}
	r.db.recordCommit(ctx, change.Tx)
	return change, nil
}

// conflictReason returns the error of a write that found no listing at its version.
func conflictReason(ctx context.Context, db bun.IDB, id property.ID) error {
	exists, err := db.NewSelect().Model((*row)(nil)).Where("p.id = ?", uuid(id)).Exists(ctx)
	switch {
	case err != nil:
		return err
	case exists:
		return property.ErrVersionConflict
	}
	return property.ErrNotFound
}
