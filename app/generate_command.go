package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/gable-listings/gable/adapters/listinggen"
	"github.com/gable-listings/gable/app/catalog"
)

type generateCmd struct {
	configFlags
	Count int    `required:"" placeholder:"N" help:"How many listings."`
	Seed  uint64 `default:"1" help:"The same seed makes the same listings, with the same references."`
}

// Help is shown by --help.
func (generateCmd) Help() string {
	return `Stores made-up listings around real places, for trying things out under load. Running it again with the same seed
changes nothing.

Example:

	gable generate --count 100000 --database-url postgres://gable@localhost/gable`
}

// Run makes and stores listings.
func (c *generateCmd) Run(ctx context.Context, p *process) error {
	if c.Count < 1 {
		return fmt.Errorf("--count must be at least 1, not %d", c.Count)
	}
	s, err := openConfigured(ctx, &c.configFlags)
	if err != nil {
		return err
	}
	shown := newProgress(p.err, isTerminal(p.err), "listings", time.Now)
	report, err := s.catalog.Import(actingAs(ctx, "command generate"), catalog.Import{
		Open:     func() (catalog.Source, error) { return newGenerated(c.Seed, c.Count) },
		Progress: func(r catalog.Report) { shown.Update(int64(r.Read), float64(r.Read)/float64(c.Count)) },
	})
	shown.Done()
	fmt.Fprintf(p.out, "%d created, %d updated, %d unchanged\n", report.Created, report.Updated, report.Unchanged)
	if closeErr := s.close(); err == nil {
		err = closeErr
	}
	return err
}

// generated is a source of made-up listings.
type generated struct {
	*listinggen.Generator
	made, count int
}

func newGenerated(seed uint64, count int) (*generated, error) {
	g, err := listinggen.New(seed)
	return &generated{Generator: g, count: count}, err
}

// Next implements catalog.Source.
func (g *generated) Next() (catalog.Record, error) {
	if g.made == g.count {
		return catalog.Record{}, io.EOF
	}
	g.made++
	return catalog.Record{Line: g.made, Details: g.Generator.Next()}, nil
}
