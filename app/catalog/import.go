package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// Source returns the records of an import one by one; io.EOF ends it. Any other error of Next concerns the whole
// source and ends the import. A source that leaves records out says how many in a method Skipped() int.
type Source interface {
	Next() (property.Record, error)
}

// Import describes the source and the options of an import.
type Import struct {
	// Open opens the source. Import calls it twice, because a later record replaces an earlier one with the same
	// reference, wherever it stands. Both times the records must be the same.
	Open func() (Source, error)
	// DryRun reads and checks all records, compares them with the stored listings and stores nothing.
	DryRun bool
	// Replace clears the fields that a record lacks.
	Replace bool
	// Source is the source of all listings, in place of their own. Listings of other sources are left alone.
	Source string
	// Complete means that the records are all listings of the source: its other live listings are withdrawn.
	Complete bool
	// WithdrawUpTo is the share of the live listings that Complete may withdraw, 0 to 1. More end the import before it
	// stores anything, with a *property.TooManyMissingError.
	WithdrawUpTo float64
	// MaxReasons bounds how many rejected records the report lists with reasons, and how many with notes.
	MaxReasons int
	// Rejected is called for each record that cannot be imported. It may be nil.
	Rejected func(r property.Record, wrong []property.FieldError) error
	// Progress is called now and then with the report so far. It may be nil.
	Progress func(property.ImportReport)
	// Step is called during long work without records. It may be nil.
	Step func()
}

// WithdrawUpTo is the usual share of the live listings that an import of a complete source may withdraw.
const WithdrawUpTo = 0.1

// Import creates or updates listings by reference. Known listings change only in the fields that a record has.
// Batches are stored one after the other; an error leaves the batches before it stored, and importing again completes
// the work. Two imports of one source at once do no harm: each listing ends as one of the two says.
func (c *Catalog) Import(ctx context.Context, im Import) (property.ImportReport, error) {
	run := importRun{catalog: c, Import: im}
	if err := run.check(); err != nil {
		return property.ImportReport{}, err
	}
	if err := run.readReferences(ctx); err != nil {
		return property.ImportReport{}, err
	}
	err := run.findMissing(ctx)
	if err == nil {
		err = run.each(ctx, func(index int, r property.Record) error { return run.take(ctx, index, r) })
	}
	if err == nil {
		err = run.end(ctx)
	}
	return run.report.ImportReport, err
}

