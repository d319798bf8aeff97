//go:build linux

package abuse

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
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

var _, abuseWanted = apptest.TakeVariable("GABLE_ABUSE")

const (
	abuseListings = 100_000
	// ownListings are written by the other clients during an attack; everything else stays as it is.
	ownListings = 400
	ownPrice    = 900_000_000_000
	// longListings have descriptions of longLetters letters, three bytes each.
	longListings = 1000
	longLetters  = 20_000
	longPrice    = 800_000_000_000

	calmTime   = 8 * time.Second
	attackTime = 20 * time.Second
	restTime   = 5 * time.Second
)

// TestAbuse attacks one process after the other, each in one way, while other clients read and write. It fails on a
// wrong answer, an event that is lost or delivered twice, a 5xx other than 503, a health page that is not 200, and a
// process that ends. It prints latencies, memory and goodput beside their aims and does not assert them.
//
// Attackers, other clients, databases and the process share one machine, so that latencies are those of its CPUs too.
// Each client has a loopback address of its own and, as through a proxy, a public one: limits by address see them as
// different people.
func TestAbuse(t *testing.T) {
	if !abuseWanted {
		t.Skip("attacks processes for minutes: task abuse")
	}
	a := newArena(t)
	for _, attack := range []struct {
		name, about string
		run         func(*assault)
		settings    []string
	}{
		{"slow bodies", "530 connections from 53 addresses send a sign-in form, one byte every 2 s", slowBodies, nil},
		{"hard questions", "64 connections from 64 addresses ask the worst legal questions", hardQuestions, nil},
		{"echoes", "120 anonymous forms of 1 MiB from 12 addresses, whose answers are read slowly", echoes, nil},
		{"long pages", "20 clients read pages of 500 long listings, 12 read 1,000 of their changes", longPages, nil},
		{"bulk updates", "statements over 500 long listings each, 10 streams open, half of which read nothing",
			bulkUpdates, nil},
		{"all streams", "one client opens 300 event streams", allStreams, nil},
		{"all exports", "one client begins 600 exports and reads them slowly", allExports, nil},
		{"bad imports", "12 imports of 8 million bad rows in 16 KB, from clients that leave after 3 s", badImports, nil},
		{"overload", "four times the capacity for 30 s, from 250 addresses", overload, nil},
		{"idle connections", "10,000 connections from 100 addresses that ask once and stay", idleConnections, nil},
		{"many streams", "1,000 streams from 250 addresses, 200 writes a second", manyStreams,
			[]string{"GABLE_HTTP_MAX_STREAMS=1200"}},
		{"cold page", "2,000 connections from 100 addresses ask for one cold page at once", coldPage,
			[]string{"GABLE_FRESHNESS_VERIFY_INTERVAL=0s"}},
	} {
		t.Run(strings.ReplaceAll(attack.name, " ", "-"), func(t *testing.T) {
			s := a.stage(t, attack.settings...)
			attack.run(s)
			s.conclude(attack.about)
		})
	}
}

// arena is a Postgres with fsync and a Redis of the test's own, with many listings, for one process after the other.
type arena struct {
	*apptest.Cluster
	prices []pricedListing // all but the own and the long listings, by price and id
	asked  chan int        // numbers of searches not made before
	keys   []string        // scope write, of the other clients
	long   bool            // the long listings are there
}

type pricedListing struct{ id, price string }

func newArena(t *testing.T) *arena {
	t.Helper()
	c := &apptest.Cluster{T: t, Redis: servicetest.StartRedis(t)}
	c.Postgres = servicetest.StartPostgres(t, "fsync=on", "shared_preload_libraries=pg_stat_statements")
	c.Database, c.Cache = c.Postgres.URL(), c.Redis.URL()
	c.Prepare()
	a := &arena{Cluster: c, asked: make(chan int)}
	var err error
	if c.Sql, err = pgxpool.New(t.Context(), c.Database); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Sql.Close)
	if err := a.fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	go func() {
		for n := 0; ; n++ {
			select {
			case a.asked <- n:
			case <-t.Context().Done():
				return
			}
		}
	}()
	return a
}

