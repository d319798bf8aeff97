package catalog

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"strings"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// Source returns the records of an import one by one; io.EOF ends it. Any other error of Next concerns the whole
// source and ends the import.
type Source interface {
	Next() (property.Record, error)
}

// Import describes the source and the options of an import.
type Import struct {
	// Open opens the source. Import calls it twice, because a later record replaces an earlier one with the same
	// reference, wherever it stands. Both times the records must be the same.
	Open func() (Source, error)
	// DryRun reads and checks all records and stores nothing.
	DryRun bool
	// MaxReasons bounds how many rejected records the report lists with reasons, and how many with notes.
	MaxReasons int
	// Rejected is called for each record that cannot be imported. It may be nil.
	Rejected func(r property.Record, wrong []property.FieldError) error
	// Progress is called now and then with the report so far. It may be nil.
	Progress func(property.ImportReport)
}

// Import creates or updates listings by reference. Known listings change only in the fields that a record has.
// Batches are stored one after the other; an error leaves the batches before it stored, and importing again completes
// the work.
func (c *Catalog) Import(ctx context.Context, im Import) (property.ImportReport, error) {
	last, err := c.lastOfEachReference(ctx, im.Open)
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

// lastOfEachReference reads the source once and records the last index of each reference. Records that will be
// rejected supersede nothing.
func (c *Catalog) lastOfEachReference(ctx context.Context, open func() (Source, error)) (*references, error) {
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
		if d, fields := c.Checked(record); fields == nil {
			refs.last[refs.key(d.Reference)] = index
		}
	}
}

// Checked returns the record's details as an import would store them, or what is wrong with them.
func (c *Catalog) Checked(r property.Record) (property.Details, []property.FieldError) {
	d, err := c.withCurrency(r.Details), r.Err
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
		return d, []property.FieldError{{Field: "reference", Reason: "is required to import a listing"}}
	}
	return d, nil
}

// importRun is one import in progress.
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
	run.note(r, d.Reference)
	if at := r.State.CreatedAt; !at.IsZero() {
		p.CreatedAt, p.UpdatedAt = at, at
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
			Line: r.Line, Reference: beginning(r.Details.Reference), Title: beginning(r.Details.Title), Wrong: wrong,
		})
	}
	if run.Rejected == nil {
		return nil
	}
	return run.Rejected(r, wrong)
}

// note reports the notes of a record that is imported.
func (run *importRun) note(r property.Record, reference string) {
	if len(r.Notes) == 0 {
		return
	}
	run.report.Noted++
	if len(run.report.Notes) < run.MaxReasons {
		run.report.Notes = append(run.report.Notes, property.RecordNotes{
			Line: r.Line, Reference: reference, Notes: r.Notes,
		})
	}
}

// beginning returns a text of a rejected record for a report. Such a text may be as long as the record.
func beginning(text string) string {
	const most = 100
	text = strings.ToValidUTF8(text, "�")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// flush stores the batch and publishes its changes.
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

// end stores the last batch. It catches up when a record was unchanged, because another process may have stored it
// just now.
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
