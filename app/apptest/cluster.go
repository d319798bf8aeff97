//go:build unix

package apptest

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/app/accounts"
	keys "github.com/gable-listings/gable/domain/access"
)

// MaxStaleness is the default bound for readers in other processes, as in configs/default.yaml.
const MaxStaleness = time.Second

// Plan describes the parts of a cluster.
type Plan struct {
	Nodes       int      // processes; 2 when zero
	OwnPostgres bool     // a database server that tests may disturb
	OwnRedis    bool     // a Redis that tests may disturb
	redisArgs   []string // its arguments
	Statistics  bool     // its own Postgres, which counts statements
	Pooler      bool     // a PgBouncer between the processes and Postgres
	Links       bool     // a proxy on every link from a process to Postgres and to Redis
	Settings    []string // of every process: GABLE_FRESHNESS_NOTIFY=false
}

// Cluster is several gable processes over one Postgres and one Redis.
type Cluster struct {
	T        *testing.T
	Database string // the URL around all proxies and poolers, as the cache's
	Entrance string // the URL that processes use: the pooler's, if there is one
	Cache    string
	Postgres *servicetest.Server // nil when shared
	Redis    *servicetest.Server // nil when shared
	Pooler   *servicetest.Server // nil when there is none
	Sql      *pgxpool.Pool       // writes that bypass the program
	Nodes    []*Node
	Key      string // scope write
}

// NewCluster starts the processes of a plan, and ends them with the test.
func NewCluster(t *testing.T, p Plan) *Cluster {
	t.Helper()
	c := &Cluster{T: t}
	if p.OwnPostgres || p.Statistics {
		// A crash makes the server forget which tables need a vacuum. One that crashes every few seconds has to check
		// more often than once a minute, or it never vacuums.
		c.Postgres = servicetest.StartPostgres(t, "autovacuum_naptime=1s")
		c.Database = c.Postgres.URL()
		if p.Statistics {
			c.loadStatistics()
		}
	} else {
		c.Database = Migrated.Postgres(t)
	}
	if p.OwnRedis {
		c.Redis = servicetest.StartRedis(t, p.redisArgs...)
		c.Cache = c.Redis.URL()
	} else {
		c.Cache = servicetest.Redis(t)
	}
	c.Prepare()
	pool, err := pgxpool.New(t.Context(), c.Database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	c.Sql = pool
	c.Entrance = c.Database
	if p.Pooler {
		c.Pooler = servicetest.StartPooler(t, c.Database)
		c.Entrance = c.Pooler.URL()
	}
	for i := range max(2, p.Nodes) {
		c.Nodes = append(c.Nodes, NewNode(c, string(rune('a'+i)), p))
	}
	for _, n := range c.Nodes {
		n.Start()
	}
	for _, n := range c.Nodes {
		n.Settle()
	}
	return c
}

// Prepare migrates the database to the program's schema and makes a key.
func (c *Cluster) Prepare() {
	c.T.Helper()
	ctx, cancel := context.WithTimeout(c.T.Context(), time.Minute)
	defer cancel()
	db, err := bunstore.Open(ctx, bunstore.Options{URL: c.Database})
	if err != nil {
		c.T.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Migrate(ctx); err != nil {
		c.T.Fatal(err)
	}
	c.Key = NewKey(c.T, accounts.NewKeys(db.Keys(), accounts.Options{
		NewID: NewID, Now: time.Now, Random: func(p []byte) { _, _ = rand.Read(p) },
	}), keys.ScopeWrite)
}

// loadStatistics makes the cluster's own server count statements; the test is skipped where it cannot.
func (c *Cluster) loadStatistics() {
	c.T.Helper()
	conn, err := pgx.Connect(c.T.Context(), c.Database)
	if err != nil {
		c.T.Fatal(err)
	}
	var available bool
	err = conn.QueryRow(c.T.Context(),
		"SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements')").Scan(&available)
	if err == nil && !available {
		c.T.Skip("this Postgres cannot count statements: install pg_stat_statements (postgresql-contrib)")
	}
	for _, sql := range []string{"CREATE EXTENSION pg_stat_statements",
		"ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'"} {
		if err == nil {
			_, err = conn.Exec(c.T.Context(), sql)
		}
	}
	if err != nil {
		c.T.Fatal(err)
	}
	_ = conn.Close(c.T.Context())
	c.Postgres.Stop()
	c.Postgres.Start()
}

// Exec runs SQL around the program, and returns the moment at which its commit was acknowledged.
func (c *Cluster) Exec(sql string, args ...any) time.Time {
	c.T.Helper()
	if _, err := c.Sql.Exec(c.T.Context(), sql, args...); err != nil {
		c.T.Fatalf("%s: %v", sql, err)
	}
	return time.Now()
}

// CopyIn inserts listings with COPY; each row is title and price.
func (c *Cluster) CopyIn(rows ...[]any) time.Time {
	c.T.Helper()
	full := make([][]any, len(rows))
	for i, row := range rows {
		full[i] = append(row, "Copied")
	}
	_, err := c.Sql.CopyFrom(c.T.Context(), pgx.Identifier{"properties"}, []string{"title", "price", "location"},
		pgx.CopyFromRows(full))
	if err != nil {
		c.T.Fatal(err)
	}
	return time.Now()
}

// RedisClient connects to the cluster's Redis around all proxies.
func (c *Cluster) RedisClient() *redis.Client {
	c.T.Helper()
	options, err := redis.ParseURL(c.Cache)
	if err != nil {
		c.T.Fatal(err)
	}
	client := redis.NewClient(options)
	c.T.Cleanup(func() { _ = client.Close() })
	return client
}
