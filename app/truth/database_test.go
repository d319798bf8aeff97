//go:build unix

package truth

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/apptest"
)

// eachDatabase acts on every process's link to the database.
func eachDatabase(c *apptest.Cluster, act func(*apptest.Link)) {
	for _, n := range c.Nodes {
		act(n.Database)
	}
}

// A database far away, or a busy one, slows down every poll of the feed, every notification and every load. All
// promises hold nevertheless.
func TestASlowWayToTheDatabaseMakesNoAnswerOlder(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{Links: true})
	s := newSubject(c)
	for _, delay := range []int{30, 150} {
		eachDatabase(c, func(l *apptest.Link) { l.Slow(delay) })
		checkFreshness(c, s, fmt.Sprintf("with %d ms to the database", delay), 2)
		eachDatabase(c, (*apptest.Link).Mend)
	}
	c.Nodes[1].Database.Slow(150)
	checkFreshness(c, s, "with one process far away", 2)
	c.Nodes[1].Database.Mend()
	checkFreshness(c, s, "with a quick way again", 2)
}

// readersPause is the time between two requests of a reader. Without it the readers of a test keep both processes and
// the database so busy that expensive queries are refused on a small machine.
const readersPause = 25 * time.Millisecond

// readers request the subject's paths from the processes, each with its own headers, until they are stopped.
type readers struct {
	c       *apptest.Cluster
	s       *subject
	written time.Time // when the subject was changed last
	kinds   map[string]*atomic.Int64
	running sync.WaitGroup
	stop    context.CancelFunc
}

// startReaders starts readers. Every answer they get has to be true, or marked as possibly old. Readers that want the
// latest state, or have the token, get the truth or a refusal.
func startReaders(c *apptest.Cluster, s *subject, w apptest.Written) *readers {
	ctx, stop := context.WithCancel(c.T.Context())
	r := &readers{c: c, s: s, written: w.At, stop: stop, kinds: map[string]*atomic.Int64{}}
	for _, kind := range []string{"true", "marked", "refused", "sessions refused"} {
		r.kinds[kind] = new(atomic.Int64)
	}
	for path, want := range s.expected() {
		for _, n := range c.Nodes {
			for _, headers := range [][]string{
				nil, {"Cache-Control", "max-stale=60"}, {"Cache-Control", "no-cache"}, {apptest.TokenHeader, w.Token},
			} {
				r.running.Go(func() {
					for ctx.Err() == nil {
						r.ask(n, path, want, headers)
						time.Sleep(readersPause)
					}
				})
			}
		}
	}
	c.T.Cleanup(r.end)
	return r
}

func (r *readers) ask(n *apptest.Node, path, want string, headers []string) {
	got, err := n.Try(http.MethodGet, path, "", headers...)
	if err != nil {
		r.c.T.Errorf("process %s: %s: %v", n.Name, path, err)
		return
	}
	bears := headers == nil || headers[1] == "max-stale=60"
	status, age := got.Header.Get("Cache-Status"), got.Began.Sub(r.written)
	switch marked := strings.Contains(status, "detail=stale"); {
	case got.Status == http.StatusServiceUnavailable && got.Header.Get("Retry-After") != "":
		if headers != nil && headers[0] == apptest.TokenHeader {
			r.kinds["sessions refused"].Add(1)
		} else {
			r.kinds["refused"].Add(1)
		}
	case marked && bears && got.Header.Get("Age") != "":
		r.kinds["marked"].Add(1)
	case !marked && (apptest.Shown(got.Answer) == want || got.Status == http.StatusOK && bears &&
		age < apptest.MaxStaleness):
		r.kinds["true"].Add(1)
	default:
		r.c.T.Errorf("process %s: %s %q, asked %s after the write, shows %q, want %q (%s, age %q)",
			n.Name, path, headers, age, apptest.Shown(got.Answer), want, status, got.Header.Get("Age"))
	}
}

// end stops the readers, and returns when they have their last answers.
func (r *readers) end() {
	r.stop()
	r.running.Wait()
}

