package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/server"
	"github.com/gable-listings/gable/app/transfer"
	"github.com/gable-listings/gable/domain/property"
)

type importCmd struct {
	config.Flags
	Path     string `arg:"" name:"file" help:"CSV, NDJSON, RESO JSON or .xlsx, also compressed with gzip or alone in a zip; - is standard input."`
	Mapping  string `placeholder:"NAME|FILE" help:"Built-in mapping (${mappings}) or a mapping file; without it, columns are named like the JSON members."`
	Format   string `enum:"auto,csv,ndjson,reso,xlsx" default:"auto" help:"Format of the file (${enum}); auto detects it."`
	Encoding string `enum:"auto,utf-8,utf-16,windows-1252,iso-8859-1" default:"auto" help:"Encoding of a text (${enum}); auto detects it and says when it is not UTF-8."`
	Sheet    string `placeholder:"NAME" help:"Sheet of a workbook (default: the first one that is visible and has rows)."`
	DryRun   bool   `help:"Check the whole file without storing anything."`
	Rejects  string `placeholder:"FILE" help:"New file for rows that cannot be imported (default: beside the imported one; for standard input, import.rejects.csv or .json here)."`
}

// Help is shown by --help.
func (importCmd) Help() string {
	return `Imports listings by reference: new ones are created, known ones updated; importing a file twice changes
nothing. A column that the file lacks leaves the field of a known listing as it is; an empty cell clears it.

Unclear values are never guessed. Rows that cannot be imported are written to a rejects file with their reasons, to be
corrected and imported again; the exit code is then 3. Existing files are never overwritten.

The cells of CSV are separated by commas, semicolons, tabs or pipes, whichever the header has most. Numbers of a
workbook are read as they are stored, without their format.

Running servers can continue: their caches see the changes.

Examples:

	gable import kc_house_data.csv --mapping king-county
	gable import listings.xlsx --sheet Homes
	zcat listings.csv.gz | gable import - --rejects rejected.csv
	gable import listings.ndjson --dry-run --database-url postgres://gable@localhost/gable`
}

// Run imports one file.
func (c *importCmd) Run(ctx context.Context, p *Process) error {
	options, err := c.options()
	if err != nil {
		return err
	}
	in, err := transfer.OpenInput(ctx, c.Path, p.In, options)
	if err != nil {
		return c.failed(err)
	}
	defer in.Close()
	reading, err := in.Open() // for its format and header
	if err != nil {
		return c.failed(err)
	}
	for _, note := range in.Info().Notes {
		fmt.Fprintln(p.Err, note)
	}
	s, err := openConfigured(ctx, p, &c.Flags)
	if err != nil {
		return err
	}
	defer s.Close()
	rejects, err := makeRejects(c.Rejects, c.Path, in, reading)
	if err != nil {
		return c.failed(err)
	}
	shown := newProgress(p.Err, server.IsTerminal(p.Err), "rows", time.Now)
	began := time.Now()
	report, err := s.Catalog.Import(actingAs(ctx, "command import"), catalog.Import{
		Open:   in.Source,
		DryRun: c.DryRun, MaxReasons: transfer.MaxShown,
		Rejected: rejects.add,
		Progress: func(r property.ImportReport) { shown.Update(int64(r.Read), in.Fraction()) },
	})
	if closeErr := rejects.close(); err == nil {
		err = closeErr
	}
	if err == nil || report.Read > 0 {
		shown.Done()
		printReport(p.Out, report, rejects, time.Since(began), c.DryRun, err != nil)
	}
	switch {
	case err != nil:
		return c.failed(err)
	case report.Rejected > 0:
		return errRejected
	}
	return nil
}

func (c *importCmd) failed(err error) error {
	name := c.Path
	if name == transfer.StandardInput {
		name = "standard input"
	}
	return fmt.Errorf("import %s: %w", name, err)
}

func (c *importCmd) options() (listingfile.Options, error) {
	o := listingfile.Options{Sheet: c.Sheet}
	if c.Format != "auto" {
		o.Format = listingfile.Format(c.Format)
	}
	if c.Encoding != "auto" {
		o.Encoding = listingfile.Encoding(c.Encoding)
	}
	if c.Mapping == "" {
		return o, nil
	}
	m, err := listingfile.BuiltinMapping(c.Mapping)
	if errors.Is(err, listingfile.ErrNoMapping) {
		m, err = listingfile.ReadMapping(c.Mapping)
		if errors.Is(err, os.ErrNotExist) {
			return o, fmt.Errorf("unknown mapping %q, built in (%s) or as a file",
				c.Mapping, strings.Join(listingfile.Mappings(), ", "))
		}
	}
	o.Mapping = m
	return o, err
}
