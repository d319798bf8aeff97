//go:build unix

package main

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
)

// A reader who hands on what the last answer gave it never sees less than it has seen or written, whichever process it
// asks, while others write through both processes and beside them.
func TestASessionNeverGoesBackWhicheverProcessItAsks(t *testing.T) {
	t.Parallel()
	newCluster(t, plan{}).holdSessions()
}

func (c *cluster) holdSessions() {
	t := c.t
	t.Helper()
	p := c.nodes[0].create("session", 1000)
	paths := []string{itemPath(p.ID), "/v1/properties?min_price=1000&max_price=1000", "/v1/properties?q=session&fields=version"}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var writers sync.WaitGroup
	for i, n := range c.nodes {
		writers.Go(func() {
			for k := 0; ctx.Err() == nil; k++ {
				if _, err := n.try(http.MethodPatch, itemPath(p.ID), fmt.Sprintf(`{"description":"%d-%d"}`, i, k), "Content-Type", patchType); err != nil {
					t.Error(err)
				}
				_, _ = c.sql.Exec(ctx, "UPDATE properties SET description = $1", fmt.Sprint(k))
				breathe(ctx)
			}
		})
	}
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			token, seen := "*", 0
			for i := range 150 {
				n := c.nodes[rand.IntN(2)]
				r, err := n.try(http.MethodGet, paths[i%len(paths)], "", tokenHeader, token)
				if err != nil || r.status != http.StatusOK {
					t.Errorf("status %d, %v", r.status, err)
					return
				}
				version := versionIn(r.body)
				if version < seen {
					t.Errorf("process %s shows version %d at %s, %d was seen before (%s)", n.name, version, paths[i%len(paths)], seen, r.header.Get("Cache-Status"))
				}
				if token = r.header.Get(tokenHeader); token == "" {
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

// What one reader was shown, and told to another with the token, the other is shown too: here a change by SQL that the
// second process could not have known of in time.
func TestATokenCarriesWhatWasSeenToAnotherReader(t *testing.T) {
	t.Parallel()
	c := newCluster(t, plan{settings: []string{"GABLE_FRESHNESS_BELL=false", "GABLE_FRESHNESS_POLL_INTERVAL=900ms", "GABLE_FRESHNESS_IDLE_POLL_INTERVAL=900ms"}})
	a, b := c.nodes[0], c.nodes[1]
	s := c.newSubject()
	for range 3 {
		for path := range s.looks() {
			warm(t, c.nodes, path)
		}
		s.round++
		c.exec("UPDATE properties SET title = $1", fmt.Sprintf("subject v%d", s.round))
		seen := a.get(itemPath(s.id), "Cache-Control", "no-cache", tokenHeader, "*")
		for path, want := range s.looks() {
			if got := b.get(path, tokenHeader, seen.header.Get(tokenHeader)); shown(got.answer) != want {
				t.Errorf("%s shows %q, want %q (%s)", path, shown(got.answer), want, got.header.Get("Cache-Status"))
			}
		}
	}
}

// A process that changes a listing counts it as it is, and not as it was before others changed it, though the feed has not
// brought what they did.
func TestACountHasWhatOthersDidBeforeOnesOwnChange(t *testing.T) {
	t.Parallel()
	c := newCluster(t, plan{settings: []string{"GABLE_FRESHNESS_BELL=false", "GABLE_FRESHNESS_POLL_INTERVAL=900ms", "GABLE_FRESHNESS_IDLE_POLL_INTERVAL=900ms"}})
	a := c.nodes[0]
	p := a.create("counted", 1000)
	paths := map[string]int{
		"/v1/properties?max_price=1500&limit=1&count=exact": 1500, "/v1/properties?max_price=2500&limit=1&count=exact": 2500,
	}
	for i, sql := range []string{
		"UPDATE properties SET price = 2000",
		"DO $$ BEGIN UPDATE properties SET price = 3000; EXCEPTION WHEN division_by_zero THEN END $$", // in a subtransaction
		"UPDATE properties SET price = 1200",
	} {
		for path := range paths {
			warm(t, []*node{a}, path)
		}
		c.exec(sql)
		title := fmt.Sprintf("counted %d", i)
		w := a.patch(p.ID, fmt.Sprintf(`{"title":%q}`, title))
		for path, most := range paths {
			want := " (0)"
			if price := []int{2000, 3000, 1200}[i]; price <= most {
				want = title + " (1)"
			}
			a.shows(w.at, 0, path, want)
		}
	}
}

// Every change is seen by whoever asks for the latest state after it was made, and by whoever asks after that.
func TestLinearizableReadsFollowRealTime(t *testing.T) {
	t.Parallel()
	newCluster(t, plan{}).holdLinearizable()
}

func (c *cluster) holdLinearizable() {
	t := c.t
	t.Helper()
	p := c.nodes[0].create("present", 1000)
	path := "/v1/properties?min_price=1000&sort=price"
	var newest atomic.Int64 // acknowledged, or shown to anybody
	newest.Store(1)
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for i := range 4 {
		readers.Go(func() {
			for k := i; ctx.Err() == nil; k++ {
				n := c.nodes[k%2]
				floor := int(newest.Load())
				r, err := n.try(http.MethodGet, []string{itemPath(p.ID), path}[k/2%2], "", "Cache-Control", "no-cache")
				if err != nil || versionIn(r.body) < floor {
					t.Errorf("process %s shows version %d, %d was known before (%v)", n.name, versionIn(r.body), floor, err)
					return
				}
				raise(&newest, versionIn(r.body))
			}
		})
	}
	for k := range 60 {
		if k%3 == 0 {
			var version int
			if err := c.sql.QueryRow(t.Context(), "UPDATE properties SET title = $1 RETURNING version", fmt.Sprint(k)).Scan(&version); err != nil {
				t.Fatal(err)
			}
			raise(&newest, version)
			continue
		}
		raise(&newest, c.nodes[k%2].patch(p.ID, fmt.Sprintf(`{"title":"present %d"}`, k)).Version)
	}
	stop()
	readers.Wait()
}

func TestOnlyIfCachedIsAnsweredFromACacheOrNotAtAll(t *testing.T) {
	t.Parallel()
	c := newCluster(t, plan{})
	n := c.nodes[0]
	p := n.create("kept", 1)
	n.get(itemPath(newTestID().String()), "Cache-Control", "only-if-cached").must(http.StatusGatewayTimeout)
	warm(t, c.nodes, itemPath(p.ID))
	if r := n.get(itemPath(p.ID), "Cache-Control", "only-if-cached"); shown(r.answer) != "kept 1.00 v1" {
		t.Errorf("a kept answer: %q", shown(r.answer))
	}
	w := c.nodes[1].patch(p.ID, `{"title":"changed"}`)
	until(w.at.Add(maxStaleness))
	if r := n.get(itemPath(p.ID), "Cache-Control", "only-if-cached"); shown(r.answer) != "changed 1.00 v2" && r.status != http.StatusGatewayTimeout {
		t.Errorf("after a change elsewhere: %q", shown(r.answer))
	}
}

// The database is gone for good: answers say that they may be old, and how old; after the time that was configured they
// are no longer given, but to readers who bear more. Nothing is written, and nothing is called the present.
func TestWithoutTheDatabaseAnswersAreMarkedAndThenRefused(t *testing.T) {
	t.Parallel()
	const bound = 3 * time.Second
	c := newCluster(t, plan{ownPostgres: true, settings: []string{"GABLE_FRESHNESS_STALE_IF_ERROR=3s"}})
	s := c.newSubject()
	for path, want := range s.looks() {
		warm(t, c.nodes, path)
		for _, n := range c.nodes {
			n.shows(time.Now(), 0, path, want)
		}
	}
	for path := range s.looks() {
		for _, n := range c.nodes {
			n.get(path, "Cache-Control", "no-cache") // no change is on its way any more that a count would be loaded anew for
		}
	}
	before := time.Now()
	c.postgres.Kill()
	killed := time.Now()
	refuse := func(r reply) {
		t.Helper()
		if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" {
			t.Errorf("%s after the end of the database: %d, Retry-After %q, %q", r.began.Sub(killed), r.status, r.header.Get("Retry-After"), r.header.Get("Cache-Status"))
		}
	}
	for _, n := range c.nodes {
		for path, want := range s.looks() {
			poll(t, path+" is refused in the end", func() bool {
				r := n.get(path)
				marked := strings.Contains(r.header.Get("Cache-Status"), "detail=stale")
				age, err := strconv.Atoi(r.header.Get("Age"))
				switch after := r.began.Sub(killed); {
				case r.status == http.StatusServiceUnavailable:
					if r.began.Sub(before) < bound-time.Second {
						t.Errorf("%s: refused after %s already: %s", path, after, r.body)
					}
					return true
				case shown(r.answer) != want:
					t.Errorf("%s shows %q, want %q", path, shown(r.answer), want)
				case !marked && after > maxStaleness:
					t.Errorf("%s: not marked as stale after %s (%s)", path, after, r.header.Get("Cache-Status"))
				case marked && (err != nil || time.Duration(age+1)*time.Second < after):
					t.Errorf("%s: says %q of its age after %s", path, r.header.Get("Age"), after)
				case after > bound+time.Second:
					t.Errorf("%s: still served after %s", path, after)
				}
				return t.Failed()
			})
			refuse(n.get(path, "Cache-Control", "no-cache"))
			refuse(n.get(path))
			refuse(n.get(path, "Cache-Control", "max-stale=1"))
			if r := n.get(path, "Cache-Control", "max-stale=600"); shown(r.answer) != want || r.header.Get("Age") == "" {
				t.Errorf("%s asked with max-stale shows %q, age %q", path, shown(r.answer), r.header.Get("Age"))
			}
		}
		refuse(n.do(http.MethodPatch, itemPath(s.id), `{"title":"refused"}`, "Content-Type", patchType))
		refuse(n.do(http.MethodDelete, itemPath(s.id), ""))
	}
	c.postgres.Start()
	for _, n := range c.nodes {
		n.settle()
	}
	s.reviseAtLast(c.nodes)
	c.holdTrue(s, "after the database came back", 2)
}

// The database is restarted under load: no acknowledged write is lost, and no reader is shown anything older than it says.
func TestARestartedDatabaseLosesNothingAndHidesNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, plan{ownPostgres: true})
	s := c.newSubject()
	for _, end := range []func(){c.postgres.Kill, c.postgres.Stop} {
		c.holdThrough(s, func() {
			end()
			c.postgres.Start()
		})
	}
}

