package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	Path    string `arg:"" optional:"" name:"file" help:"CSV, NDJSON or RESO JSON, also compressed with gzip."`
	Mapping string `placeholder:"NAME|FILE" help:"Built-in mapping (${mappings}) or a mapping file; without it, columns are named like the JSON members."`
	Format  string `enum:"auto,csv,ndjson,reso" default:"auto" help:"Format of the file (${enum}); auto detects it."`
	DryRun  bool   `help:"Check the whole file without storing anything."`
	Rejects string `placeholder:"FILE" help:"New file for rows that cannot be imported (default: beside the imported one)."`
}

// Help is shown by --help.
func (importCmd) Help() string {
	return `Imports listings by reference: new ones are created, known ones updated; importing a file twice changes nothing. A column that the file lacks leaves the field of a known listing as it is; an empty cell clears it.
Unclear values are never guessed. Rows that cannot be imported are written to a rejects file with their reasons, to be
corrected and imported again. Existing files are never overwritten.

With --restore the file is one of gable export, and each listing comes back with its id, version and times, with a
reference or without one. A listing whose id is stored already is left alone; it is rejected if it differs.

Running servers can continue: their caches see the changes.

Examples:

	gable import kc_house_data.csv --mapping king-county
	gable import listings.ndjson --dry-run --database-url postgres://gable@localhost/gable
	gable import listings.ndjson --restore
	gable import --from-django postgres://django@localhost/old`
}

// Run imports one file.
func (c *importCmd) Run(ctx context.Context, p *Process) error {
	if way := c.way(); way != nil {
		return way(ctx, p)
	}
	options, err := c.options()
	if err != nil {
		return err
	}
	path, err := c.rejectsPath()
	if err != nil {
		return fmt.Errorf("import %s: write rejected rows: %w", c.Path, err)
	}
	s, err := openConfigured(ctx, p, &c.Flags)
	if err != nil {
		return err
	}
	defer s.Close()
	rejects := rejectsFile{path: path, source: c.Path, options: options}
	shown := newProgress(p.Err, server.IsTerminal(p.Err), "rows", time.Now)
	began := time.Now()
	var reading *transfer.Source
	report, err := s.Catalog.Import(actingAs(ctx, "command import"), catalog.Import{
		Open: func() (_ catalog.Source, err error) {
			reading, err = transfer.OpenSource(c.Path, options)
			return reading, err
		},
		DryRun: c.DryRun, MaxReasons: transfer.MaxShown,
		Rejected: rejects.add,
		Progress: func(r property.ImportReport) { shown.Update(int64(r.Read), reading.Fraction()) },
	})
	shown.Done()
	if closeErr := rejects.close(); err == nil {
		err = closeErr
	}
	c.print(p.Out, report, &rejects, time.Since(began))
	adviseRestore(p.Out, reading, report)
	if err != nil {
		return fmt.Errorf("import %s: %w", c.Path, err)
	}
	return nil
}

func (c *importCmd) options() (listingfile.Options, error) {
	o := listingfile.Options{}
	if c.Format != "auto" {
		o.Format = listingfile.Format(c.Format)
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

// rejectsPath returns the path of the file of rejected rows, which does not exist yet.
func (c *importCmd) rejectsPath() (string, error) {
	if c.Rejects == "" {
		return freeRejectsPath(c.Path), nil
	}
	return c.Rejects, checkOutput(c.Rejects, c.Path)
}

func (c *importCmd) print(w io.Writer, r property.ImportReport, rejects *rejectsFile, took time.Duration) {
	rate := float64(r.Read) / took.Seconds()
	fmt.Fprintf(w, "%d read in %s (%.0f rows/s)\n", r.Read, took.Round(time.Millisecond), rate)
	if c.DryRun {
		fmt.Fprintf(w, "dry run: nothing stored\n")
	}
	for _, line := range []struct {
		count int
		what  string
	}{
		{r.Created, "created"}, {r.Updated, "updated"}, {r.Unchanged, "unchanged"},
		{r.Superseded, "superseded by a later row with the same reference"}, {r.Rejected, "rejected"},
	} {
		fmt.Fprintf(w, "%8d %s\n", line.count, line.what)
	}
	for _, rejected := range r.Reasons {
		fmt.Fprintf(w, "  line %d: %s\n", rejected.Line, transfer.ReasonOf(rejected.Wrong))
	}
	if r.Rejected > 0 {
		fmt.Fprintf(w, "Rejected rows with their reasons are in %s.\n", rejects.path)
	}
}

// rejectsFile is created at the first rejected row.
type rejectsFile struct {
	path, source string
	options      listingfile.Options
	file         *os.File
	rows         *listingfile.Rejects
}

func (f *rejectsFile) add(r property.Record, wrong []property.FieldError) error {
	if f.file == nil {
		if err := f.open(); err != nil {
			return err
		}
	}
	return f.rows.Add(r, transfer.ReasonOf(wrong))
}

func (f *rejectsFile) open() error {
	source, err := transfer.OpenSource(f.source, f.options) // for its format and header
	if err != nil {
		return err
	}
	defer source.Close()
	f.file, _, err = createOutput(f.path)
	if err != nil {
		return fmt.Errorf("write rejected rows: %w", err)
	}
	f.rows = listingfile.NewRejects(f.file, source.Reader)
	return nil
}

func (f *rejectsFile) close() error {
	if f.file == nil {
		return nil
	}
	return errors.Join(f.rows.Close(), f.file.Close())
}
