//go:build unix

package truth

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/apptest"
)

// A reader that passes on the token of the last answer never sees less than it has seen or written. That holds
// whichever process it asks, while others write through both processes and around them.
func TestASessionNeverGoesBackWhicheverProcessItAsks(t *testing.T) {
	t.Parallel()
	checkSessions(apptest.NewCluster(t, apptest.Plan{}))
}

func checkSessions(c *apptest.Cluster) {
	t := c.T
	t.Helper()
	p := c.Nodes[0].Create("session", 1000)
	paths := []string{apptest.ItemPath(p.ID), "/v1/properties?min_price=1000&max_price=1000",
		"/v1/properties?q=session&fields=version"}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var writers sync.WaitGroup
	for i, n := range c.Nodes {
		writers.Go(func() {
			for k := 0; ctx.Err() == nil; k++ {
				if _, err := n.Try(http.MethodPatch, apptest.ItemPath(p.ID), fmt.Sprintf(`{"description":"%d-%d"}`, i, k),
					"Content-Type", apptest.PatchType); err != nil {
					t.Error(err)
				}
				_, _ = c.Sql.Exec(ctx, "UPDATE properties SET description = $1", fmt.Sprint(k))
				breathe(ctx)
			}
		})
	}
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			token, seen := "*", 0
			for i := range 150 {
				n := c.Nodes[rand.IntN(2)]
				r, err := n.Try(http.MethodGet, paths[i%len(paths)], "", apptest.TokenHeader, token)
				if err != nil || r.Status != http.StatusOK {
					t.Errorf("status %d, %v", r.Status, err)
					return
				}
				version := apptest.VersionIn(r.Body)
				if version < seen {
					t.Errorf("process %s shows version %d at %s, %d was seen before (%s)", n.Name, version, paths[i%len(paths)],
						seen, r.Header.Get("Cache-Status"))
				}
				if token = r.Header.Get(apptest.TokenHeader); token == "" {
					t.Error("a session read is answered without a token")
					return
				}
				seen = version
			}
		})
	}
	readers.Wait()
	stop()
	writers.Wait()
}

// A reader with another reader's token is shown what that reader was shown. Here it is a change by SQL that the feed
// could not have delivered to the second process in time.
func TestATokenCarriesWhatWasSeenToAnotherReader(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t,
		apptest.Plan{Settings: []string{"GABLE_FRESHNESS_NOTIFY=false", "GABLE_FRESHNESS_POLL_INTERVAL=900ms",
			"GABLE_FRESHNESS_IDLE_POLL_INTERVAL=900ms"}})
	a, b := c.Nodes[0], c.Nodes[1]
	s := newSubject(c)
	for range 3 {
		for path := range s.expected() {
			apptest.Warm(t, c.Nodes, path)
		}
		s.round++
		c.Exec("UPDATE properties SET title = $1", fmt.Sprintf("subject v%d", s.round))
		seen := a.Get(apptest.ItemPath(s.id), "Cache-Control", "no-cache", apptest.TokenHeader, "*")
		for path, want := range s.expected() {
			if got := b.Get(path, apptest.TokenHeader, seen.Header.Get(apptest.TokenHeader)); apptest.Shown(got.Answer) != want {
				t.Errorf("%s shows %q, want %q (%s)", path, apptest.Shown(got.Answer), want, got.Header.Get("Cache-Status"))
			}
		}
	}
}

// A process that changes a listing counts it as it is, and not as it was before others changed it. That holds although
// the feed has not delivered the others' changes.
func TestACountHasWhatOthersDidBeforeOnesOwnChange(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t,
		apptest.Plan{Settings: []string{"GABLE_FRESHNESS_NOTIFY=false", "GABLE_FRESHNESS_POLL_INTERVAL=900ms",
			"GABLE_FRESHNESS_IDLE_POLL_INTERVAL=900ms"}})
	a := c.Nodes[0]
	p := a.Create("counted", 1000)
	paths := map[string]int{
		"/v1/properties?max_price=1500&limit=1&count=exact": 1500, "/v1/properties?max_price=2500&limit=1&count=exact": 2500,
	}
	for i, sql := range []string{
		"UPDATE properties SET price = 2000",
		"DO $$ BEGIN UPDATE properties SET price = 3000; EXCEPTION WHEN division_by_zero THEN END $$", // in a subtransaction
		"UPDATE properties SET price = 1200",
	} {
		for path := range paths {
			apptest.Warm(t, []*apptest.Node{a}, path)
		}
		c.Exec(sql)
		title := fmt.Sprintf("counted %d", i)
		w := a.Patch(p.ID, fmt.Sprintf(`{"title":%q}`, title))
		for path, most := range paths {
			want := " (0)"
			if price := []int{2000, 3000, 1200}[i]; price <= most {
				want = title + " (1)"
			}
			a.Shows(w.At, 0, path, want)
		}
	}
}

