//go:build unix

package main

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A process that has been frozen knows nothing of what happened, and its clock tells it so: not even its first answer is
// older than is promised.
func TestAProcessThatWasFrozenAnswersNothingOlderThanPromised(t *testing.T) {
	t.Parallel()
	c := newCluster(t, plan{})
	a, b := c.nodes[0], c.nodes[1]
	s := c.newSubject()
	const readers = 10
	for round := range 3 {
		for path := range s.looks() {
			warm(t, c.nodes, path)
		}
		var first sync.WaitGroup
		for range readers * len(s.looks()) { // connections, so that the questions are there when it wakes
			first.Go(func() {
				if _, err := b.try(http.MethodGet, "/healthz", ""); err != nil {
					t.Error(err)
				}
			})
		}
		first.Wait()
		b.freeze()
		w := s.revise(a)
		a.shows(w.at, 0, itemPath(s.id), s.looks()[itemPath(s.id)])
		until(w.at.Add(maxStaleness))
		var asked atomic.Int32
		var answered sync.WaitGroup
		for path, want := range s.looks() {
			for range readers {
				answered.Go(func() {
					asked.Add(1)
					r, err := b.try(http.MethodGet, path, "")
					if err != nil || shown(r.answer) != want {
						t.Errorf("round %d: asked %s after the write, woken later: %s shows %q, want %q (%v, %s)", round,
							r.began.Sub(w.at), path, shown(r.answer), want, err, r.header.Get("Cache-Status"))
					}
				})
			}
		}
		poll(t, "everyone has asked", func() bool { return asked.Load() == int32(readers*len(s.looks())) })
		b.thaw()
		answered.Wait()
	}
	c.holdTrue(s, "after the frost", 2)
}

// The writer is killed as soon as its acknowledgement is out, before it can tell anyone.
func TestAnAcknowledgedWriteOfAKilledProcessIsNeitherLostNorHidden(t *testing.T) {
	t.Parallel()
	c := newCluster(t, plan{})
	a, b := c.nodes[0], c.nodes[1]
	s := c.newSubject()
	for range 3 {
		for path := range s.looks() {
			warm(t, c.nodes, path)
		}
		w := s.revise(a)
		a.kill()
		for path, want := range s.looks() {
			b.shows(w.at, maxStaleness, path, want)
		}
		a.restart()
		c.showAll(s)
	}
}

// Writes are under way when the process is killed: whatever became of them, all answers agree with the database.
func TestAfterAProcessDiedInTheMidstOfWritesAllAgreeWithTheDatabase(t *testing.T) {
	t.Parallel()
	c := newCluster(t, plan{})
	a, b := c.nodes[0], c.nodes[1]
	var ids []string
	for i := range 6 {
		ids = append(ids, a.create(fmt.Sprintf("w%d", i), i).ID)
	}
	acknowledged := make([]atomic.Int64, len(ids))
	for range 3 {
		var writers sync.WaitGroup
		for i, id := range ids {
			writers.Go(func() {
				for n := 0; ; n++ {
					r, err := a.try(http.MethodPatch, itemPath(id), fmt.Sprintf(`{"title":"w%d-%d"}`, i, n), "Content-Type", patchType)
					if err != nil || r.status != http.StatusOK {
						return
					}
					acknowledged[i].Store(int64(decoded[jsonListing](r.answer).Version))
				}
			})
		}
		poll(t, "writes are under way", func() bool {
			_, _ = b.try(http.MethodGet, "/v1/properties?sort=price", "")
			return acknowledged[0].Load()%5 == 4
		})
		a.kill()
		died := time.Now()
		writers.Wait()
		a.restart()
		for i, id := range ids {
			var title string
			var version int64
			err := c.sql.QueryRow(t.Context(), "SELECT title, version FROM properties WHERE id = $1", id).Scan(&title, &version)
			if err != nil || version < acknowledged[i].Load() {
				t.Fatalf("the database has version %d of listing %d, %d was acknowledged (%v)", version, i, acknowledged[i].Load(), err)
			}
			for _, n := range c.nodes {
				n.shows(died, maxStaleness, itemPath(id), fmt.Sprintf("%s %d.00 v%d", title, i, version))
			}
		}
	}
}

// balancer sends each request to a process that is ready, as a load balancer does.
type balancer struct {
	mu    sync.Mutex // guards next and ready
	next  int
	ready map[*node]bool
}

func (b *balancer) pick(nodes []*node) *node {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		b.next++
		if n := nodes[b.next%len(nodes)]; b.ready[n] {
			return n
		}
	}
}

func (b *balancer) has(n *node) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ready[n]
}

func (b *balancer) set(n *node, ready bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ready[n] = ready
}

func TestARollingRestartUnderLoadLosesNoRequestAndShowsNothingOld(t *testing.T) {
	t.Parallel()
	c := newCluster(t, plan{nodes: 3, settings: []string{"GABLE_SHUTDOWN_DELAY=400ms"}})
	s := c.newSubject()
	b := &balancer{ready: map[*node]bool{}}
	for _, n := range c.nodes {
		b.set(n, true)
	}
	done := make(chan struct{})
	var load sync.WaitGroup
	var requests atomic.Int64
	for range 6 {
		load.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				n := b.pick(c.nodes)
				r, err := n.try(http.MethodGet, itemPath(s.id), "")
				if err != nil || r.status != http.StatusOK {
					t.Errorf("lost a request to process %s: %d, %v", n.name, r.status, err)
					return
				}
				requests.Add(1)
			}
		})
	}
	for i, n := range c.nodes {
		w := s.revise(c.nodes[(i+1)%len(c.nodes)])
		leaving := make(chan struct{})
		go func() {
			defer close(leaving)
			n.stop()
		}()
		poll(t, "readiness is off", func() bool {
			r, err := n.try(http.MethodGet, "/readyz", "")
			return err == nil && r.status == http.StatusServiceUnavailable
		})
		b.set(n, false)
		<-leaving
		n.restart()
		b.set(n, true)
		for _, n := range c.nodes {
			n.shows(w.at, maxStaleness, itemPath(s.id), s.looks()[itemPath(s.id)])
		}
	}
	close(done)
	load.Wait()
	if requests.Load() < 100 {
		t.Errorf("only %d requests were made", requests.Load())
	}
}