// holdThrough has the database go away just after an acknowledged write, and come back.
func (c *cluster) holdThrough(s *subject, outage func()) {
	t := c.t
	t.Helper()
	for path := range s.looks() {
		warm(t, c.nodes, path)
	}
	w := s.revise(c.nodes[0])
	outage()
	for _, n := range c.nodes {
		for path, want := range s.looks() {
			poll(t, path+" is answered again", func() bool {
				r := n.get(path)
				marked := strings.Contains(r.header.Get("Cache-Status"), "detail=stale")
				if r.status == http.StatusOK && !marked && r.began.Sub(w.at) > maxStaleness && shown(r.answer) != want {
					t.Errorf("process %s: %s shows %q %s after the write, want %q", n.name, path, shown(r.answer), r.began.Sub(w.at), want)
				}
				return r.status == http.StatusOK && !marked && shown(r.answer) == want || t.Failed()
			})
		}
		n.settle()
	}
	c.sql.Reset()
	s.reviseAtLast(c.nodes)
	c.holdTrue(s, "after the outage", 2)
}

// A process that cannot hear the feed any more, though nobody has told it so, stops trusting its caches in time.
func TestAProcessWhoseFeedHasGoneQuietShowsNothingOldUnmarked(t *testing.T) {
	t.Parallel()
	c := newCluster(t, plan{links: true, settings: []string{"GABLE_DATABASE_QUERY_TIMEOUT=500ms"}})
	a, b := c.nodes[0], c.nodes[1]
	s := c.newSubject()
	for _, hurt := range []func(*link){(*link).swallow, (*link).loseAnswers, (*link).cut} {
		for path := range s.looks() {
			warm(t, c.nodes, path)
		}
		hurt(b.database)
		w := s.revise(a)
		for w.at.Add(maxStaleness + 500*time.Millisecond).After(time.Now()) {
			for path, want := range s.looks() {
				r := b.get(path)
				marked := strings.Contains(r.header.Get("Cache-Status"), "detail=stale")
				if r.status == http.StatusOK && !marked && r.began.Sub(w.at) > maxStaleness && shown(r.answer) != want {
					t.Errorf("%s shows %q %s after the write, want %q (%s)", path, shown(r.answer), r.began.Sub(w.at), want, r.header.Get("Cache-Status"))
				}
			}
		}
		b.database.mend()
		b.settle()
		c.holdTrue(s, "after the feed came back", 2)
	}
}

// Without the bell, writers elsewhere are seen at the next poll.
func TestALostBellDelaysNoReaderLongerThanPromised(t *testing.T) {
	t.Parallel()
	c := newCluster(t, plan{settings: []string{"GABLE_FRESHNESS_BELL=false"}})
	c.holdTrue(c.newSubject(), "without a bell", 6)
}
