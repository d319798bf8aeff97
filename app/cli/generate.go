package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/server"
	"github.com/gable-listings/gable/app/transfer"
	"github.com/gable-listings/gable/domain/property"
)

type generateCmd struct {
	config.Flags
	Count int    `required:"" placeholder:"N" help:"How many listings."`
	Seed  uint64 `default:"1" help:"The same seed makes the same listings, with the same references."`
}

// Help is shown by --help.
func (generateCmd) Help() string {
	return `Generates random listings around real places, for tests under load. Running it again with the same seed changes
nothing.

Example:

	gable generate --count 100000 --database-url postgres://gable@localhost/gable`
}

// Run generates and stores listings.
func (c *generateCmd) Run(ctx context.Context, p *Process) error {
	if c.Count < 1 {
		return fmt.Errorf("--count must be at least 1, not %d", c.Count)
	}
	s, err := openConfigured(ctx, p, &c.Flags)
	if err != nil {
		return err
	}
	shown := newProgress(p.Err, server.IsTerminal(p.Err), "listings", time.Now)
	report, err := s.Catalog.Import(actingAs(ctx, "command generate"), catalog.Import{
		Open:     func() (catalog.Source, error) { return transfer.NewGenerated(c.Seed, c.Count) },
		Progress: func(r property.ImportReport) { shown.Update(int64(r.Read), float64(r.Read)/float64(c.Count)) },
	})
	shown.Done()
	fmt.Fprintf(p.Out, "%d created, %d updated, %d unchanged\n", report.Created, report.Updated, report.Unchanged)
	if closeErr := s.Close(); err == nil {
		err = closeErr
	}
	return err
}
