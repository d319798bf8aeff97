//go:build unix

package main

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/servicetest"
)

// countQueries counts the statements that look for listings from now on.
func (c *cluster) countQueries() (count func() int) {
	c.t.Helper()
	c.exec("SELECT pg_stat_statements_reset()")
	return func() int {
		c.t.Helper()
		var n int
		if err := c.sql.QueryRow(c.t.Context(), `SELECT coalesce(sum(calls), 0) FROM pg_stat_statements
			WHERE query ILIKE 'SELECT%' AND query LIKE '%price%' AND query LIKE '%properties%' AND query NOT LIKE '%property_changes%'
			AND query NOT LIKE '%pg_stat_statements%'`).Scan(&n); err != nil {
			c.t.Fatal(err)
		}
		return n
	}
}

// ask has a number of callers ask each of the processes for a path at the same time, and returns when all have been
// answered, with what is wanted.
func (c *cluster) ask(nodes []*node, callers int, path, want string) *sync.WaitGroup {
	var all sync.WaitGroup
	for _, n := range nodes {
		for range callers {
			all.Go(func() {
				r, err := n.try(http.MethodGet, path, "")
				if err != nil || shown(r.answer) != want {
					c.t.Errorf("process %s shows %q, want %q (%v)", n.name, shown(r.answer), want, err)
				}
			})
		}
	}
	return &all
}

func TestACrowdAtThreeProcessesCostsOneQuery(t *testing.T) {
	t.Parallel()
	// Whoever gives up waiting for Redis or for the lease loads by himself: on a busy machine nobody may, here.
	c := newCluster(t, plan{nodes: 3, statistics: true, settings: []string{
		"GABLE_FRESHNESS_MAX_STALENESS=30s", "GABLE_CACHE_LEASE_TTL=10s", "GABLE_CACHE_TIMEOUT=5s",
		"GABLE_DATABASE_QUERY_TIMEOUT=50s", "GABLE_FRESHNESS_VERIFY_INTERVAL=0s",
	}})
	c.nodes[0].create("wanted", 5)
	c.ask(c.nodes, 200, "/v1/properties?kind=land", "").Wait() // connections
	for round := range 3 {
		queries := c.countQueries()
		c.ask(c.nodes, 200, fmt.Sprintf("/v1/properties?max_price=%d", 10+round), "wanted").Wait()
		if n := queries(); n != 1 {
			t.Errorf("round %d: %d queries for one answer", round, n)
		}
	}
}

// The process that loads for all is killed in the midst of it: the others wait no longer than its lease lasts.
func TestAKilledLoaderCostsOneMoreQueryAndNoMoreThanItsLease(t *testing.T) {
	if servicetest.RaceDetector {
		t.Skip("slowed down so much, a query may take longer than a lease")
	}
	t.Parallel()
	const lease = 2 * time.Second // more than the default, since a query may take that long on a busy machine
	c := newCluster(t, plan{nodes: 3, statistics: true, settings: []string{
		"GABLE_FRESHNESS_VERIFY_INTERVAL=0s", "GABLE_CACHE_LEASE_TTL=" + lease.String(),
	}})
	c.nodes[0].create("wanted", 5)
	path := "/v1/properties?max_price=7"
	queries := c.countQueries()
	lock, err := c.sql.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(t.Context(), "LOCK TABLE properties"); err != nil {
		t.Fatal(err)
	}
	loader := make(chan struct{})
	go func() {
		defer close(loader)
		_, _ = c.nodes[0].try(http.MethodGet, path, "") // its process dies
	}()
	poll(t, "the first process loads", func() bool {
		var waiting int
		err := c.sql.QueryRow(t.Context(), "SELECT count(*) FROM pg_locks WHERE NOT granted").Scan(&waiting)
		return err == nil && waiting > 0
	})
	waiting := c.ask(c.nodes[1:], 100, path, "wanted")
	c.nodes[0].kill()
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
