package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/app/server"
	"github.com/gable-listings/gable/app/transfer"
	"github.com/gable-listings/gable/domain/property"
)

// way returns how the command runs unless it imports an ordinary file.
func (c *importCmd) way() func(context.Context, *Process) error {
	switch {
	case c.Django != "":
		return c.fromDjango
	case c.Path == "":
		return func(context.Context, *Process) error {
			return errors.New("import: name a file, or a database with --from-django")
		}
	case c.Restore:
		return c.restore
	}
	return nil
}

// restore brings one exported file back.
func (c *importCmd) restore(ctx context.Context, p *Process) error {
	if c.Mapping != "" && c.Mapping != listingfile.OwnMapping {
		return errors.New("import --restore reads Gable's own columns; leave out --mapping")
	}
	options, err := c.options()
	if err != nil {
		return err
	}
	options.Restore = true
	path, err := c.rejectsPath()
	if err != nil {
		return fmt.Errorf("restore %s: write rejected rows: %w", c.Path, err)
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
	report, err := s.Catalog.Restore(actingAs(ctx, "command import --restore"), s.Restorer, catalog.Import{
		Open: func() (_ catalog.Source, err error) {
			reading, err = transfer.OpenSource(c.Path, options)
			return reading, err
		},
		DryRun: c.DryRun, MaxReasons: transfer.MaxShown,
		Rejected: rejects.add,
		Progress: func(r property.ImportReport) { shown.Update(int64(r.Read), reading.Fraction()) },
	})
	shown.Done()
	err = errors.Join(err, rejects.close())
	c.print(p.Out, report.ImportReport, &rejects, time.Since(began))
	if report.Renumbered > 0 {
		fmt.Fprintf(p.Out, "%d of the created have a later version than in the file, "+
			"because their ids had one here before.\n", report.Renumbered)
	}
	if err != nil {
		return fmt.Errorf("restore %s: %w", c.Path, err)
	}
	return nil
}
