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
)

type cacheCmd struct {
	Stats cacheStatsCmd `cmd:"" help:"Show what each cache of a running server did and holds."`
	Purge cachePurgeCmd `cmd:"" help:"Empty the query cache, and a running server's view cache. Never needed for correctness."`
}

// serverFlags say which running server a command talks to.
type serverFlags struct {
	Server string `env:"GABLE_SERVER" default:"http://127.0.0.1:8080" placeholder:"URL" help:"Where the server answers (default ${default})."`
}

type cacheStatsCmd struct {
	serverFlags
	JSON bool `help:"Print the server's JSON."`
}

type cachePurgeCmd struct {
	serverFlags
	Key  string `env:"GABLE_KEY" placeholder:"SECRET" help:"An API key with scope admin; best given in the environment."`
	JSON bool   `help:"Print JSON."`
}

// Help is shown by --help.
func (cacheStatsCmd) Help() string {
	return `Example:

	gable cache stats --server http://127.0.0.1:8080`
}

// Help is shown by --help.
func (cachePurgeCmd) Help() string {
	return `Empties the query cache, for all servers that share it, and the view cache of the one server that is asked. Ask
each of them to empty the view caches of all.

Example:

	GABLE_KEY=gable_... gable cache purge`
}

// CacheFigures is the answer of GET /v1/cache.
type CacheFigures struct {
	Levels struct {
		View  cacheLevel `json:"view"`
		Query cacheLevel `json:"query"`
	} `json:"levels"`
	Ledger struct {
		Position int64 `json:"position"`
		Length   int64 `json:"length"`
		Capacity int64 `json:"capacity"`
	} `json:"ledger"`
}

// cacheLevel is one cache's part of the figures; entries and bytes are -1 where the cache cannot tell.
type cacheLevel struct {
	Hits        int64   `json:"hits"`
	Misses      int64   `json:"misses"`
	Stale       int64   `json:"stale"`
	Patched     int64   `json:"patched"`
	Coalesced   int64   `json:"coalesced"`
	Bypassed    int64   `json:"bypassed"`
	Unconfirmed int64   `json:"unconfirmed"`
	Errors      int64   `json:"errors"`
	Entries     int64   `json:"entries"`
	Bytes       int64   `json:"bytes"`
	HitRatio    float64 `json:"hit_ratio"`
}

// Run prints the figures as a table, a row for each, a column for each level.
func (c *cacheStatsCmd) Run(ctx context.Context, p *Process) error {
	body, err := c.ask(ctx, http.MethodGet, "")
	if err != nil {
		return fmt.Errorf("read the cache figures: %w", err)
	}
	if c.JSON {
		_, err = fmt.Fprintf(p.Out, "%s\n", strings.TrimSpace(string(body)))
		return err
	}
	var figures CacheFigures
	if err := json.Unmarshal(body, &figures); err != nil {
		return fmt.Errorf("read the cache figures: %s did not answer as a Gable server does: %w", c.Server, err)
	}
	return figures.writeTable(p.Out)
}

// Run empties the caches.
func (c *cachePurgeCmd) Run(ctx context.Context, p *Process) error {
	if c.Key == "" {
		return errors.New("empty the caches: a key with scope admin is needed, as GABLE_KEY or --key")
	}
	if _, err := c.ask(ctx, http.MethodDelete, c.Key); err != nil {
		return fmt.Errorf("empty the caches: %w", err)
	}
	if c.JSON {
		_, err := fmt.Fprintln(p.Out, `{"purged":true}`)
		return err
	}
	_, err := fmt.Fprintf(p.Out, "The caches of %s are empty.\n", c.Server)
	return err
}

// ask sends a request without a body to the server's /v1/cache and returns the body of its answer, which is an error
// unless it is 2xx.
func (f *serverFlags) ask(ctx context.Context, method, key string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	server, err := url.Parse(f.Server)
	if err != nil || server.Host == "" || (server.Scheme != "http" && server.Scheme != "https") {
		return nil, fmt.Errorf("%q is no address of a server; write it like http://127.0.0.1:8080", f.Server)
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
		return nil, fmt.Errorf("%w; is the server running? --server says where", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err == nil && response.StatusCode/100 != 2 {
		err = refusal(response.Status, body)
	}
	return body, err
}

// refusal is the error behind an answer that is not 2xx: the problem document's words where it has some.
func refusal(status string, body []byte) error {
	var problem struct{ Title, Detail string }
	if json.Unmarshal(body, &problem) != nil || problem.Title == "" {
		return fmt.Errorf("the server answered %s", status)
	}
	return fmt.Errorf("the server answered %s: %s", status, strings.TrimSuffix(problem.Title+": "+problem.Detail, ": "))
}

func (f *CacheFigures) writeTable(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	row := func(name string, cell func(cacheLevel) string) {
		fmt.Fprintf(table, "%s\t%s\t%s\t\n", name, cell(f.Levels.View), cell(f.Levels.Query))
	}
	count := func(name string, of func(cacheLevel) int64) {
		row(name, func(l cacheLevel) string { return figure(of(l), humanize.Comma) })
	}
	fmt.Fprint(table, "\tview\tquery\t\n")
	count("hits", func(l cacheLevel) int64 { return l.Hits })
	count("patched", func(l cacheLevel) int64 { return l.Patched })
	count("coalesced", func(l cacheLevel) int64 { return l.Coalesced })
	count("stale", func(l cacheLevel) int64 { return l.Stale })
	count("misses", func(l cacheLevel) int64 { return l.Misses })
	count("bypassed", func(l cacheLevel) int64 { return l.Bypassed })
	count("unconfirmed", func(l cacheLevel) int64 { return l.Unconfirmed })
	count("errors", func(l cacheLevel) int64 { return l.Errors })
	count("entries", func(l cacheLevel) int64 { return l.Entries })
	row("bytes", func(l cacheLevel) string {
		return figure(l.Bytes, func(n int64) string { return humanize.IBytes(uint64(n)) })
	})
	row("hit ratio", func(l cacheLevel) string { return fmt.Sprintf("%.2f %%", 100*l.HitRatio) })
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nledger: %s of %s changes remembered, %s seen since the start\n",
		humanize.Comma(f.Ledger.Length), humanize.Comma(f.Ledger.Capacity), humanize.Comma(f.Ledger.Position))
	return err
}

// figure writes a number, or a dash where the cache cannot tell.
func figure(n int64, format func(int64) string) string {
	if n < 0 {
		return "–"
	}
	return format(n)
}
