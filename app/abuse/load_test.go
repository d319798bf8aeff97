//go:build linux

package abuse

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gable-listings/gable/app/apptest"
)

// caller is a connection from an address of its own that asks one question at a time.
type caller struct {
	apptest.Wire
	address string
}

func (s *assault) caller(address string) *caller {
	return &caller{apptest.Wire{Node: s.node}, address}
}

// ask makes a search, checks what it finds, and returns the outcome.
func (c *caller) ask(ctx context.Context, s *assault, q search) string {
	if err := c.dial(ctx); err != nil {
		return outcome(0, err)
	}
	c.Request(http.MethodGet, q.target, "", forwardedFor, public(c.address))
	err := c.Send()
	var got apptest.WireAnswer
	if err == nil {
		got, err = c.Receive()
	}
	if err != nil {
		c.Close()
		return outcome(0, err)
	}
	if got.Status == http.StatusOK {
		s.objection(q.check(got.Body))
	}
	return outcome(got.Status, nil)
}

// dial connects from the caller's address, unless it is connected.
func (c *caller) dial(ctx context.Context) error {
	if c.Conn != nil {
		return nil
	}
	c.Base = *c.Node.Base.Load()
	conn, err := dialer(c.address).DialContext(ctx, "tcp", strings.TrimPrefix(c.Base, "http://"))
	if err != nil {
		return err
	}
	c.Conn, c.In = conn, bufio.NewReaderSize(conn, 32<<10)
	return nil
}

const (
	overloadTime      = 30 * time.Second
	overloadCallers   = 1500 // connections, each with one request at a time
	overloadAddresses = 250
)

// overload measures the process's capacity, and then offers four times that, whether answers come or not.
func overload(s *assault) {
	capacity := s.capacity()
	s.beCalm()
	asked := newResults()
	s.attack(overloadTime+clientPatience, func(ctx context.Context) { s.offer(ctx, 4*capacity, &asked) })
	recovered := s.recovery()
	s.rest(restTime)
	goodput := float64(asked.statuses["200"]) / overloadTime.Seconds()
	s.hostile = asked
	s.note("capacity     %.0f/s by 32 callers; offered %.0f/s; answered 200 %.0f/s, p50 %.0f ms, p99 %.0f ms", capacity,
		4*capacity, goodput, apptest.Milliseconds(asked.took.Quantile(0.5)), apptest.Milliseconds(asked.took.Quantile(0.99)))
	s.note("aim          goodput %.2f of the capacity (0.90); back to ten good answers in a row after %.2f s (1)",
		goodput/capacity, recovered.Seconds())
}

// capacity returns how many searches a second 32 callers get answered, all of them misses.
func (s *assault) capacity() float64 {
	const length = 8 * time.Second
	ctx, cancel := context.WithTimeout(s.t.Context(), length)
	defer cancel()
	var good atomic.Int64
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			c := s.caller(hostileAddress(overloadAddresses + i))
			defer c.Close()
			for ctx.Err() == nil {
				if c.ask(ctx, s, s.search(<-s.asked)) == "200" {
					good.Add(1)
				}
			}
		})
	}
	all.Wait()
	return max(1, float64(good.Load())/length.Seconds())
}

// offer sends a number of requests a second, each due at its moment. One that finds no free connection waits, and its
// waiting counts.
func (s *assault) offer(ctx context.Context, rate float64, got *results) {
	due := make(chan time.Time, int(rate*overloadTime.Seconds())+1)
	var all sync.WaitGroup
	defer all.Wait()
	defer close(due)
	for i := range overloadCallers {
		all.Go(func() {
			c := s.caller(hostileAddress(i % overloadAddresses))
			defer c.Close()
			for moment := range due {
				if time.Since(moment) > apptest.WirePatience {
					got.note("not sent", 0)
					continue
				}
				result := c.ask(ctx, s, s.search(<-s.asked))
				got.note(result, time.Since(moment))
			}
		})
	}
	began, sent := time.Now(), 0
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for time.Since(began) < overloadTime {
		<-tick.C
		for ; float64(sent) < rate*time.Since(began).Seconds(); sent++ {
			due <- time.Now()
		}
	}
}