// A read for the latest state sees every change made before it, and so does every later one.
func TestLinearizableReadsFollowRealTime(t *testing.T) {
	t.Parallel()
	checkLinearizable(apptest.NewCluster(t, apptest.Plan{}))
}

func checkLinearizable(c *apptest.Cluster) {
	t := c.T
	t.Helper()
	p := c.Nodes[0].Create("present", 1000)
	path := "/v1/properties?min_price=1000&sort=price"
	var newest atomic.Int64 // acknowledged or shown
	newest.Store(1)
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for i := range 4 {
		readers.Go(func() {
			for k := i; ctx.Err() == nil; k++ {
				n := c.Nodes[k%2]
				floor := int(newest.Load())
				r, err := n.Try(http.MethodGet, []string{apptest.ItemPath(p.ID), path}[k/2%2], "", "Cache-Control", "no-cache")
				if err != nil || apptest.VersionIn(r.Body) < floor {
					t.Errorf("process %s shows version %d, %d was known before (%v)", n.Name, apptest.VersionIn(r.Body), floor, err)
					return
				}
				raise(&newest, apptest.VersionIn(r.Body))
			}
		})
	}
	for k := range 60 {
		if k%3 == 0 {
			var version int
			if err := c.Sql.QueryRow(t.Context(), "UPDATE properties SET title = $1 RETURNING version", fmt.Sprint(k)).
				Scan(&version); err != nil {
				t.Fatal(err)
			}
			raise(&newest, version)
			continue
		}
		raise(&newest, c.Nodes[k%2].Patch(p.ID, fmt.Sprintf(`{"title":"present %d"}`, k)).Version)
	}
	stop()
	readers.Wait()
}

func TestOnlyIfCachedIsAnsweredFromACacheOrNotAtAll(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{})
	n := c.Nodes[0]
	p := n.Create("cached", 1)
	n.Get(apptest.ItemPath(apptest.NewID().String()), "Cache-Control", "only-if-cached").Must(http.StatusGatewayTimeout)
	apptest.Warm(t, c.Nodes, apptest.ItemPath(p.ID))
	if r := n.Get(apptest.ItemPath(p.ID), "Cache-Control", "only-if-cached"); apptest.Shown(r.Answer) != "cached 1.00 v1" {
		t.Errorf("the cached answer: %q", apptest.Shown(r.Answer))
	}
	w := c.Nodes[1].Patch(p.ID, `{"title":"changed"}`)
	apptest.Until(w.At.Add(apptest.MaxStaleness))
	if r := n.Get(apptest.ItemPath(p.ID), "Cache-Control",
		"only-if-cached"); apptest.Shown(r.Answer) != "changed 1.00 v2" && r.Status != http.StatusGatewayTimeout {
		t.Errorf("after a change elsewhere: %q", apptest.Shown(r.Answer))
	}
}

// The database is gone for good: answers are marked with their age. After the configured time they are refused, except
// to readers that tolerate more. Nothing is written, and no answer claims to be the present.
func TestWithoutTheDatabaseAnswersAreMarkedAndThenRefused(t *testing.T) {
	t.Parallel()
	const bound = 3 * time.Second
	c := apptest.NewCluster(t, apptest.Plan{OwnPostgres: true, Settings: []string{"GABLE_FRESHNESS_STALE_IF_ERROR=3s"}})
	s := newSubject(c)
	for path, want := range s.expected() {
		apptest.Warm(t, c.Nodes, path)
		for _, n := range c.Nodes {
			n.Shows(time.Now(), 0, path, want)
		}
	}
	for path := range s.expected() {
		for _, n := range c.Nodes {
			n.Get(path, "Cache-Control", "no-cache") // no change is pending that would make a count be loaded again
		}
	}
	before := time.Now()
	c.Postgres.Kill()
	killed := time.Now()
	refuse := func(r apptest.Reply) {
		t.Helper()
		if r.Status != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
			t.Errorf("%s after the end of the database: %d, Retry-After %q, %q", r.Began.Sub(killed), r.Status,
				r.Header.Get("Retry-After"), r.Header.Get("Cache-Status"))
		}
	}
	for _, n := range c.Nodes {
		for path, want := range s.expected() {
			apptest.Poll(t, path+" is refused eventually", func() bool {
				r := n.Get(path)
				marked := strings.Contains(r.Header.Get("Cache-Status"), "detail=stale")
				age, err := strconv.Atoi(r.Header.Get("Age"))
				switch after := r.Began.Sub(killed); {
				case r.Status == http.StatusServiceUnavailable:
					if r.Began.Sub(before) < bound-time.Second {
						t.Errorf("%s: refused after %s already: %s", path, after, r.Body)
					}
					return true
				case apptest.Shown(r.Answer) != want:
					t.Errorf("%s shows %q, want %q", path, apptest.Shown(r.Answer), want)
				case !marked && after > apptest.MaxStaleness:
					t.Errorf("%s: not marked as stale after %s (%s)", path, after, r.Header.Get("Cache-Status"))
				case marked && (err != nil || time.Duration(age+1)*time.Second < after):
					t.Errorf("%s: says %q of its age after %s", path, r.Header.Get("Age"), after)
				case after > bound+time.Second:
					t.Errorf("%s: still served after %s", path, after)
				}
				return t.Failed()
			})
			refuse(n.Get(path, "Cache-Control", "no-cache"))
			refuse(n.Get(path))
			refuse(n.Get(path, "Cache-Control", "max-stale=1"))
			if r := n.Get(path, "Cache-Control", "max-stale=600"); apptest.Shown(r.Answer) != want || r.Header.Get("Age") == "" {
				t.Errorf("%s asked with max-stale shows %q, age %q", path, apptest.Shown(r.Answer), r.Header.Get("Age"))
			}
		}
		refuse(n.Do(http.MethodPatch, apptest.ItemPath(s.id), `{"title":"refused"}`, "Content-Type", apptest.PatchType))
		refuse(n.Do(http.MethodDelete, apptest.ItemPath(s.id), ""))
	}
	c.Postgres.Start()
	for _, n := range c.Nodes {
		n.Settle()
	}
	s.updateEventually(c.Nodes)
	checkFreshness(c, s, "after the database came back", 2)
}

