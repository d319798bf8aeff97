//go:build unix

package bench

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/apptest"
)

// BenchmarkStaleness measures how long after an acknowledged write another process may still show the listing as it
// was before. The time runs from the arrival of the acknowledgement to the first answer that shows the write. Process
// a takes the writes, b and c are read; all have their caches on, and c neither sends nor receives notifications.
// Three ways take turns: written through a and read from b (bell), written through a and read from c (no-bell), and
// written by SQL and read from b (psql). A turn is 50 writes with pauses of 0 to 40 ms; it begins when the readers
// have been reading for longer than an idle process pauses between two polls. Readers read again half a millisecond
// after each answer; that pause, and the time of a request, are part of the figures. An answer older than one before
// it fails the benchmark.
//
//	go test ./app/bench -run '^$' -bench Staleness -benchtime 100x
func BenchmarkStaleness(b *testing.B) {
	c := newBenchCluster(b, 1_000, nil, nil, []string{"GABLE_FRESHNESS_NOTIFY=false"})
	through, beside := c.ids[0], c.ids[1]
	seen := map[string]apptest.Spread{}
	for price := 1; b.Loop(); price += 2 * writesOfATurn {
		bell, noBell := c.watch(c.nodes[1], through), c.watch(c.nodes[2], through)
		acknowledged := c.writeThrough(through, price)
		seen["bell"] = append(seen["bell"], bell.after(acknowledged)...)
		seen["no-bell"] = append(seen["no-bell"], noBell.after(acknowledged)...)
		psql := c.watch(c.nodes[1], beside)
		seen["psql"] = append(seen["psql"], psql.after(c.writeBeside(beside, price))...)
	}
	for name, sample := range seen {
		sample.Report(b, name)
	}
	b.ReportMetric(0, "ns/op")
}

const writesOfATurn = 50

// writeThrough changes a listing through process a, and returns when each version was acknowledged.
func (c *benchCluster) writeThrough(id string, price int) map[int]time.Time {
	w := c.nodes[0].wire()
	defer w.Close()
	return c.turn(func(n int) (int, time.Time) {
		a, err := ask(w, http.MethodPatch, apptest.ItemPath(id), fmt.Sprintf(`{"price":%d}`, price+n))
		at := time.Now()
		if err != nil || a.Status != http.StatusOK {
			c.b.Fatalf("write: %d, %v", a.Status, err)
		}
		return apptest.VersionIn(string(a.Body)), at
	})
}

// writeBeside changes a listing by hand-written SQL, around the program.
func (c *benchCluster) writeBeside(id string, price int) map[int]time.Time {
	return c.turn(func(n int) (version int, at time.Time) {
		err := c.sql.QueryRow(c.b.Context(), "UPDATE properties SET price = $1 WHERE id = $2 RETURNING version", price+n, id).
			Scan(&version)
		if err != nil {
			c.b.Fatal(err)
		}
		return version, time.Now()
	})
}

func (c *benchCluster) turn(write func(n int) (version int, at time.Time)) map[int]time.Time {
	acknowledged := map[int]time.Time{}
	time.Sleep(300 * time.Millisecond) // more than freshness.idle_poll_interval
	for n := range writesOfATurn {
		time.Sleep(rand.N(40 * time.Millisecond))
		version, at := write(n)
		acknowledged[version] = at
	}
	return acknowledged
}

// watch reads one listing from one process until it has shown the version to end at.
type watch struct {
	b    *testing.B
	node *benchNode
	id   string
	done chan int // the version to end at
	// first is when each version, or a newer one, was shown for the first time.
	first chan map[int]time.Time
}

func (c *benchCluster) watch(n *benchNode, id string) *watch {
	w := &watch{b: c.b, node: n, id: id, done: make(chan int, 1), first: make(chan map[int]time.Time, 1)}
	connection := n.wire()
	newest := apptest.VersionIn(string(n.mustGet(connection, apptest.ItemPath(id)).Body))
	go w.look(connection, newest)
	return w
}

func (w *watch) look(connection *apptest.Wire, newest int) {
	defer connection.Close()
	first := map[int]time.Time{}
	defer func() { w.first <- first }()
	last := -1
	for last < 0 || newest < last {
		a, err := ask(connection, http.MethodGet, apptest.ItemPath(w.id), "")
		if err != nil || a.Status != http.StatusOK {
			w.b.Errorf("read: %d, %v", a.Status, err)
			return
		}
		now, version := time.Now(), apptest.VersionIn(string(a.Body))
		if version < newest {
			w.b.Errorf("version %d was shown after version %d", version, newest)
			return
		}
		for ; newest < version; newest++ {
			first[newest+1] = now
		}
		select {
		case last = <-w.done:
		default:
			time.Sleep(500 * time.Microsecond)
		}
	}
}

