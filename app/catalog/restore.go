package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// RestoreReport counts the records of a restore. Created are the listings that came back.
type RestoreReport struct {
	property.ImportReport
	// Renumbered are those of them that have a later version than their records, because their ids had one in this
	// store before.
	Renumbered int
}

// Restore brings listings back with the ids, versions and times of their records, and never changes a stored listing.
// Batches are stored one after the other; an error leaves the batches before it stored, and restoring again completes
// the work.
func (c *Catalog) Restore(ctx context.Context, store ports.PropertyRestorer, im Import) (RestoreReport, error) {
	run := restoreRun{Import: im, catalog: c, store: store}
	source, err := im.Open()
	if err != nil {
		return RestoreReport{}, err
	}
	for {
		record, err := source.Next()
		switch {
		case errors.Is(err, io.EOF):
			err = run.flush(ctx)
			return run.report, err
		case err != nil:
			err = fmt.Errorf("read record %d: %w", run.report.Read+1, err)
		case ctx.Err() != nil:
			err = context.Cause(ctx)
		default:
			err = run.take(ctx, record)
		}
		if err != nil {
			return run.report, err
		}
	}
}

// restoreRun is one restore in progress.
type restoreRun struct {
	Import
	catalog  *Catalog
	store    ports.PropertyRestorer
	records  []property.Record // of the batch
	listings []property.Property
	report   RestoreReport
}

func (run *restoreRun) take(ctx context.Context, r property.Record) error {
	run.report.Read++
	p, err := r.Exact()
	var invalid *property.InvalidError
	switch {
	case errors.As(err, &invalid):
		return run.reject(&run.report.ImportReport, r, invalid.Fields)
	case err != nil:
		return run.reject(&run.report.ImportReport, r, []property.FieldError{{Reason: err.Error()}})
	}
	run.records, run.listings = append(run.records, r), append(run.listings, p)
	if len(run.listings) == ports.MaxBatch {
		return run.flush(ctx)
	}
	return nil
}

// flush stores the batch, rejects what was refused, and publishes the changes.
func (run *restoreRun) flush(ctx context.Context) error {
	store := run.store.Restore
	if run.DryRun {
		store = run.store.PreviewRestore
	}
	done, err := store(ctx, run.listings)
	if err != nil {
		return fmt.Errorf("restore records up to %d: %w", run.report.Read, err)
	}
	var changes []property.Change
	for i, d := range done {
		switch {
		case d.Refused != nil:
			wrong := []property.FieldError{whyRefused(d.Refused)}
			if err := run.reject(&run.report.ImportReport, run.records[i], wrong); err != nil {
				return err
			}
		case d.Change.Op == "":
			run.report.Unchanged++
		default:
			run.report.Created++
			changes = append(changes, d.Change)
			if d.Change.Version > run.listings[i].Version {
				run.report.Renumbered++
			}
		}
	}
	if !run.DryRun {
		run.catalog.publish(ctx, changes...)
	}
	run.records, run.listings = run.records[:0], run.listings[:0]
	if run.Progress != nil {
		run.Progress(run.report.ImportReport)
	}
	return nil
}

func whyRefused(err error) property.FieldError {
	if errors.Is(err, property.ErrReferenceTaken) {
		return property.FieldError{Field: "reference", Reason: "belongs to another listing"}
	}
	return property.FieldError{
		Field: "id", Reason: "belongs to a stored listing that differs, which a restore leaves alone",
	}
}
