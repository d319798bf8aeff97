package catalog

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// Source gives the records of an import one by one; io.EOF ends it. Any other error of Next is about the whole source and
// ends the import.
type Source interface {
	Next() (property.Record, error)
}

// Import says what to bring in, and how.
type Import struct {
	// Open begins a reading of the source. It is called twice, since a later record with the same reference supersedes an
	// earlier one wherever it stands, and both readings must give the same records.
	Open func() (Source, error)
	// DryRun reads and checks everything and stores nothing.
	DryRun bool
	// MaxReasons is how many rejected records the report gives the reasons of.
	MaxReasons int
	// Rejected is called for each record that cannot be imported. It may be nil.
	Rejected func(r property.Record, wrong []property.FieldError) error
	// Progress is called now and then with the report so far. It may be nil.
	Progress func(property.ImportReport)
}

// Import brings listings in, by reference: new ones are created, known ones updated in the fields that a record has.
// Batches are stored one after the other; an error leaves the batches before it stored, and importing again completes
// the work.
func (c *Catalog) Import(ctx context.Context, im Import) (property.ImportReport, error) {
	last, err := lastOfEachReference(ctx, im.Open)
	if err != nil {
		return property.ImportReport{}, err
	}
	source, err := im.Open()
	if err != nil {
		return property.ImportReport{}, err
	}
	run := importRun{catalog: c, Import: im, last: last}
	for index := 0; ; index++ {
		record, err := source.Next()
		if errors.Is(err, io.EOF) {
			return run.report, run.end(ctx)
		}
		if err != nil {
			return run.report, fmt.Errorf("read record %d: %w", index+1, err)
		}
		if ctx.Err() != nil {
			return run.report, context.Cause(ctx)
		}
		if err := run.take(ctx, index, record); err != nil {
			return run.report, err
		}
	}
}

// references finds the last record of each reference by a hash of 64 bits, so that a source of millions fits in memory.
type references struct {
	seed maphash.Seed
	last map[uint64]int
}

func (r *references) key(reference string) uint64 { return maphash.String(r.seed, reference) }

// lastOfEachReference reads the source once and remembers where each reference stands last. Records that will be rejected
// supersede nothing.
func lastOfEachReference(ctx context.Context, open func() (Source, error)) (*references, error) {
	source, err := open()
	if err != nil {
		return nil, err
	}
	refs := &references{seed: maphash.MakeSeed(), last: map[uint64]int{}}
	for index := 0; ; index++ {
		record, err := source.Next()
		switch {
		case errors.Is(err, io.EOF):
			return refs, nil
		case err != nil:
			return nil, fmt.Errorf("read record %d: %w", index+1, err)
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		}
		if d, fields := checked(record); fields == nil {
			refs.last[refs.key(d.Reference)] = index
		}
	}
}

// Checked is the record's details as an import would store them, or what is wrong with them.
func (c *Catalog) Checked(r property.Record) (property.Details, []property.FieldError) {
	r.Details = c.withCurrency(r.Details)
	return checked(r)
}

// checked is the record's details as they would be stored, or what is wrong with them.
func checked(r property.Record) (property.Details, []property.FieldError) {
	err := r.Err
	d := r.Details
	if err == nil {
		d, err = d.Checked()
	}
	var invalid *property.InvalidError
	switch {
	case errors.As(err, &invalid):
		return d, invalid.Fields
	case err != nil:
		return d, []property.FieldError{{Reason: err.Error()}}
	case d.Reference == "":
		return d, []property.FieldError{{Field: "reference", Reason: "is needed to import a listing"}}
	}
	return d, nil
}

// importRun is one import under way.
type importRun struct {
	Import
	catalog *Catalog
	last    *references
	batch   []ports.Incoming
	report  property.ImportReport
}

func (run *importRun) take(ctx context.Context, index int, r property.Record) error {
	run.report.Read++
	d, fields := run.catalog.Checked(r)
	switch {
	case fields != nil:
		return run.reject(r, fields)
	case run.last.last[run.last.key(d.Reference)] != index:
		run.report.Superseded++
		return nil
	}
	p, err := property.New(run.catalog.options.NewID(), d, run.catalog.options.Now())
	if err != nil {
		return err
	}
	run.batch = append(run.batch, ports.Incoming{Property: p, Absent: r.Absent})
	if len(run.batch) == ports.MaxBatch {
		return run.flush(ctx)
	}
	return nil
}

func (run *importRun) reject(r property.Record, wrong []property.FieldError) error {
	run.report.Rejected++
	if len(run.report.Reasons) < run.MaxReasons {
		run.report.Reasons = append(run.report.Reasons, property.Rejection{
			Line: r.Line, Reference: r.Details.Reference, Wrong: wrong,
		})
	}
	if run.Rejected == nil {
		return nil
	}
	return run.Rejected(r, wrong)
}

// flush stores the batch and tells what changed.
func (run *importRun) flush(ctx context.Context) error {
	if len(run.batch) > 0 && !run.DryRun {
		done, err := run.catalog.listings.Upsert(ctx, run.batch)
		if err != nil {
			return fmt.Errorf("store records up to %d: %w", run.report.Read, err)
		}
		run.catalog.publish(ctx, run.count(done)...)
	}
	run.batch = run.batch[:0]
	if run.Progress != nil {
		run.Progress(run.report)
	}
	return nil
}

// end stores the last batch. What was found unchanged may have been brought in by somebody else just now.
func (run *importRun) end(ctx context.Context) error {
	if err := run.flush(ctx); err != nil || run.report.Unchanged == 0 {
		return err
	}
	return run.catalog.catchUpBeforeReplay(ctx)
}

func (run *importRun) count(done []ports.Upserted) []property.Change {
	changes := make([]property.Change, 0, len(done))
	for _, u := range done {
		switch u.Change.Op {
		case property.OpInsert:
			run.report.Created++
		case property.OpUpdate:
			run.report.Updated++
		default:
			run.report.Unchanged++
			continue
		}
		changes = append(changes, u.Change)
	}
	return changes
}