// after waits until the newest version has been shown, and returns each version's delay after its acknowledgement. The
// delay is 0 if the version was shown before.
func (w *watch) after(acknowledged map[int]time.Time) apptest.Spread {
	w.b.Helper()
	last := 0
	for version := range acknowledged {
		last = max(last, version)
	}
	w.done <- last
	first := <-w.first
	var sample apptest.Spread
	for version, at := range acknowledged {
		shown, ok := first[version]
		if !ok {
			w.b.Fatalf("version %d was never shown", version)
		}
		sample = append(sample, max(0, shown.Sub(at)))
	}
	return sample
}

// BenchmarkLinearizable compares reads that ask for no-cache with default reads. Both read the same hot pages over the
// same 64 connections, from a process over Postgres and Redis, in turns of a second each. It reports requests/s of
// both, the median over the rounds of their ratio, and how much longer the median request takes.
//
//	go test ./app/bench -run '^$' -bench Linearizable -benchtime 15x
func BenchmarkLinearizable(b *testing.B) {
	c := newBenchCluster(b, 10_000, nil)
	crowd := newCrowd(c.nodes[0], 64)
	defer crowd.close()
	pages := []string{
		"/v1/properties", "/v1/properties?kind=house&status=active&sort=price", "/v1/properties?offer=rent&limit=10",
		"/v1/properties?kind=apartment&min_bedrooms=2&count=exact", apptest.ItemPath(c.ids[0]), apptest.ItemPath(c.ids[1]),
	}
	ways := []struct {
		name    string
		headers []string
		rates   []float64
		p50     []float64
		all     apptest.Spread
	}{{name: "default"}, {name: "no-cache", headers: []string{"Cache-Control", "no-cache"}}}
	for i := range ways {
		crowd.hammer(200*time.Millisecond, pages, ways[i].headers...)
	}
	for round := 0; b.Loop(); round++ {
		for i := range ways {
			w := &ways[(i+round)%len(ways)]
			sample := crowd.hammer(time.Second, pages, w.headers...)
			w.rates = append(w.rates, float64(len(sample)))
			w.p50 = append(w.p50, apptest.Milliseconds(sample.Quantile(0.5)))
			w.all = append(w.all, sample...)
		}
	}
	var ratios, more []float64
	for round, rate := range ways[0].rates {
		ratios = append(ratios, ways[1].rates[round]/rate)
		more = append(more, ways[1].p50[round]-ways[0].p50[round])
	}
	for _, w := range ways {
		b.ReportMetric(median(w.rates), w.name+"-requests/s")
		b.ReportMetric(apptest.Milliseconds(w.all.Quantile(0.99)), w.name+"-p99-ms")
	}
	b.ReportMetric(median(ratios), "no-cache-of-default")
	b.ReportMetric(median(more), "more-p50-ms")
	b.ReportMetric(0, "ns/op")
}

// crowd is many connections to one process.
type crowd struct {
	node  *benchNode
	wires []*apptest.Wire
}

func newCrowd(n *benchNode, size int) *crowd {
	c := &crowd{node: n}
	for range size {
		c.wires = append(c.wires, n.wire())
	}
	return c
}

func (c *crowd) close() {
	for _, w := range c.wires {
		w.Close()
	}
}

// hammer requests the targets over all connections as fast as they are answered, and returns how long each answer
// took.
func (c *crowd) hammer(duration time.Duration, targets []string, headers ...string) apptest.Spread {
	samples := make([]apptest.Spread, len(c.wires))
	var done sync.WaitGroup
	until := time.Now().Add(duration)
	for i, w := range c.wires {
		done.Go(func() {
			began := time.Now()
			for n := i; began.Before(until); n++ {
				a, err := ask(w, http.MethodGet, targets[n%len(targets)], "", headers...)
				if err != nil || a.Status != http.StatusOK {
					c.node.b.Errorf("read: %d, %v", a.Status, err)
					return
				}
				now := time.Now()
				samples[i] = append(samples[i], now.Sub(began))
				began = now
			}
		})
	}
	done.Wait()
	return slices.Concat(samples...)
}