// Checked returns the record's details as an import would store them, and what is wrong with them. The reference of a
// record with an error is in its stored form, too: a feed compares it with those of stored listings.
func (c *Catalog) Checked(r property.Record) (property.Details, []property.FieldError) {
	d, err := c.withCurrency(r.Details).Checked()
	if r.Err != nil {
		err = r.Err
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
	seen    *references
	missing *missing // nil unless the source is complete
	records []property.Record
	batch   []ports.Incoming // of the records
	report  importReport
}

// check validates the options.
func (run *importRun) check() (err error) {
	switch {
	case run.Source != "":
		run.Source, err = property.CheckedSource(run.Source)
	case run.Complete:
		err = property.Invalid("complete", "needs a source")
	}
	if err == nil && run.Complete && !(run.WithdrawUpTo >= 0 && run.WithdrawUpTo <= 1) {
		err = property.Invalid("withdraw_up_to", "must be from 0 to 1")
	}
	return err
}

// each calls visit for every record of the source, as the options change it.
func (run *importRun) each(ctx context.Context, visit func(index int, r property.Record) error) error {
	source, err := run.Open()
	if err != nil {
		return err
	}
	for index := 0; ; index++ {
		record, err := source.Next()
		switch {
		case errors.Is(err, io.EOF):
			if s, ok := source.(interface{ Skipped() int }); ok {
				run.report.Skipped = s.Skipped()
			}
			return nil
		case err != nil:
			return fmt.Errorf("read record %d: %w", index+1, err)
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		if err := visit(index, run.adjusted(record)); err != nil {
			return err
		}
	}
}

// adjusted applies Source and Replace to a record.
func (run *importRun) adjusted(r property.Record) property.Record {
	if run.Replace {
		r.Absent = 0
	}
	if run.Source != "" {
		r.Details.Source, r.Absent = run.Source, r.Absent.Without(property.SourceField)
	}
	return r
}

func (run *importRun) readReferences(ctx context.Context) error {
	run.seen = newReferences()
	return run.each(ctx, func(index int, r property.Record) error {
		d, wrong := run.catalog.Checked(r)
		run.seen.add(d.Reference, index, wrong != nil)
		return nil
	})
}

// findMissing finds the listings to withdraw, before anything is stored.
func (run *importRun) findMissing(ctx context.Context) error {
	if !run.Complete {
		return nil
	}
	if len(run.seen.index) == 0 {
		return property.ErrEmptySource
	}
	run.missing = &missing{
		Withdrawal: property.Withdrawal{Source: run.Source, Unreadable: run.seen.unreadable},
		catalog:    run.catalog, seen: run.seen, step: run.step,
	}
	run.report.Withdrawal = &run.missing.Withdrawal
	if err := run.missing.find(ctx); err != nil {
		return err
	}
	w := run.report.Withdrawal
	w.TooMany = w.Exceeds(run.WithdrawUpTo)
	if w.TooMany && !run.DryRun {
		return &property.TooManyMissingError{Withdrawal: *w, UpTo: run.WithdrawUpTo}
	}
	return nil
}

func (run *importRun) step() {
	if run.Step != nil {
		run.Step()
	}
}

func (run *importRun) take(ctx context.Context, index int, r property.Record) error {
	run.report.Read++
	d, fields := run.catalog.Checked(r)
	switch {
	case fields != nil:
		return run.reject(&run.report.ImportReport, r, fields)
	case run.seen.last(d.Reference) != index:
		run.report.supersede(r.Line, d)
		return nil
	}
	run.report.supersedeBy(r.Line, &d)
	p, err := property.New(run.catalog.options.NewID(), d, run.catalog.options.Now())
	if err != nil {
		return err
	}
	run.note(r, d.Reference)
	if at := r.State.CreatedAt; !at.IsZero() {
		p.CreatedAt, p.UpdatedAt = at, at
	}
	run.records = append(run.records, r)
	run.batch = append(run.batch, ports.Incoming{
		Property: p, Absent: r.Absent, Claimed: run.Source != "", Offered: run.Complete,
	})
	if len(run.batch) == ports.MaxBatch {
		return run.flush(ctx)
	}
	return nil
}

// reject counts a record that cannot be imported, and reports the reasons.
func (im *Import) reject(report *property.ImportReport, r property.Record, wrong []property.FieldError) error {
	report.Rejected++
	if len(report.Reasons) < im.MaxReasons {
		report.Reasons = append(report.Reasons, property.Rejection{
			Line: r.Line, Reference: beginning(r.Details.Reference), Title: beginning(r.Details.Title), Wrong: wrong,
		})
	}
	if im.Rejected == nil {
		return nil
	}
	return im.Rejected(r, wrong)
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

// flush stores the batch and publishes its changes; in a dry run it compares the batch with the stored listings.
func (run *importRun) flush(ctx context.Context) error {
	if len(run.batch) > 0 {
		if err := run.store(ctx); err != nil {
			return err
		}
	}
	run.batch, run.records = run.batch[:0], run.records[:0]
	run.progress()
	return nil
}

func (run *importRun) progress() {
	if run.Progress != nil {
		run.Progress(run.report.ImportReport)
	}
}

func (run *importRun) store(ctx context.Context) error {
	if run.DryRun {
		compared, err := run.catalog.listings.Compare(ctx, run.batch)
		if err != nil {
			return fmt.Errorf("compare records up to %d: %w", run.report.Read, err)
		}
		_, err = run.account(compared)
		return err
	}
	done, err := run.catalog.listings.Upsert(ctx, run.batch)
	if err != nil {
		return fmt.Errorf("store records up to %d: %w", run.report.Read, err)
	}
	changes, err := run.account(done)
	run.catalog.publish(ctx, changes...)
	return err
}

// end stores the last batch and withdraws what is missing. It catches up when a record was unchanged, because another
// process may have stored it just now.
func (run *importRun) end(ctx context.Context) error {
	if err := run.flush(ctx); err != nil {
		return err
	}
	if err := run.withdraw(ctx); err != nil || run.report.Unchanged == 0 || run.DryRun {
		return err
	}
	return run.catalog.catchUpBeforeReplay(ctx)
}

func (run *importRun) withdraw(ctx context.Context) error {
	switch {
	case run.missing == nil || run.missing.TooMany:
		return nil
	case run.DryRun:
		run.missing.Withdrawn = run.missing.Missing
		return nil
	}
	return run.missing.withdraw(ctx, run.progress)
}

// account enters the results of the batch into the report, and returns the changes. Records of listings that belong to
// another source are rejected.
func (run *importRun) account(done []ports.Upserted) (changes []property.Change, err error) {
	for i := range done {
		u, r := &done[i], &run.records[i]
		if u.Foreign != "" {
			rejected := run.reject(&run.report.ImportReport, *r, []property.FieldError{{
				Field: "reference", Reason: fmt.Sprintf("belongs to a listing of the source %q", u.Foreign),
			}})
			if err == nil {
				err = rejected
			}
			continue
		}
		if run.DryRun {
			run.report.sample(r.Line, u.Change.After.Details)
		}
		if run.report.count(r.Line, &u.Change); u.Change.Op != "" {
			changes = append(changes, u.Change)
		}
	}
	return changes, err
}
