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
	"github.com/gable-listings/gable/domain/property"
)

// BenchmarkRedisKilled measures what readers notice of the death of Redis. Two processes serve 64 connections, each of
// which asks about 25 times a second: nine times in ten for one of 20 hot pages, else for one of 3,000 other searches
// and items, of which the view caches, 1 MiB each, can hold a few only. A round is three seconds with Redis, its
// death, a second in which only refusals count, three seconds without it, and its return, empty. It reports how many
// answers were 5xx or missing over all rounds, and the median over the rounds of the 99th percentiles with and without
// Redis and of their ratio. It also reports the time from the return of Redis until one process answers from what
// another has stored there.
//
//	go test ./app/bench -run '^$' -bench RedisKilled -benchtime 5x
func BenchmarkRedisKilled(b *testing.B) {
	small := []string{"GABLE_VIEW_MAX_BYTES=1MiB"}
	l := newSteadyLoad(newBenchCluster(b, 20_000, small, small))
	l.fill()
	var with, without, ratios, back []float64
	for b.Loop() {
		l.ask(time.Second)
		healthy := apptest.Milliseconds(l.ask(3 * time.Second).Quantile(0.99))
		l.redis.Kill()
		l.ask(time.Second)
		alone := apptest.Milliseconds(l.ask(3 * time.Second).Quantile(0.99))
		l.redis.Start()
		returned := time.Now()
		l.untilShared()
		with, without = append(with, healthy), append(without, alone)
		ratios, back = append(ratios, alone/healthy), append(back, apptest.Milliseconds(time.Since(returned)))
		l.fill()
	}
	b.ReportMetric(float64(l.refused), "refused")
	b.ReportMetric(median(with), "healthy-p99-ms")
	b.ReportMetric(median(without), "without-p99-ms")
	b.ReportMetric(median(ratios), "without-of-healthy")
	b.ReportMetric(median(back), "back-ms")
	b.ReportMetric(0, "ns/op")
}

// steadyLoad is connections that send requests at a fixed pace, however fast they are answered.
type steadyLoad struct {
	*benchCluster
	wires     []*apptest.Wire
	hot, cold []string
	fresh     int // the number of the next search not yet requested
	refused   int
}

func newSteadyLoad(c *benchCluster) *steadyLoad {
	l := &steadyLoad{benchCluster: c}
	for i := range 64 {
		l.wires = append(l.wires, c.nodes[i%len(c.nodes)].wire())
	}
	c.b.Cleanup(func() {
		for _, w := range l.wires {
			w.Close()
		}
	})
	kinds, orders := property.Kinds(), property.SortKeys()
	for i := range 20 {
		l.hot = append(l.hot, fmt.Sprintf("/v1/properties?kind=%s&sort=%s", kinds[i%len(kinds)],
			orders[i/len(kinds)%len(orders)]))
	}
	for i := range 1_500 {
		l.cold = append(l.cold, apptest.ItemPath(c.ids[i]),
			fmt.Sprintf("/v1/properties?kind=%s&min_price=%d&sort=price", kinds[i%len(kinds)], 100_000+i*500))
	}
	return l
}

// fill requests everything once.
func (l *steadyLoad) fill() {
	for _, target := range slices.Concat(l.hot, l.cold) {
		l.nodes[0].mustGet(l.wires[0], target)
	}
}

// ask sends requests on all connections for a while, counts refusals, and returns how long the other answers took.
func (l *steadyLoad) ask(duration time.Duration) apptest.Spread {
	samples, refused := make([]apptest.Spread, len(l.wires)), make([]int, len(l.wires))
	until := time.Now().Add(duration)
	var done sync.WaitGroup
	for i, w := range l.wires {
		done.Go(func() {
			for {
				time.Sleep(rand.N(80 * time.Millisecond))
				began := time.Now()
				if !began.Before(until) {
					return
				}
				targets := l.hot
				if rand.N(10) == 0 {
					targets = l.cold
				}
				a, err := ask(w, http.MethodGet, targets[rand.N(len(targets))], "")
				if err != nil || a.Status != http.StatusOK {
					refused[i]++
					continue
				}
				samples[i] = append(samples[i], time.Since(began))
			}
		})
	}
	done.Wait()
	for _, n := range refused {
		l.refused += n
	}
	return slices.Concat(samples...)
}

// untilShared returns when the second process answers from Redis what the first has just loaded.
func (l *steadyLoad) untilShared() {
	for limit := time.Now().Add(30 * time.Second); time.Now().Before(limit); {
		l.fresh++
		target := fmt.Sprintf("/v1/properties?min_price=1&max_price=%d&limit=1", l.fresh)
		l.nodes[0].mustGet(l.wires[0], target)
		if l.nodes[1].mustGet(l.wires[1], target).Level == "query" {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	l.b.Fatal("Redis is not used again")
}
