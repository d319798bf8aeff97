//go:build unix

package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/eventbus"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/app/accounts"
	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/app/transfer"
	keys "github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
)

// benchCluster is several gable processes, named a, b, c, over a Postgres with fsync and a Redis of their own.
type benchCluster struct {
	b        *testing.B
	postgres *servicetest.Server
	redis    *servicetest.Server
	sql      *pgxpool.Pool // around the program
	nodes    []*benchNode
	ids      []string // of the listings in the database, of some order
}

// newBenchCluster starts one process for each list of settings, over the number of generated listings.
func newBenchCluster(b *testing.B, listings int, settings ...[]string) *benchCluster {
	b.Helper()
	if testing.Short() {
		b.Skip("starts servers, and takes minutes")
	}
	c := &benchCluster{b: b, redis: servicetest.StartRedis(b)}
	c.postgres = servicetest.StartPostgres(b, "fsync=on", "shared_preload_libraries=pg_stat_statements")
	key, err := c.prepare(listings)
	if err != nil {
		b.Fatal(err)
	}
	if c.sql, err = pgxpool.New(b.Context(), c.postgres.URL()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.sql.Close)
	c.exec("VACUUM ANALYZE")
	rows, _ := c.sql.Query(b.Context(), "SELECT id::text FROM properties")
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			b.Fatal(err)
		}
		c.ids = append(c.ids, id)
	}
	for i, more := range settings {
		n := &benchNode{b: b, Node: apptest.Node{Name: string(rune('a' + i)), Key: key}}
		n.Settings = append([]string{
			"GABLE_DATABASE_URL=" + c.postgres.URL() + "&application_name=" + n.Name, "GABLE_CACHE_URL=" + c.redis.URL(),
			"GABLE_LOG_FORMAT=json", "GABLE_HTTP_ADDRESS=127.0.0.1:0", "GABLE_OPS_ADDRESS=127.0.0.1:0",
		}, more...)
		b.Cleanup(n.End)
		n.start()
		c.nodes = append(c.nodes, n)
	}
	return c
}

// prepare migrates the database to the program's schema, fills it, and makes a key of scope write.
func (c *benchCluster) prepare(listings int) (key string, err error) {
	ctx := c.b.Context()
	db, err := bunstore.Open(ctx, bunstore.Options{URL: c.postgres.URL()})
	if err != nil {
		return "", err
	}
	defer db.Close()
	if _, err := db.Migrate(ctx); err != nil {
		return "", err
	}
	_, key, err = accounts.NewKeys(db.Keys(), accounts.Options{
		NewID: apptest.NewID, Now: time.Now, Random: func(p []byte) { _, _ = rand.Read(p) },
	}).Create(ctx, "bench", keys.ScopeWrite, "")
	if err != nil {
		return "", err
	}
	_, err = catalog.New(db.Repository(), eventbus.New(func(_ string, recovered any) { panic(recovered) }),
		catalog.Options{
			NewID: apptest.NewID, Now: time.Now, DefaultCurrency: property.Currency("USD"),
			CatchUp: func(context.Context) error { return nil },
		}).Import(ctx, catalog.Import{Open: func() (catalog.Source, error) { return transfer.NewGenerated(1, listings) }})
	return key, err
}

// exec runs SQL around the program, and returns the moment at which its commit was acknowledged.
func (c *benchCluster) exec(sql string, args ...any) time.Time {
	c.b.Helper()
	if _, err := c.sql.Exec(c.b.Context(), sql, args...); err != nil {
		c.b.Fatalf("%s: %v", sql, err)
	}
	return time.Now()
}

// benchNode is one gable process of a benchmark.
type benchNode struct {
	apptest.Node
	b *testing.B
}

// start starts the process and returns when its caches are in use.
func (n *benchNode) start() {
	n.b.Helper()
	self, err := os.Executable()
	if err != nil {
		n.b.Fatal(err)
	}
	n.Log = &apptest.ProcessLog{Serving: make(chan struct{})}
	n.Cmd, n.Ended = exec.Command(self, "serve"), make(chan struct{})
	n.Cmd.Env = append(apptest.Environment(), n.Settings...)
	n.Cmd.Stdout, n.Cmd.Stderr = n.Log, n.Log
	n.Cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if n.Stdin, err = n.Cmd.StdinPipe(); err != nil {
		n.b.Fatal(err)
	}
	if err := n.Cmd.Start(); err != nil {
		n.b.Fatal(err)
	}
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait()
		close(ended)
	}(n.Cmd, n.Ended)
	select {
	case <-n.Log.Serving:
	case <-n.Ended:
		n.b.Fatalf("process %s ended at its start:\n%s", n.Name, n.Log.Tail())
	case <-time.After(20 * time.Second):
		n.b.Fatalf("process %s does not serve:\n%s", n.Name, n.Log.Tail())
	}
	base := "http://" + n.Log.HTTP
	n.Base.Store(&base)
	n.settle()
}

func (n *benchNode) settle() {
	n.b.Helper()
	w := n.wire()
	defer w.Close()
	limit := time.Now().Add(20 * time.Second)
	for {
		a, err := ask(w, http.MethodGet, "/v1/properties?limit=1", "")
		if err == nil && a.Status == http.StatusOK && a.Level != "bypassed" {
			return
		}
		if time.Now().After(limit) {
			n.b.Fatalf("process %s does not use its caches: %d, %v\n%s", n.Name, a.Status, err, n.Log.Tail())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// wire returns a new connection to the process, at its current address.
func (n *benchNode) wire() *apptest.Wire { return &apptest.Wire{Node: &n.Node} }

// mustGet requests a path, and ends the benchmark unless the process answers 200.
func (n *benchNode) mustGet(w *apptest.Wire, target string, headers ...string) apptest.WireAnswer {
	n.b.Helper()
	a, err := ask(w, http.MethodGet, target, "", headers...)
	if err != nil || a.Status != http.StatusOK {
		n.b.Fatalf("process %s: GET %s: %d, %v", n.Name, target, a.Status, err)
	}
	return a
}

// ask sends one request and reads its answer.
func ask(w *apptest.Wire, method, target, body string, headers ...string) (apptest.WireAnswer, error) {
	w.Request(method, target, body, headers...)
	if err := w.Send(); err != nil {
		w.Close()
		return apptest.WireAnswer{}, err
	}
	a, err := w.Receive()
	if err != nil {
		w.Close()
		return a, fmt.Errorf("%s %s: %w", method, target, err)
	}
	return a, nil
}

// median returns the middle one of the figures.
func median(figures []float64) float64 {
	if len(figures) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(figures))[len(figures)/2]
}
