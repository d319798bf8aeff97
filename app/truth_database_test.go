//go:build unix

package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// eachDatabase does something to every process's way to the database.
func (c *cluster) eachDatabase(act func(*link)) {
	for _, n := range c.nodes {
		act(n.database)
	}
}

// A database far away, or a busy one: every reading of the feed, every ring and every load takes long, and no promise is
// given up for that.
func TestASlowWayToTheDatabaseMakesNoAnswerOlder(t *testing.T) {
	t.Parallel()
	c := newCluster(t, plan{links: true})
	s := c.newSubject()
	for _, delay := range []int{30, 150} {
		c.eachDatabase(func(l *link) { l.slow(delay) })
		c.holdTrue(s, fmt.Sprintf("with %d ms to the database", delay), 2)
		c.eachDatabase((*link).mend)
	}
	c.nodes[1].database.slow(150)
	c.holdTrue(s, "with one process far away", 2)
	c.nodes[1].database.mend()
	c.holdTrue(s, "with a quick way again", 2)
}

// readers ask the processes for the subject's paths, each with a wish, until they are stopped.
type readers struct {
	c       *cluster
	s       *subject
	written time.Time // when the subject was changed last
	kinds   map[string]*atomic.Int64
	running sync.WaitGroup
	stop    context.CancelFunc
}

// askOn lets readers ask. All that they are shown has to be true, or to say that it may be old; those who want the latest
// state, or not to go back behind the token, are told the truth or nothing.
func (c *cluster) askOn(s *subject, w written) *readers {
	ctx, stop := context.WithCancel(c.t.Context())
	r := &readers{c: c, s: s, written: w.at, stop: stop, kinds: map[string]*atomic.Int64{}}
	for _, kind := range []string{"true", "marked", "refused", "sessions refused"} {
		r.kinds[kind] = new(atomic.Int64)
	}
	for path, want := range s.looks() {
		for _, n := range c.nodes {
			for _, wish := range [][]string{
				nil, {"Cache-Control", "max-stale=60"}, {"Cache-Control", "no-cache"}, {tokenHeader, w.token},
			} {
				r.running.Go(func() {
					for ctx.Err() == nil {
						r.ask(n, path, want, wish)
					}
				})
			}
		}
	}
	c.t.Cleanup(r.end)
	return r
}

func (r *readers) ask(n *node, path, want string, wish []string) {
	got, err := n.try(http.MethodGet, path, "", wish...)
	if err != nil {
		r.c.t.Errorf("process %s: %s: %v", n.name, path, err)
		return
	}
	bears := wish == nil || wish[1] == "max-stale=60"
	status, age := got.header.Get("Cache-Status"), got.began.Sub(r.written)
	switch marked := strings.Contains(status, "detail=stale"); {
	case got.status == http.StatusServiceUnavailable && got.header.Get("Retry-After") != "":
		if wish != nil && wish[0] == tokenHeader {
			r.kinds["sessions refused"].Add(1)
		} else {
			r.kinds["refused"].Add(1)
		}
	case marked && bears && got.header.Get("Age") != "":
		r.kinds["marked"].Add(1)
	case !marked && (shown(got.answer) == want || got.status == http.StatusOK && bears && age < maxStaleness):
		r.kinds["true"].Add(1)
	default:
		r.c.t.Errorf("process %s: %s %q, asked %s after the write, shows %q, want %q (%s, age %q)",
			n.name, path, wish, age, shown(got.answer), want, status, got.header.Get("Age"))
	}
}

// end stops the readers, and returns when they have their last answers.
func (r *readers) end() {
	r.stop()
	r.running.Wait()
}

// A server that stands still says nothing, and neither do its connections. Nobody is shown less than was promised, and when
// it goes on all agree.
func TestAFrozenDatabaseHidesNothingAndLosesNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, plan{ownPostgres: true, settings: []string{"GABLE_DATABASE_QUERY_TIMEOUT=1s"}})
	s := c.newSubject()
	for range 2 {
		c.keepInRedis(s)
		w := s.revise(c.nodes[0])
		c.postgres.Pause()
		asked := c.askOn(s, w)
		until(w.at.Add(3 * maxStaleness))
		inTheFrost := `{"title":"in the frost"}`
		c.nodes[1].do(http.MethodPatch, itemPath(s.id), inTheFrost, "Content-Type", patchType).must(http.StatusServiceUnavailable)
		asked.end()
		if marked, refused := asked.kinds["marked"].Load(), asked.kinds["refused"].Load(); marked == 0 || refused == 0 {
			t.Errorf("while the database stood still %d answers were marked, and %d refused", marked, refused)
		}
		c.postgres.Resume()
		for _, n := range c.nodes {
			n.settle()
			n.tryConnections()
		}
		s.reviseAtLast(c.nodes) // from here on what was refused, and may have been stored when the server went on, no longer can be
		s.round = c.version(s.id)
		c.holdTrue(s, "after the frost", 2)
	}
}

func (c *cluster) version(id string) (version int) {
	c.t.Helper()
	if err := c.sql.QueryRow(c.t.Context(), "SELECT version FROM properties WHERE id = $1", id).Scan(&version); err != nil {
		c.t.Fatal(err)
	}
	return version
}

// Only the table of changes is out of reach, so that nobody is told anything any more and the listings can be read as ever:
// once the caches are too old to be believed the database is asked, for everybody. A session that nobody can tell what it has
// seen is refused.
func TestWhenOnlyTheFeedStandsStillTheDatabaseIsAsked(t *testing.T) {
	t.Parallel()
	c := newCluster(t, plan{settings: []string{"GABLE_DATABASE_QUERY_TIMEOUT=1s"}})
	s := c.newSubject()
	for range 2 {
		c.keepInRedis(s)
		w := s.revise(c.nodes[0])
		lock, err := c.sql.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lock.Exec(t.Context(), "LOCK TABLE property_changes IN ACCESS EXCLUSIVE MODE"); err != nil {
			t.Fatal(err)
		}
		locked := c.exec("SELECT pg_current_xact_id()") // as long as no transaction ends there is nothing to look for
		asked := c.askOn(s, w)
		until(locked.Add(maxStaleness + 100*time.Millisecond))
		for path, want := range s.looks() {
			for _, n := range c.nodes {
				r := n.get(path)
				status := r.header.Get("Cache-Status")
				if shown(r.answer) != want || strings.Contains(status, "hit") || !strings.Contains(status, "fwd=bypass") {
					t.Errorf("process %s: %s shows %q, want %q (%s)", n.name, path, shown(r.answer), want, status)
				}
			}
		}
		for _, n := range c.nodes {
			if r := n.get("/readyz"); r.status != http.StatusOK || !strings.HasPrefix(r.body, `{"status":"degraded"`) ||
				!strings.Contains(r.body, `"feed":{"status":"degraded"`) || !strings.Contains(r.body, `"database":{"status":"ok"`) {
				t.Errorf("process %s says of itself: %d, %s", n.name, r.status, r.body)
			}
		}
		asked.end()
		if marked, refused := asked.kinds["marked"].Load(), asked.kinds["refused"].Load(); marked+refused > 0 {
			t.Errorf("though the database answers, %d answers were marked as old, and %d refused", marked, refused)
		}
		if err := lock.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, n := range c.nodes {
			n.settle()
		}
		c.holdTrue(s, "after the feed went on", 2)
	}
}
