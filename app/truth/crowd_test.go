//go:build unix

package truth

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/app/apptest"
)

// countQueries counts the queries for listings from now on.
func countQueries(c *apptest.Cluster) (count func() int) {
	c.T.Helper()
	c.Exec("SELECT pg_stat_statements_reset()")
	return func() int {
		c.T.Helper()
		var n int
		if err := c.Sql.QueryRow(c.T.Context(), `SELECT coalesce(sum(calls), 0) FROM pg_stat_statements
			WHERE query ILIKE 'SELECT%' AND query LIKE '%price%' AND query LIKE '%properties%'
			AND query NOT LIKE '%property_changes%' AND query NOT LIKE '%pg_stat_statements%'`).Scan(&n); err != nil {
			c.T.Fatal(err)
		}
		return n
	}
}

// ask has callers on each of the processes request a path at the same time. The WaitGroup is done when all are
// answered; each must show what is wanted.
func ask(c *apptest.Cluster, nodes []*apptest.Node, callers int, path, want string) *sync.WaitGroup {
	var all sync.WaitGroup
	for _, n := range nodes {
		for range callers {
			all.Go(func() {
				r, err := n.Try(http.MethodGet, path, "")
				if err != nil || apptest.Shown(r.Answer) != want {
					c.T.Errorf("process %s shows %q, want %q (%v)", n.Name, apptest.Shown(r.Answer), want, err)
				}
			})
		}
	}
	return &all
}

func TestACrowdAtThreeProcessesCostsOneQuery(t *testing.T) {
	t.Parallel()
	// A caller that stops waiting for Redis or for the lease loads by itself. That must not happen here, on a busy
	// machine either.
	c := apptest.NewCluster(t, apptest.Plan{Nodes: 3, Statistics: true, Settings: []string{
		"GABLE_FRESHNESS_MAX_STALENESS=30s", "GABLE_CACHE_LEASE_TTL=10s", "GABLE_CACHE_TIMEOUT=5s",
		"GABLE_DATABASE_QUERY_TIMEOUT=50s", "GABLE_FRESHNESS_VERIFY_INTERVAL=0s",
	}})
	c.Nodes[0].Create("wanted", 5)
	ask(c, c.Nodes, 200, "/v1/properties?kind=land", "").Wait() // connections
	for round := range 3 {
		queries := countQueries(c)
		ask(c, c.Nodes, 200, fmt.Sprintf("/v1/properties?max_price=%d", 10+round), "wanted").Wait()
		if n := queries(); n != 1 {
			t.Errorf("round %d: %d queries for one answer", round, n)
		}
	}
}

// The process that loads for all is killed during the load: the others wait no longer than its lease lasts.
func TestAKilledLoaderCostsOneMoreQueryAndNoMoreThanItsLease(t *testing.T) {
	if servicetest.RaceDetector {
		t.Skip("slowed down so much, a query may take longer than a lease")
	}
	t.Parallel()
	const lease = 2 * time.Second // more than the default, since a query may take that long on a busy machine
	c := apptest.NewCluster(t, apptest.Plan{Nodes: 3, Statistics: true, Settings: []string{
		"GABLE_FRESHNESS_VERIFY_INTERVAL=0s", "GABLE_CACHE_LEASE_TTL=" + lease.String(),
	}})
	c.Nodes[0].Create("wanted", 5)
	path := "/v1/properties?max_price=7"
	queries := countQueries(c)
	lock, err := c.Sql.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(t.Context(), "LOCK TABLE properties"); err != nil {
		t.Fatal(err)
	}
	loader := make(chan struct{})
	go func() {
		defer close(loader)
		_, _ = c.Nodes[0].Try(http.MethodGet, path, "") // its process dies
	}()
	apptest.Poll(t, "the first process loads", func() bool {
		var waiting int
		err := c.Sql.QueryRow(t.Context(), "SELECT count(*) FROM pg_locks WHERE NOT granted").Scan(&waiting)
		return err == nil && waiting > 0
	})
	waiting := ask(c, c.Nodes[1:], 100, path, "wanted")
	c.Nodes[0].Kill()
	killed := time.Now()
	if err := lock.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	waiting.Wait()
	if took := time.Since(killed); took > lease+2*time.Second {
		t.Errorf("the others waited for %s", took)
	}
	<-loader
	if n := queries(); n > 2 {
		t.Errorf("%d queries, want at most the lost one and another", n)
	}
}
