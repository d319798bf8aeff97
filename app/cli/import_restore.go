package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/app/server"
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
	renumbered := 0
	restore := func(s *server.Store, im catalog.Import) (property.ImportReport, error) {
		report, err := s.Catalog.Restore(actingAs(ctx, "command import --restore"), s.Restorer, im)
		renumbered = report.Renumbered
		return report.ImportReport, err
	}
	err := c.importFile(ctx, p, listingfile.Options{Restore: true}, restore)
	if renumbered > 0 {
		fmt.Fprintf(p.Out, "%d of the created have a later version than in the file, "+
			"because their ids had one here before.\n", renumbered)
	}
	return err
}