// recovery returns how long it takes until ten searches in a row are answered, each within 100 ms.
func (s *assault) recovery() time.Duration {
	c := s.caller(otherAddress(50))
	defer c.Close()
	over := time.Now()
	since, row := over, 0
	for row < 10 && time.Since(over) < 30*time.Second {
		began := time.Now()
		if row == 0 {
			since = began
		}
		if c.ask(s.t.Context(), s, s.search(<-s.asked)) == "200" && time.Since(began) < 100*time.Millisecond {
			row++
		} else {
			row = 0
			time.Sleep(5 * time.Millisecond) // a client's pause between two tries
		}
	}
	return since.Sub(over)
}

// idleConnections connects, asks once, and stays.
func idleConnections(s *assault) {
	const connections = 10_000
	s.beCalm()
	s.attack(2*time.Minute, func(ctx context.Context) {
		places := make(chan struct{}, 100)
		var all, asking sync.WaitGroup
		defer all.Wait()
		ctx, end := context.WithCancel(ctx)
		defer end()
		var held atomic.Int64
		asking.Add(connections)
		for i := range connections {
			all.Go(func() {
				places <- struct{}{}
				c := s.caller(hostileAddress(i % 100))
				defer c.Close()
				result := "not sent"
				if ctx.Err() == nil {
					result = c.ask(ctx, s, s.others.hot[i%len(s.others.hot)])
				}
				s.hostile.note(result, 0)
				<-places
				asking.Done()
				if result == "200" {
					held.Add(1)
					<-ctx.Done()
				}
			})
		}
		asking.Wait()
		s.note("connections  %d asked, were answered and stayed", held.Load())
		linger(ctx, attackTime/2)
	})
	s.rest(restTime)
}

// coldPage has many clients ask at once for an uncached page, and counts the database's queries for it.
func coldPage(s *assault) {
	const callers, rounds = 2000, 3
	s.beCalm()
	s.attack(attackTime, func(ctx context.Context) {
		conns := s.connect(ctx, callers)
		for round := range rounds {
			before := s.coldLoads()
			target := fmt.Sprintf("/v1/properties?q=garden+trees&min_price=%d&sort=area_m2", round)
			began, got := time.Now(), newResults()
			var all sync.WaitGroup
			for i, conn := range conns {
				all.Go(func() {
					result := askOnce(conn, hostileAddress(i%100), target)
					got.note(result, time.Since(began))
					s.hostile.note(result, time.Since(began))
				})
			}
			all.Wait()
			s.note("round %d      %s; the last after %.2f s; loads from the database: %d", round+1, &got,
				time.Since(began).Seconds(), s.coldLoads()-before)
		}
		for _, conn := range conns {
			conn.Close()
		}
	})
	s.rest(restTime)
}

// connect opens connections from 100 addresses.
func (s *assault) connect(ctx context.Context, connections int) []net.Conn {
	conns := make([]net.Conn, 0, connections)
	for i := range connections {
		conn, err := dialer(hostileAddress(i%100)).DialContext(ctx, "tcp", s.host())
		if err != nil {
			s.t.Error(err)
			break
		}
		conns = append(conns, conn)
	}
	return conns
}

// askOnce sends a request over a connection that has no other request in flight.
func askOnce(conn net.Conn, address, target string) string {
	_ = conn.SetDeadline(time.Now().Add(clientPatience))
	w := apptest.Wire{Conn: conn, In: bufio.NewReader(conn)}
	_, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: gable\r\n%s: %s\r\n\r\n", target, forwardedFor, public(address))
	var got apptest.WireAnswer
	if err == nil {
		got, err = w.Receive()
	}
	return outcome(got.Status, err)
}

// coldLoads returns how many searches in the sort order of the cold page the database has answered so far.
func (s *assault) coldLoads() (n int64) {
	err := s.Sql.QueryRow(s.t.Context(), `SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements
		WHERE query ILIKE 'SELECT%FROM "properties"%ORDER BY%area_m2%'`).Scan(&n)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}