// The database is restarted under load: no acknowledged write is lost, and no answer is older than it says.
func TestARestartedDatabaseLosesNothingAndHidesNothing(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{OwnPostgres: true})
	s := newSubject(c)
	for _, end := range []func(){c.Postgres.Kill, c.Postgres.Stop} {
		checkThroughOutage(c, s, func() {
			end()
			c.Postgres.Start()
		})
	}
}

// checkThroughOutage has the database go away just after an acknowledged write, and come back.
func checkThroughOutage(c *apptest.Cluster, s *subject, outage func()) {
	t := c.T
	t.Helper()
	for path := range s.expected() {
		apptest.Warm(t, c.Nodes, path)
	}
	w := s.update(c.Nodes[0])
	outage()
	for _, n := range c.Nodes {
		for path, want := range s.expected() {
			apptest.Poll(t, path+" is answered again", func() bool {
				r := n.Get(path)
				marked := strings.Contains(r.Header.Get("Cache-Status"), "detail=stale")
				if r.Status == http.StatusOK && !marked && r.Began.Sub(w.At) > apptest.MaxStaleness &&
					apptest.Shown(r.Answer) != want {
					t.Errorf("process %s: %s shows %q %s after the write, want %q", n.Name, path, apptest.Shown(r.Answer),
						r.Began.Sub(w.At), want)
				}
				return r.Status == http.StatusOK && !marked && apptest.Shown(r.Answer) == want || t.Failed()
			})
		}
		n.Settle()
	}
	c.Sql.Reset()
	s.updateEventually(c.Nodes)
	checkFreshness(c, s, "after the outage", 2)
}

// A process whose feed is cut off without an error stops trusting its caches in time.
func TestAProcessWhoseFeedHasGoneQuietShowsNothingOldUnmarked(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{Links: true, Settings: []string{"GABLE_DATABASE_QUERY_TIMEOUT=2s"}})
	a, b := c.Nodes[0], c.Nodes[1]
	s := newSubject(c)
	for _, hurt := range []func(*apptest.Link){(*apptest.Link).Swallow, (*apptest.Link).LoseAnswers, (*apptest.Link).Cut} {
		for path := range s.expected() {
			apptest.Warm(t, c.Nodes, path)
		}
		hurt(b.Database)
		w := s.update(a)
		for w.At.Add(apptest.MaxStaleness + 500*time.Millisecond).After(time.Now()) {
			for path, want := range s.expected() {
				r := b.Get(path)
				marked := strings.Contains(r.Header.Get("Cache-Status"), "detail=stale")
				if r.Status == http.StatusOK && !marked && r.Began.Sub(w.At) > apptest.MaxStaleness &&
					apptest.Shown(r.Answer) != want {
					t.Errorf("%s shows %q %s after the write, want %q (%s)", path, apptest.Shown(r.Answer), r.Began.Sub(w.At), want,
						r.Header.Get("Cache-Status"))
				}
			}
		}
		b.Database.Mend()
		b.Settle()
		checkFreshness(c, s, "after the feed came back", 2)
	}
}

// Without notifications, writes elsewhere are seen at the next poll.
func TestALostNotificationDelaysNoReaderLongerThanPromised(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{Settings: []string{"GABLE_FRESHNESS_NOTIFY=false"}})
	checkFreshness(c, newSubject(c), "without notifications", 6)
}