// fill stores the listings, and records what searches by price must answer.
func (a *arena) fill(ctx context.Context) error {
	db, err := bunstore.Open(ctx, bunstore.Options{URL: a.Database})
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = catalog.New(db.Repository(), eventbus.New(func(_ string, recovered any) { panic(recovered) }),
		catalog.Options{
			NewID: apptest.NewID, Now: time.Now, DefaultCurrency: property.Currency("USD"),
			CatchUp: func(context.Context) error { return nil },
		}).Import(ctx, catalog.Import{Open: func() (catalog.Source,
		error) {
		return transfer.NewGenerated(1, abuseListings)
	}})
	if err != nil {
		return err
	}
	a.Exec(`INSERT INTO properties (title, price, location)
		SELECT 'own 0', $1::bigint + i, 'Here' FROM generate_series(1, $2::int) i`, ownPrice, ownListings)
	a.Exec("CREATE EXTENSION pg_stat_statements")
	makers := accounts.NewKeys(db.Keys(), accounts.Options{
		NewID: apptest.NewID, Now: time.Now, Random: func(p []byte) { _, _ = rand.Read(p) },
	})
	for range 10 {
		a.keys = append(a.keys, apptest.NewKey(a.T, makers, keys.ScopeWrite))
	}
	a.Exec("VACUUM ANALYZE")
	rows, err := a.Sql.Query(ctx,
		"SELECT id::text, price::text FROM properties p WHERE price < $1 ORDER BY p.price, p.id", longPrice)
	if err != nil {
		return err
	}
	a.prices, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (p pricedListing, err error) {
		return p, row.Scan(&p.id, &p.price)
	})
	return err
}

// search is a search by price and what it must answer.
type search struct {
	target string
	want   []pricedListing
}

// mostFound is more than any search by price finds.
const mostFound = 40

// search makes the search with a number: equal numbers make equal searches, and few others do.
func (a *arena) search(n int) search {
	const stride = 7919 // a prime, so that neighbours in time are far apart in price
	for first := n * stride % len(a.prices); ; first = (first + stride) % len(a.prices) {
		last := min(first+5+n/len(a.prices), len(a.prices)-1)
		low, high := a.prices[first].price, a.prices[last].price
		for first > 0 && a.prices[first-1].price == low {
			first--
		}
		for last < len(a.prices)-1 && a.prices[last+1].price == high {
			last++
		}
		if last-first < mostFound {
			return search{
				fmt.Sprintf("/v1/properties?min_price=%s&max_price=%s&sort=price&limit=%d", low, high, mostFound),
				a.prices[first : last+1],
			}
		}
	}
}

// check compares an answer of 200 with what the search must find.
func (q search) check(body []byte) error {
	rest := string(body)
	for i := 0; ; i++ {
		_, after, more := strings.Cut(rest, `{"id":"`)
		switch {
		case !more && i < len(q.want):
			return fmt.Errorf("%s finds %d listings, not %d", q.target, i, len(q.want))
		case !more:
			return nil
		case i == len(q.want) || !strings.HasPrefix(after, q.want[i].id):
			return fmt.Errorf("%s has %.36s as listing %d of %d", q.target, after, i, len(q.want))
		}
		rest = after
	}
}

// needLong stores the long listings, if they are not there yet.
func (a *arena) needLong() {
	a.T.Helper()
	if a.long {
		return
	}
	a.long = true
	var letters strings.Builder
	for i := range 500 {
		letters.WriteRune(rune(0x4e00 + i*i*37%20_000))
	}
	for batch := range 4 { // more rows in one statement would be one reset
		a.Exec(`INSERT INTO properties (title, price, location, description)
			SELECT 'long ' || i, $1::bigint + i, 'Here', repeat($2, $3) FROM generate_series($4::int, $5) i`,
			longPrice, letters.String(), longLetters/500, batch*longListings/4+1, (batch+1)*longListings/4)
	}
}
