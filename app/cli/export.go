package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/server"
	"github.com/gable-listings/gable/app/transfer"
	"github.com/gable-listings/gable/domain/property"
)

type exportCmd struct {
	config.Flags
	Search   string `arg:"" optional:"" help:"Query of the API: 'kind=house&max_price=400000&sort=price'."`
	Format   string `enum:"ndjson,csv" default:"ndjson" help:"Format (${enum})."`
	Formulas string `enum:"keep,escape" default:"keep" help:"CSV texts that look like formulas: keep writes them as they are, escape adds an apostrophe, which an import removes (default ${default})."`
	Output   string `short:"o" placeholder:"FILE" help:"New file to write; standard output by default."`
}

// Help is shown by --help.
func (exportCmd) Help() string {
	return `Writes listings in a form that gable import reads. An existing file is not overwritten.

Examples:

	gable export -o listings.ndjson
	gable export 'status=active&sort=price' --format csv > active.csv
	gable export --format csv --formulas escape -o for-a-spreadsheet.csv`
}

// Run exports what matches.
func (c *exportCmd) Run(ctx context.Context, p *Process) (err error) {
	search, err := c.search()
	if err != nil {
		return err
	}
	if c.Formulas == "escape" && c.Format != "csv" {
		return errors.New("export: --formulas escape is for --format csv alone")
	}
	s, err := openConfigured(ctx, p, &c.Flags)
	if err != nil {
		return err
	}
	defer s.Close()
	to := p.Out
	if c.Output != "" {
		f, made, createErr := createOutput(c.Output)
		if createErr != nil {
			return fmt.Errorf("export: %w", createErr)
		}
		defer func() {
			if closeErr := f.Close(); err == nil {
				err = closeErr
			}
			if err != nil && made {
				_ = os.Remove(c.Output) // a partial export looks like a complete one
			}
		}()
		to = f
	}
	total, _, err := s.Catalog.Count(ctx, &search.Filter)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	out := bufio.NewWriter(to)
	shown := newProgress(p.Err, server.IsTerminal(p.Err), "listings", time.Now)
	request := api.ExportRequest{Search: search, Format: c.Format, EscapeFormulas: c.Formulas == "escape"}
	_, err = transfer.NewFiles(s.Catalog, nil).Write(ctx, out, request, func(count int64) {
		shown.Update(count, float64(count)/float64(total))
	})
	if err != nil {
		return err
	}
	shown.Done()
	return out.Flush()
}

func (c *exportCmd) search() (property.Search, error) {
	values, err := url.ParseQuery(c.Search)
	if err != nil {
		return property.Search{}, fmt.Errorf("parse search: %w", err)
	}
	for _, name := range []string{"limit", "cursor"} {
		if values.Has(name) {
			return property.Search{}, fmt.Errorf("an export has no %s; it writes everything that matches", name)
		}
	}
	search, err := property.ParseExport(values)
	if err != nil {
		return property.Search{}, fmt.Errorf("parse search: %w", err)
	}
	return search, nil
}