// A server that stands still answers nothing, and neither do its connections. No reader is shown less than was
// promised, and when the server goes on all processes agree.
func TestAFrozenDatabaseHidesNothingAndLosesNothing(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{OwnPostgres: true, Settings: []string{"GABLE_DATABASE_QUERY_TIMEOUT=1s"}})
	s := newSubject(c)
	for range 2 {
		cacheInRedis(c, s)
		w := s.update(c.Nodes[0])
		c.Postgres.Pause()
		asked := startReaders(c, s, w)
		apptest.Until(w.At.Add(3 * apptest.MaxStaleness))
		inTheFrost := `{"title":"in the frost"}`
		c.Nodes[1].Do(http.MethodPatch, apptest.ItemPath(s.id), inTheFrost, "Content-Type", apptest.PatchType).
			Must(http.StatusServiceUnavailable)
		asked.end()
		if marked, refused := asked.kinds["marked"].Load(), asked.kinds["refused"].Load(); marked == 0 || refused == 0 {
			t.Errorf("while the database stood still %d answers were marked, and %d refused", marked, refused)
		}
		c.Postgres.Resume()
		for _, n := range c.Nodes {
			n.Settle()
			tryConnections(n)
		}
		// from here on, refused writes, which the server may have stored when it went on, can no longer be stored
		s.updateEventually(c.Nodes)
		s.round = version(c, s.id)
		checkFreshness(c, s, "after the frost", 2)
	}
}

func version(c *apptest.Cluster, id string) (version int) {
	c.T.Helper()
	if err := c.Sql.QueryRow(c.T.Context(), "SELECT version FROM properties WHERE id = $1", id).
		Scan(&version); err != nil {
		c.T.Fatal(err)
	}
	return version
}

// Only the table of changes is out of reach: the feed delivers nothing, and the listings can be read as ever. Once the
// caches are too old to be trusted, every read goes to the database. Reads of a session are refused, since no token
// can say what they have seen.
func TestWhenOnlyTheFeedStandsStillTheDatabaseIsAsked(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{Settings: []string{"GABLE_DATABASE_QUERY_TIMEOUT=3s"}})
	s := newSubject(c)
	for range 2 {
		cacheInRedis(c, s)
		w := s.update(c.Nodes[0])
		lock, err := c.Sql.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lock.Exec(t.Context(), "LOCK TABLE property_changes IN ACCESS EXCLUSIVE MODE"); err != nil {
			t.Fatal(err)
		}
		locked := c.Exec("SELECT pg_current_xact_id()") // until a transaction ends, the feed has nothing to poll for
		asked := startReaders(c, s, w)
		apptest.Until(locked.Add(apptest.MaxStaleness + 100*time.Millisecond))
		for path, want := range s.expected() {
			for _, n := range c.Nodes {
				r := n.Get(path)
				status := r.Header.Get("Cache-Status")
				if apptest.Shown(r.Answer) != want || strings.Contains(status, "hit") || !strings.Contains(status, "fwd=bypass") {
					t.Errorf("process %s: %s shows %q, want %q (%s)", n.Name, path, apptest.Shown(r.Answer), want, status)
				}
			}
		}
		for _, n := range c.Nodes {
			if r := n.Get("/readyz"); r.Status != http.StatusOK || !strings.HasPrefix(r.Body, `{"status":"degraded"`) ||
				!strings.Contains(r.Body, `"feed":{"status":"degraded"`) || !strings.Contains(r.Body, `"database":{"status":"ok"`) {
				t.Errorf("process %s reports readiness %d, %s", n.Name, r.Status, r.Body)
			}
		}
		asked.end()
		if marked, refused := asked.kinds["marked"].Load(), asked.kinds["refused"].Load(); marked+refused > 0 {
			t.Errorf("though the database answers, %d answers were marked as old, and %d refused", marked, refused)
		}
		if err := lock.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, n := range c.Nodes {
			n.Settle()
		}
		checkFreshness(c, s, "after the feed went on", 2)
	}
}
