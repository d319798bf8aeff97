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
	importWays
	Path     string `arg:"" optional:"" name:"file" help:"File to read, or - for standard input."`
	Mapping  string `placeholder:"NAME|FILE" help:"Built-in mapping (${mappings}) or a mapping file (default: gable)."`
	Format   string `enum:"auto,csv,ndjson,reso,xlsx" default:"auto" help:"Format of the file (${enum})."`
	Encoding string `enum:"auto,utf-8,utf-16,windows-1252,iso-8859-1" default:"auto" help:"Encoding of a text (${enum})."`
	Sheet    string `placeholder:"NAME" help:"Sheet of a workbook (default: the first visible one with rows)."`
	DryRun   bool   `help:"Read the whole file and print what an import would do, without storing anything."`
	Rejects  string `placeholder:"FILE" help:"New file for rejected rows (default: beside the imported one)."`

	importScope
}

// Help is shown by --help.
func (importCmd) Help() string {
	return `Imports listings by reference: new ones are created, known ones updated; importing a file twice changes
nothing. A column that the file lacks leaves the field of a known listing as it is; an empty cell clears it.

The file is CSV, NDJSON, RESO JSON or .xlsx, found by its content, also compressed with gzip or alone in a zip. Columns
are named like the members of the JSON, unless --mapping says otherwise. An encoding other than UTF-8 is detected, and
the command says which.

Unclear values are never guessed. Rows that cannot be imported are written to a rejects file with their reasons, to be
corrected and imported again; the exit code is then 3. Existing files are never overwritten.

The cells of CSV are separated by commas, semicolons, tabs or pipes, whichever the header has most. Numbers of a
workbook are read as they are stored, without their format.

With --restore the file is one of gable export, and each listing comes back with its id, version and times, with a
reference or without one. A listing whose id is stored already is left alone; it is rejected if it differs.

With --source, the file is a feed: each row belongs to that source, and listings of other sources are left alone.
With --complete as well, the listings of the source that the file lacks are withdrawn. If these are more than a tenth
of its active and pending listings, nothing is stored, unless --withdraw-up-to allows more.

Running servers can continue: their caches see the changes.

Examples:

	gable import kc_house_data.csv --mapping king-county
	gable import listings.xlsx --sheet Homes
	zcat listings.csv.gz | gable import - --rejects rejected.csv
	gable import listings.ndjson --dry-run --database-url postgres://gable@localhost/gable
	gable import listings.ndjson --restore
	gable import mls-a.csv --source mls-a --complete
	gable import --from-django postgres://django@localhost/old`
}

// Validate is called by kong before the command runs.
func (c *importCmd) Validate() error { return c.check() }

// Run imports one file.
func (c *importCmd) Run(ctx context.Context, p *Process) error {
	if way := c.way(); way != nil {
		return way(ctx, p)
	}
	run := func(s *server.Store, im catalog.Import) (property.ImportReport, error) {
		return s.Catalog.Import(actingAs(ctx, "command import"), c.apply(im))
	}
	return c.importFile(ctx, p, listingfile.Options{}, run)
}

// importFile opens the file and the database, runs the import, and prints its report.
func (c *importCmd) importFile(
	ctx context.Context, p *Process, base listingfile.Options,
	run func(*server.Store, catalog.Import) (property.ImportReport, error),
) error {
	options, err := c.options(base)
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
	rejects, err := makeRejects(c.Rejects, c.Path, in.IsCopy(), reading.Reader)
	if err != nil {
		return c.failed(err)
	}
	im := catalog.Import{Open: in.Source}
	fraction := func(property.ImportReport) float64 { return in.Fraction() }
	report, err := c.report(p, rejects, im, fraction, func(im catalog.Import) (property.ImportReport, error) {
		report, err := run(s, im)
		report.NextPage = in.NextPage()
		return report, err
	})
	if report.Read > 0 {
		adviseRestore(p.Out, in.Ignored(), report)
	}
	return c.ended(report, err)
}

// report runs an import with progress and a file of rejected rows, and prints its report.
func (c *importCmd) report(
	p *Process, rejects *rejectsFile, im catalog.Import, fraction func(property.ImportReport) float64,
	run func(catalog.Import) (property.ImportReport, error),
) (property.ImportReport, error) {
	shown := newProgress(p.Err, server.IsTerminal(p.Err), "rows", time.Now)
	began := time.Now()
	im.DryRun, im.MaxReasons, im.Rejected = c.DryRun, transfer.MaxShown, rejects.add
	im.Progress = func(r property.ImportReport) { shown.Update(int64(r.Read), fraction(r)) }
	report, err := run(im)
	if closeErr := rejects.close(); err == nil {
		err = closeErr
	}
	if err == nil || report.Read > 0 {
		shown.Done()
		printReport(p.Out, report, rejects, time.Since(began), c.DryRun, err != nil)
	}
	return report, err
}

// ended returns the error of the command after its report.
func (c *importCmd) ended(report property.ImportReport, err error) error {
	switch {
	case err != nil:
		return c.failed(explained(err))
	case report.Rejected > 0:
		return errRejected
	}
	return nil
}

func (c *importCmd) failed(err error) error {
	verb, name := "import", c.Path
	switch {
	case c.Django != "":
		name = "--from-django"
	case name == transfer.StandardInput:
		name = "standard input"
	}
	if c.Restore {
		verb = "restore"
	}
	return fmt.Errorf("%s %s: %w", verb, name, err)
}

// options adds the flags to the options of a file.
func (c *importCmd) options(o listingfile.Options) (listingfile.Options, error) {
	o.Sheet = c.Sheet
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
