//go:build unix

package bench

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gable-listings/gable/app/apptest"
)

// callersEach is how many callers ask each process for the same search at once.
const callersEach = 200

// BenchmarkColdKey counts the database's queries when 200 callers on each of three processes ask at once for an
// uncached search. One query is all it takes. The search scans 20,000 listings, so that all callers have asked before
// it ends. It reports queries per round and the time until all callers were answered.
//
//	go test ./app/bench -run '^$' -bench 'ColdKey$' -benchtime 20x
func BenchmarkColdKey(b *testing.B) {
	s := newStampede(b)
	var queries []float64
	var took apptest.Spread
	for b.Loop() {
		before := s.queries()
		began := time.Now()
		s.ask().Wait()
		took = append(took, time.Since(began))
		queries = append(queries, float64(s.queries()-before))
	}
	s.report(queries, took, 3*callersEach)
}

// BenchmarkColdKeyHolderKilled is BenchmarkColdKey with the loading process, which loads for all three, killed during
// the load. The table is locked until all callers wait and the loader is dead. It reports the queries of the survivors
// per round, and the time from the death until all their callers were answered.
//
//	go test ./app/bench -run '^$' -bench ColdKeyHolderKilled -benchtime 20x
func BenchmarkColdKeyHolderKilled(b *testing.B) {
	s := newStampede(b)
	var queries []float64
	var took apptest.Spread
	for b.Loop() {
		before := s.queries()
		lock := s.lock()
		waiting := s.ask()
		holder := s.loader()
		_ = holder.Cmd.Process.Kill()
		<-holder.Ended
		died := time.Now()
		s.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", holder.Name)
		if err := lock.Rollback(b.Context()); err != nil {
			b.Fatal(err)
		}
		waiting.Wait()
		took = append(took, time.Since(died))
		queries = append(queries, float64(s.queries()-before))
		holder.start()
	}
	s.report(queries, took, 2*callersEach)
}

// stampede is three processes and the callers of each.
type stampede struct {
	*benchCluster
	crowds   []*crowd
	round    int
	asked    atomic.Int64
	answered atomic.Int64 // of this round
	fewest   int64        // answered in any round
}

func newStampede(b *testing.B) *stampede {
	plain := []string{"GABLE_FRESHNESS_VERIFY_INTERVAL=0s"} // its queries would be counted, too
	s := &stampede{benchCluster: newBenchCluster(b, 20_000, plain, plain, plain), fewest: 3 * callersEach}
	s.exec("CREATE EXTENSION pg_stat_statements")
	for _, n := range s.nodes {
		s.crowds = append(s.crowds, newCrowd(n, callersEach))
	}
	b.Cleanup(func() {
		for _, c := range s.crowds {
			c.close()
		}
	})
	s.ask().Wait() // opens the connections
	if s.queries() == 0 {
		b.Fatal("the statement that answers a search is not among those counted")
	}
	return s
}

// queries returns how many searches the database has answered so far.
func (s *stampede) queries() (n int64) {
	s.b.Helper()
	err := s.sql.QueryRow(s.b.Context(), `SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements
		WHERE query ILIKE 'SELECT%FROM "properties"%ORDER BY%'`).Scan(&n)
	if err != nil {
		s.b.Fatal(err)
	}
	return n
}

// ask has every caller ask for the same new search at once. The WaitGroup is done when all have finished.
func (s *stampede) ask() *sync.WaitGroup {
	s.fewest = min(s.fewest, s.finished())
	s.round++
	s.asked.Store(0)
	target := fmt.Sprintf("/v1/properties?q=garden+trees&min_price=%d&sort=price", s.round)
	var done sync.WaitGroup
	for _, c := range s.crowds {
		for _, w := range c.wires {
			done.Go(func() {
				w.Request(http.MethodGet, target, "")
				err := w.Send()
				s.asked.Add(1)
				if err != nil {
					return
				}
				if a, err := w.Receive(); err != nil {
					w.Close()
				} else if a.Status == http.StatusOK {
					s.answered.Add(1)
				}
			})
		}
	}
	return &done
}

// finished returns how many callers were answered in the previous round; before the first round, their total number.
func (s *stampede) finished() int64 {
	if s.round == 0 {
		return s.fewest
	}
	return s.answered.Swap(0)
}

// lock blocks all searches until the transaction ends.
func (s *stampede) lock() pgx.Tx {
	tx, err := s.sql.Begin(s.b.Context())
	if err == nil {
		_, err = tx.Exec(s.b.Context(), "LOCK TABLE properties IN ACCESS EXCLUSIVE MODE")
	}
	if err != nil {
		s.b.Fatal(err)
	}
	return tx
}

// loader waits until all callers have asked and a process is loading, and returns that process.
func (s *stampede) loader() *benchNode {
	for limit := time.Now().Add(apptest.WirePatience); time.Now().Before(limit); time.Sleep(time.Millisecond) {
		for _, n := range s.nodes {
			var loading bool
			err := s.sql.QueryRow(s.b.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity
				WHERE application_name = $1 AND wait_event_type = 'Lock')`, n.Name).Scan(&loading)
			if err != nil {
				s.b.Fatal(err)
			}
			if loading && s.asked.Load() == 3*callersEach {
				return n
			}
		}
	}
	s.b.Fatal("no process loads")
	return nil
}

// report fails the benchmark if any round left more callers without an answer than those of a killed process.
func (s *stampede) report(queries []float64, took apptest.Spread, callers int64) {
	if fewest := min(s.fewest, s.finished()); fewest < callers {
		s.b.Errorf("only %d of %d callers were answered", fewest, callers)
	}
	total, most := 0.0, 0.0
	for _, n := range queries {
		total, most = total+n, max(most, n)
	}
	s.b.ReportMetric(total/float64(len(queries)), "queries/round")
	s.b.ReportMetric(most, "most-queries")
	s.b.ReportMetric(apptest.Milliseconds(took.Quantile(0.5)), "answered-p50-ms")
	s.b.ReportMetric(apptest.Milliseconds(took.Quantile(1)), "answered-max-ms")
	s.b.ReportMetric(0, "ns/op")
}
