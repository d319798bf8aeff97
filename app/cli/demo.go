package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/server"
	"github.com/gable-listings/gable/app/transfer"
	"github.com/gable-listings/gable/configs"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
)

type demoCmd struct{ config.Flags }

// Help is shown by --help.
func (demoCmd) Help() string {
	return `Starts a server with a database in a temporary folder, filled with real listings, and prints its addresses. The
folder is removed when the server stops (Ctrl-C).

Example:

	gable demo --http-address 127.0.0.1:9090`
}

// Run serves the demonstration until the context ends.
func (c *demoCmd) Run(ctx context.Context, p *Process) error {
	began := time.Now()
	settings, err := c.Load(p.others...)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "gable-demo-*")
	if err != nil {
		return fmt.Errorf("create demo folder: %w", err)
	}
	defer os.RemoveAll(folder)
	settings.Database.URL = config.URL("sqlite:" + filepath.Join(folder, "gable.db"))
	settings.Cache.URL = "memory:"
	log, level, err := server.NewLogger(settings.Log, p.Err)
	if err != nil {
		return err
	}
	defer level.FollowSignals()()
	program := server.New(&settings.Config, log, level)
	d := demonstration{Server: program}
	return program.Run(ctx, func(ctx context.Context) error {
		if err := d.prepare(ctx); err != nil {
			return err
		}
		return d.greet(p.Out, time.Since(began))
	})
}

// demonstration is a server with sample listings, a key and an account.
type demonstration struct {
	*server.Server
	report   property.ImportReport
	secret   string
	password string
}

const (
	demoFile    = "samples/king-county.csv.gz"
	demoMapping = "king-county"
	demoAccount = "admin"
)

// prepare imports the sample listings and creates a key and an account.
func (d *demonstration) prepare(ctx context.Context) error {
	mapping, err := listingfile.BuiltinMapping(demoMapping)
	if err != nil {
		return err
	}
	sample, err := configs.Samples.ReadFile(demoFile)
	if err != nil {
		return err
	}
	in := transfer.NewContentInput(sample, listingfile.Options{Mapping: mapping})
	defer in.Close()
	d.report, err = d.Catalog.Import(actingAs(ctx, "command demo"), catalog.Import{Open: in.Source})
	if err != nil {
		return fmt.Errorf("import sample listings: %w", err)
	}
	if _, d.secret, err = d.Keys.Create(ctx, "demo", access.ScopeAdmin, ""); err != nil {
		return err
	}
	d.password = newPassword(demoAccount)
	_, err = d.Accounts.Create(ctx, demoAccount, d.password, access.RoleAdministrator)
	return err
}

// greet prints the addresses, and commands to paste.
func (d *demonstration) greet(w io.Writer, took time.Duration) error {
	base := d.Listeners.Public.URL()
	_, err := fmt.Fprintf(w, `
Gable is running with %s real listings (house sales in King County, Washington, 2014-2015; CC0). Ready in %s.

  Public pages   %s/
  Back office    %s/admin   (sign in as %s, with the password %s)
  HTTP API       %s/docs
  API key        %s   (scope admin)
  Health         %s/readyz

Try:

  curl -i '%s/v1/properties?kind=house&min_bedrooms=3&max_price=400000&sort=price&limit=2'
  curl -i -X POST %s/v1/properties -H 'Authorization: Bearer %s' \
    -H 'Content-Type: application/json' -d '{"title":"Cabin by the lake","price":"325000","location":"Seattle, WA"}'

Stop it with Ctrl-C; everything it stored goes with it.
`, humanize.Comma(int64(d.report.Created)), took.Round(time.Millisecond),
		base, base, demoAccount, d.password, base, d.secret, d.Listeners.Ops.URL(), base, base, d.secret)
	return err
}
