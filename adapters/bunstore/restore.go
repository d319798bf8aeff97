package bunstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

var _ ports.PropertyRestorer = (*PropertyRepository)(nil)

// Restore is described at ports.PropertyRestorer. When another process stores one of the ids or references
// meanwhile, it begins again and finds that listing.
func (r *PropertyRepository) Restore(ctx context.Context, batch []property.Property) ([]ports.Restored, error) {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	var err error
	for attempt := 1; ; attempt++ {
		run := restore{dialect: r.db.dialect, batch: batch}
		err = r.db.domainError(r.db.atomically(ctx, run.run))
		if err == nil {
			r.db.recordCommit(ctx, lastTx(run.stamps))
			return run.finished(), nil
		}
		raced := errors.Is(err, property.ErrReferenceTaken) || errors.Is(err, property.ErrVersionConflict)
		if !raced || attempt == attempts || ctx.Err() != nil {
			return nil, r.db.explain(ctx, fmt.Sprintf("restore %d properties", len(batch)), err)
		}
	}
}

// PreviewRestore is described at ports.PropertyRestorer.
func (r *PropertyRepository) PreviewRestore(ctx context.Context, batch []property.Property) ([]ports.Restored, error) {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	run := restore{dialect: r.db.dialect, batch: batch}
	err := r.db.retryRead(ctx, func() error { return run.judge(ctx, r.db.read) })
	if err != nil {
		return nil, r.db.explain(ctx, fmt.Sprintf("preview the restore of %d properties", len(batch)), err)
	}
	return run.result, nil
}

// restore is a batch that is being restored.
type restore struct {
	dialect dialect
	batch   []property.Property
	result  []ports.Restored
	stamps  map[uuid]stamp
}

func (r *restore) run(ctx context.Context, tx bun.IDB) error {
	if err := r.judge(ctx, tx); err != nil {
		return err
	}
	var rows []row
	var ids []uuid
	for i, p := range r.batch {
		if r.result[i].Change.Op == property.OpInsert {
			rows, ids = append(rows, rowOf(p)), append(ids, uuid(p.ID))
		}
	}
	if len(rows) == 0 {
		return nil
	}
	err := r.dialect.writeAsActor(ctx, tx, func() error { return r.dialect.insertAtVersions(ctx, tx, rows) })
	if err == nil {
		r.stamps, err = readStamps(ctx, tx, r.dialect, ids)
	}
	return err
}

// judge reads the stored listings with an id or a reference of the batch, and decides.
func (r *restore) judge(ctx context.Context, db bun.IDB) error {
	known := ports.NewRestoreCheck()
	var ids []uuid
	var references []string
	for _, p := range r.batch {
		ids = append(ids, uuid(p.ID))
		if p.Reference != "" {
			references = append(references, p.Reference)
		}
	}
	if len(ids) > ports.MaxBatch {
		ids, references = nil, nil // the check refuses the batch
	}
	for _, wanted := range []struct {
		column string
		values any
		count  int
	}{{"p.id", bun.List(ids), len(ids)}, {"p.reference", bun.List(references), len(references)}} {
		if wanted.count == 0 {
			continue
		}
		var rows []row
		err := db.NewSelect().Model(&rows).Where("? IN (?)", bun.Safe(wanted.column), wanted.values).Scan(ctx)
		if err != nil {
			return err
		}
		for i := range rows {
			stored := rows[i].property()
			known.Add(&stored)
		}
	}
	var err error
	r.result, err = known.Judge(r.batch)
	return err
}

// finished returns the results with the changes as the database has recorded them.
func (r *restore) finished() []ports.Restored {
	for i, p := range r.batch {
		if r.result[i].Change.Op != property.OpInsert {
			continue
		}
		s := r.stamps[uuid(p.ID)]
		p.Version, p.CreatedAt, p.UpdatedAt = s.Version, s.CreatedAt.time(), s.UpdatedAt.time()
		change := property.Inserted(uint64(s.Tx), p)
		change.Epoch = r.dialect.epochOf(s.Started)
		r.result[i].Change = change
	}
	return r.result
}
