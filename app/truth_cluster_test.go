//go:build unix

package main

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/app/access"
	keys "github.com/gable-listings/gable/domain/access"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
)

// maxStaleness is the default promise to readers in other processes, as configs/default.yaml has it.
const maxStaleness = time.Second

// plan says what a cluster is made of.
type plan struct {
	nodes       int      // processes; 2 when zero
	ownPostgres bool     // a database server that may be hurt
	ownRedis    bool     // a Redis that may be hurt
	redisArgs   []string // its arguments
	statistics  bool     // its own Postgres counts statements
	pooler      bool     // a PgBouncer between the processes and Postgres
	links       bool     // a proxy on every link from a process to Postgres and to Redis
	settings    []string // of every process: GABLE_FRESHNESS_BELL=false
}

// cluster is several gable processes over one Postgres and one Redis.
type cluster struct {
	t        *testing.T
	database string // the URL around all proxies and poolers, as the cache's
	entrance string // the URL that processes get: the pooler's, where there is one
	cache    string
	postgres *servicetest.Server // nil when shared
	redis    *servicetest.Server // nil when shared
	pooler   *servicetest.Server // nil when there is none
	sql      *pgxpool.Pool       // writes that bypass the program
	nodes    []*node
	key      string // scope write
}

func newCluster(t *testing.T, p plan) *cluster {
	t.Helper()
	c := &cluster{t: t}
	if p.ownPostgres || p.statistics {
		// A crash makes the server forget what there is to vacuum. One that crashes every few seconds has to look more often
		// than once a minute, or it never vacuums.
		c.postgres = servicetest.StartPostgres(t, "autovacuum_naptime=1s")
		c.database = c.postgres.URL()
		if p.statistics {
			c.loadStatistics()
		}
	} else {
		c.database = migrated.Postgres(t)
	}
	if p.ownRedis {
		c.redis = servicetest.StartRedis(t, p.redisArgs...)
		c.cache = c.redis.URL()
	} else {
		c.cache = servicetest.Redis(t)
	}
	c.prepare()
	pool, err := pgxpool.New(t.Context(), c.database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	c.sql = pool
	c.entrance = c.database
	if p.pooler {
		c.pooler = servicetest.StartPooler(t, c.database)
		c.entrance = c.pooler.URL()
	}
	for i := range max(2, p.nodes) {
		c.nodes = append(c.nodes, newNode(c, string(rune('a'+i)), p))
	}
	for _, n := range c.nodes {
		n.start()
	}
	for _, n := range c.nodes {
		n.settle()
	}
	return c
}

// prepare brings the database to the program's schema and makes a key.
func (c *cluster) prepare() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	db, err := bunstore.Open(ctx, bunstore.Options{URL: c.database})
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Migrate(ctx); err != nil {
		c.t.Fatal(err)
	}
	c.key = newTestKey(c.t, access.New(db.Keys(), access.Options{
		NewID: newTestID, Now: time.Now, Random: func(p []byte) { _, _ = rand.Read(p) },
	}), keys.ScopeWrite)
}

// loadStatistics has the cluster's own server count statements; the test is skipped where it cannot.
func (c *cluster) loadStatistics() {
	c.t.Helper()
	conn, err := pgx.Connect(c.t.Context(), c.database)
	if err != nil {
		c.t.Fatal(err)
	}
	var available bool
	err = conn.QueryRow(c.t.Context(), "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements')").Scan(&available)
	if err == nil && !available {
		c.t.Skip("this Postgres cannot count statements: install pg_stat_statements (postgresql-contrib)")
	}
	for _, sql := range []string{"CREATE EXTENSION pg_stat_statements", "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'"} {
		if err == nil {
			_, err = conn.Exec(c.t.Context(), sql)
		}
	}
	if err != nil {
		c.t.Fatal(err)
	}
	_ = conn.Close(c.t.Context())
	c.postgres.Stop()
	c.postgres.Start()
}

// exec runs SQL beside the program, and returns the moment at which its commit was acknowledged.
func (c *cluster) exec(sql string, args ...any) time.Time {
	c.t.Helper()
	if _, err := c.sql.Exec(c.t.Context(), sql, args...); err != nil {
		c.t.Fatalf("%s: %v", sql, err)
	}
	return time.Now()
}

// copyIn brings listings in with COPY, each given as title and price.
func (c *cluster) copyIn(rows ...[]any) time.Time {
	c.t.Helper()
	full := make([][]any, len(rows))
	for i, row := range rows {
		full[i] = append(row, "Copied")
	}
	_, err := c.sql.CopyFrom(c.t.Context(), pgx.Identifier{"properties"}, []string{"title", "price", "location"},
		pgx.CopyFromRows(full))
	if err != nil {
		c.t.Fatal(err)
	}
	return time.Now()
}

// redisClient talks to the cluster's Redis around all proxies.
func (c *cluster) redisClient() *redis.Client {
	c.t.Helper()
	options, err := redis.ParseURL(c.cache)
	if err != nil {
		c.t.Fatal(err)
	}
	client := redis.NewClient(options)
	c.t.Cleanup(func() { _ = client.Close() })
	return client
}
