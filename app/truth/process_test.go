//go:build unix

package truth

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/apptest"
)

// A process that was frozen knows nothing of what happened, but its clock shows the gap. Not even its first answer is
// older than promised.
func TestAProcessThatWasFrozenAnswersNothingOlderThanPromised(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{})
	a, b := c.Nodes[0], c.Nodes[1]
	s := newSubject(c)
	const readers = 10
	for round := range 3 {
		for path := range s.expected() {
			apptest.Warm(t, c.Nodes, path)
		}
		var first sync.WaitGroup
		for range readers * len(s.expected()) { // connections, so that the requests are there when it is resumed
			first.Go(func() {
				if _, err := b.Try(http.MethodGet, "/healthz", ""); err != nil {
					t.Error(err)
				}
			})
		}
		first.Wait()
		b.Freeze()
		w := s.update(a)
		a.Shows(w.At, 0, apptest.ItemPath(s.id), s.expected()[apptest.ItemPath(s.id)])
		apptest.Until(w.At.Add(apptest.MaxStaleness))
		var asked atomic.Int32
		var answered sync.WaitGroup
		for path, want := range s.expected() {
			for range readers {
				answered.Go(func() {
					asked.Add(1)
					r, err := b.Try(http.MethodGet, path, "")
					if err != nil || apptest.Shown(r.Answer) != want {
						t.Errorf("round %d: asked %s after the write, resumed later: %s shows %q, want %q (%v, %s)", round,
							r.Began.Sub(w.At), path, apptest.Shown(r.Answer), want, err, r.Header.Get("Cache-Status"))
					}
				})
			}
		}
		apptest.Poll(t, "all readers have asked", func() bool { return asked.Load() == int32(readers*len(s.expected())) })
		b.Thaw()
		answered.Wait()
	}
	checkFreshness(c, s, "after the frost", 2)
}

// The writer is killed as soon as its acknowledgement is out, before it can notify the others.
func TestAnAcknowledgedWriteOfAKilledProcessIsNeitherLostNorHidden(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{})
	a, b := c.Nodes[0], c.Nodes[1]
	s := newSubject(c)
	for range 3 {
		for path := range s.expected() {
			apptest.Warm(t, c.Nodes, path)
		}
		w := s.update(a)
		a.Kill()
		for path, want := range s.expected() {
			b.Shows(w.At, apptest.MaxStaleness, path, want)
		}
		a.Restart()
		showAll(c, s)
	}
}

// Writes are under way when the process is killed: whatever their outcome, all answers agree with the database.
func TestAfterAProcessDiedInTheMidstOfWritesAllAgreeWithTheDatabase(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{})
	a, b := c.Nodes[0], c.Nodes[1]
	var ids []string
	for i := range 6 {
		ids = append(ids, a.Create(fmt.Sprintf("w%d", i), i).ID)
	}
	acknowledged := make([]atomic.Int64, len(ids))
	for range 3 {
		var writers sync.WaitGroup
		for i, id := range ids {
			writers.Go(func() {
				for n := 0; ; n++ {
					r, err := a.Try(http.MethodPatch, apptest.ItemPath(id), fmt.Sprintf(`{"title":"w%d-%d"}`, i, n), "Content-Type",
						apptest.PatchType)
					if err != nil || r.Status != http.StatusOK {
						return
					}
					acknowledged[i].Store(int64(apptest.Decoded[apptest.Listing](r.Answer).Version))
				}
			})
		}
		apptest.Poll(t, "writes are under way", func() bool {
			_, _ = b.Try(http.MethodGet, "/v1/properties?sort=price", "")
			return acknowledged[0].Load()%5 == 4
		})
		a.Kill()
		died := time.Now()
		writers.Wait()
		a.Restart()
		for i, id := range ids {
			var title string
			var version int64
			err := c.Sql.QueryRow(t.Context(), "SELECT title, version FROM properties WHERE id = $1", id).Scan(&title, &version)
			if err != nil || version < acknowledged[i].Load() {
				t.Fatalf("the database has version %d of listing %d, %d was acknowledged (%v)", version, i,
					acknowledged[i].Load(), err)
			}
			for _, n := range c.Nodes {
				n.Shows(died, apptest.MaxStaleness, apptest.ItemPath(id), fmt.Sprintf("%s %d.00 v%d", title, i, version))
			}
		}
	}
}

// balancer sends each request to a process that is ready, as a load balancer does.
type balancer struct {
	mu    sync.Mutex // guards next and ready
	next  int
	ready map[*apptest.Node]bool
}

func (b *balancer) pick(nodes []*apptest.Node) *apptest.Node {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		b.next++
		if n := nodes[b.next%len(nodes)]; b.ready[n] {
			return n
		}
	}
}

func (b *balancer) has(n *apptest.Node) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ready[n]
}

func (b *balancer) set(n *apptest.Node, ready bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ready[n] = ready
}

func TestARollingRestartUnderLoadLosesNoRequestAndShowsNothingOld(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{Nodes: 3, Settings: []string{"GABLE_SHUTDOWN_DELAY=400ms"}})
	s := newSubject(c)
	b := &balancer{ready: map[*apptest.Node]bool{}}
	for _, n := range c.Nodes {
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
				n := b.pick(c.Nodes)
				r, err := n.Try(http.MethodGet, apptest.ItemPath(s.id), "")
				if err != nil || r.Status != http.StatusOK {
					t.Errorf("lost a request to process %s: %d, %v", n.Name, r.Status, err)
					return
				}
				requests.Add(1)
			}
		})
	}
	for i, n := range c.Nodes {
		w := s.update(c.Nodes[(i+1)%len(c.Nodes)])
		leaving := make(chan struct{})
		go func() {
			defer close(leaving)
			n.Stop()
		}()
		apptest.Poll(t, "readiness is off", func() bool {
			r, err := n.Try(http.MethodGet, "/readyz", "")
			return err == nil && r.Status == http.StatusServiceUnavailable
		})
		b.set(n, false)
		<-leaving
		n.Restart()
		b.set(n, true)
		for _, n := range c.Nodes {
			n.Shows(w.At, apptest.MaxStaleness, apptest.ItemPath(s.id), s.expected()[apptest.ItemPath(s.id)])
		}
	}
	close(done)
	load.Wait()
	if requests.Load() < 100 {
		t.Errorf("only %d requests were made", requests.Load())
	}
}
