package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/ports/cachestat"
)

type cacheCmd struct {
	Stats cacheStatsCmd `cmd:"" help:"Show reads and size of each cache of a running server."`
	Purge cachePurgeCmd `cmd:"" help:"Empty the query cache and one server's view cache."`
}

// serverFlags name the running server that a command uses.
type serverFlags struct {
	Server string `env:"GABLE_SERVER" default:"http://127.0.0.1:8080" placeholder:"URL" help:"Address of the server (default ${default})."`
}

type cacheStatsCmd struct {
	serverFlags
	JSON bool `help:"Print the server's JSON."`
}

type cachePurgeCmd struct {
	serverFlags
	Key  string `env:"GABLE_KEY" placeholder:"SECRET" help:"An API key with scope admin; prefer the environment."`
	JSON bool   `help:"Print JSON."`
}

// Help is shown by --help.
func (cacheStatsCmd) Help() string {
	return `Example:

	gable cache stats --server http://127.0.0.1:8080`
}

// Help is shown by --help.
func (cachePurgeCmd) Help() string {
	return `Empties the query cache, for all servers that share it, and the view cache of the one server of the request. Run
it for each server to empty all view caches. Purging is never needed for correctness.

Example:

	GABLE_KEY=gable_... gable cache purge`
}

// Run prints the figures as a table, a row for each, a column for each level.
func (c *cacheStatsCmd) Run(ctx context.Context, p *Process) error {
	body, err := c.request(ctx, http.MethodGet, "")
	if err != nil {
		return fmt.Errorf("read cache figures: %w", err)
	}
	if c.JSON {
		_, err = fmt.Fprintf(p.Out, "%s\n", strings.TrimSpace(string(body)))
		return err
	}
	var figures api.CacheFigures
	if err := json.Unmarshal(body, &figures); err != nil {
		return fmt.Errorf("read cache figures: unexpected answer of %s: %w", c.Server, err)
	}
	return writeTable(p.Out, &figures)
}

// Run empties the caches.
func (c *cachePurgeCmd) Run(ctx context.Context, p *Process) error {
	if c.Key == "" {
		return errors.New("empty the caches: set an API key with scope admin in GABLE_KEY or --key")
	}
	if _, err := c.request(ctx, http.MethodDelete, c.Key); err != nil {
		return fmt.Errorf("empty the caches: %w", err)
	}
	if c.JSON {
		_, err := fmt.Fprintln(p.Out, `{"purged":true}`)
		return err
	}
	_, err := fmt.Fprintf(p.Out, "The caches of %s are empty.\n", c.Server)
	return err
}

// request sends a request without a body to the server's /v1/cache and returns the body of the answer. An answer
// outside 2xx is an error.
func (f *serverFlags) request(ctx context.Context, method, key string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	server, err := url.Parse(f.Server)
	if err != nil || server.Host == "" || (server.Scheme != "http" && server.Scheme != "https") {
		return nil, fmt.Errorf("invalid server address %q; write it like http://127.0.0.1:8080", f.Server)
	}
	request, err := http.NewRequestWithContext(ctx, method, server.JoinPath("/v1/cache").String(), nil)
	if err != nil {
		return nil, err
	}
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w; is the server running? --server sets its address", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err == nil && response.StatusCode/100 != 2 {
		err = refusal(response.Status, body)
	}
	return body, err
}

// refusal returns the error of an answer outside 2xx, with the text of its problem document if it has one.
func refusal(status string, body []byte) error {
	var problem struct{ Title, Detail string }
	if json.Unmarshal(body, &problem) != nil || problem.Title == "" {
		return fmt.Errorf("the server answered %s", status)
	}
	return fmt.Errorf("the server answered %s: %s", status, strings.TrimSuffix(problem.Title+": "+problem.Detail, ": "))
}

func writeTable(w io.Writer, f *api.CacheFigures) error {
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	row := func(name string, cell func(*api.LevelFigures) string) {
		fmt.Fprintf(table, "%s\t%s\t%s\t\n", name, cell(&f.Levels.View), cell(&f.Levels.Query))
	}
	fmt.Fprint(table, "\tview\tquery\t\n")
	for _, o := range cachestat.Outcomes() {
		row(o.Figure(), func(l *api.LevelFigures) string { return comma(l.Reads[o]) })
	}
	row("errors", func(l *api.LevelFigures) string { return comma(l.Errors) })
	row("entries", func(l *api.LevelFigures) string { return held(l.Entries, comma) })
	row("bytes", func(l *api.LevelFigures) string { return held(l.Bytes, humanize.IBytes) })
	row("hit ratio", func(l *api.LevelFigures) string { return fmt.Sprintf("%.2f %%", 100*l.HitRatio) })
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nledger: %s of %s changes, %s appended including those read at the start\n",
		comma(uint64(f.Ledger.Length)), comma(uint64(f.Ledger.Capacity)), comma(uint64(f.Ledger.Position)))
	return err
}

func comma(n uint64) string { return humanize.Comma(int64(n)) }

// held formats the size of a cache, as a dash where the cache does not report it.
func held(n int64, format func(uint64) string) string {
	if n < 0 {
		return "–"
	}
	return format(uint64(n))
}
