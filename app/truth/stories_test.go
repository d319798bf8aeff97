//go:build unix

package truth

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/apptest"
)

// stage is one story's part of a shared database: listings whose prices lie in a band of their own.
type stage struct {
	*apptest.Cluster
	t              *testing.T
	low            int
	writer, reader *apptest.Node
}

// band returns a search for the listings with prices in a part of the stage's own band.
func (s *stage) band(from, to int, more string) string {
	return fmt.Sprintf("/v1/properties?min_price=%d&max_price=%d&sort=price%s", s.low+from, s.low+to, more)
}

func (s *stage) all(more string) string { return s.band(0, stageWidth-1, more) }

func (s *stage) create(title string, price int) apptest.Written {
	return s.writer.Create(title, s.low+price)
}

func (s *stage) reprice(id string, price int) apptest.Written {
	return s.writer.Patch(id, fmt.Sprintf(`{"price":%d}`, s.low+price))
}

// item returns what a listing shows.
func (s *stage) item(title string, price, version int) string {
	return fmt.Sprintf("%s %d.00 v%d", title, s.low+price, version)
}

const stageWidth = 1000

// scene is a write and what is shown before and after it, by path. All processes cache everything before the write.
type scene struct {
	before, after map[string]string
	act           func() apptest.Written
	beside        bool // the write goes around the program
}

// stories are the ways in which caches are known to be wrong.
var stories = []struct {
	name  string
	stage func(s *stage) scene
}{
	{"a listing is changed", func(s *stage) scene {
		p := s.create("one", 100)
		item := apptest.ItemPath(p.ID)
		return scene{
			before: map[string]string{item: s.item("one", 100, 1), s.all(""): "one"},
			act:    func() apptest.Written { return s.writer.Patch(p.ID, `{"title":"two"}`) },
			after:  map[string]string{item: s.item("two", 100, 2), s.all(""): "two"},
		}
	}},
	{"a listing is replaced", func(s *stage) scene {
		p := s.create("old", 100)
		item := apptest.ItemPath(p.ID)
		body := fmt.Sprintf(`{"title":"new","price":%d,"location":"There"}`, s.low+50)
		return scene{
			before: map[string]string{item: s.item("old", 100, 1), s.band(0, 60, ""): ""},
			act:    func() apptest.Written { return s.writer.Write(http.MethodPut, item, body, http.StatusOK) },
			after:  map[string]string{item: s.item("new", 50, 2), s.band(0, 60, ""): "new"},
		}
	}},
	{"a row moves between two cached searches", func(s *stage) scene {
		s.create("near", 100)
		mover := s.create("mover", 200)
		s.create("far", 900)
		cheap, dear := s.band(0, 500, ""), s.band(501, 999, "")
		return scene{
			before: map[string]string{cheap: "near mover", dear: "far"},
			act:    func() apptest.Written { return s.reprice(mover.ID, 950) },
			after:  map[string]string{cheap: "near", dear: "far mover"},
		}
	}},
	{"a row enters the middle of a full page", func(s *stage) scene {
		s.create("p1", 100)
		s.create("p3", 300)
		last := s.create("p4", 400)
		return scene{
			before: map[string]string{s.all("&limit=2"): "p1 p3"},
			act:    func() apptest.Written { return s.reprice(last.ID, 200) },
			after:  map[string]string{s.all("&limit=2"): "p1 p4"},
		}
	}},
	{"a cached absence ends", func(s *stage) scene {
		id := apptest.NewID().String()
		return scene{
			before: map[string]string{apptest.ItemPath(id): "absent"},
			act: func() apptest.Written {
				return apptest.Written{At: s.Exec("INSERT INTO properties (id, title, price, location) "+
					"VALUES ($1, 'born', $2, 'Here')", id, s.low)}
			},
			after:  map[string]string{apptest.ItemPath(id): s.item("born", 0, 1)},
			beside: true,
		}
	}},
	{"a cached empty page gets its first listing", func(s *stage) scene {
		return scene{
			before: map[string]string{s.all(""): "", s.all("&count=exact"): " (0)"},
			act:    func() apptest.Written { return s.create("first", 5) },
			after:  map[string]string{s.all(""): "first", s.all("&count=exact"): "first (1)"},
		}
	}},
	{"a listing is removed", func(s *stage) scene {
		p := s.create("gone", 1)
		s.create("stays", 2)
		return scene{
			before: map[string]string{apptest.ItemPath(p.ID): s.item("gone", 1, 1), s.all("&count=exact&limit=1"): "gone (2)"},
			act:    func() apptest.Written { return s.writer.Remove(p.ID) },
			after:  map[string]string{apptest.ItemPath(p.ID): "absent", s.all("&count=exact&limit=1"): "stays (1)"},
		}
	}},
	{"a value is changed and changed back", func(s *stage) scene {
		p := s.create("same", 7)
		return scene{
			before: map[string]string{apptest.ItemPath(p.ID): s.item("same", 7, 1), s.band(7, 7, ""): "same",
				s.band(8, 8, ""): ""},
			act: func() apptest.Written {
				s.reprice(p.ID, 8)
				return s.reprice(p.ID, 7)
			},
			after: map[string]string{apptest.ItemPath(p.ID): s.item("same", 7, 3), s.band(7, 7, ""): "same",
				s.band(8, 8, ""): ""},
		}
	}},
	{"listings are imported", func(s *stage) scene {
		return scene{
			before: map[string]string{s.all(""): ""},
			act: func() apptest.Written {
				csv := fmt.Sprintf("reference,title,price,location\nr-%d-1,first,%d,Here\nr-%d-2,second,%d,Here\n", s.low, s.low,
					s.low, s.low+1)
				r := s.writer.Do(http.MethodPost, "/v1/imports", csv, "Content-Type", "text/csv")
				r.Must(http.StatusOK)
				return apptest.Written{At: time.Now(), Token: r.Header.Get(apptest.TokenHeader)}
			},
			after: map[string]string{s.all(""): "first second"},
		}
	}},
	{"SQL updates many rows", func(s *stage) scene {
		s.create("x", 1)
		s.create("y", 2)
		return scene{
			before: map[string]string{s.band(0, 99, ""): "x y", s.band(100, 199, "&count=exact"): " (0)"},
			act: func() apptest.Written {
				return apptest.Written{At: s.Exec("UPDATE properties SET price = price + 100 WHERE price BETWEEN $1 AND $2",
					s.low, s.low+99)}
			},
			after:  map[string]string{s.band(0, 99, ""): "", s.band(100, 199, "&count=exact"): "x y (2)"},
			beside: true,
		}
	}},
	{"SQL inserts and deletes in one transaction", func(s *stage) scene {
		p := s.create("out", 1)
		return scene{
			before: map[string]string{apptest.ItemPath(p.ID): s.item("out", 1, 1), s.all(""): "out"},
			act: func() apptest.Written {
				return apptest.Written{At: s.Exec(`WITH gone AS (DELETE FROM properties WHERE id = $1 RETURNING price)
					INSERT INTO properties (title, price, location) SELECT 'in', price + 1, 'Here' FROM gone`, p.ID)}
			},
			after:  map[string]string{apptest.ItemPath(p.ID): "absent", s.all(""): "in"},
			beside: true,
		}
	}},
	{"COPY brings rows", func(s *stage) scene {
		return scene{
			before: map[string]string{s.all("&count=exact"): " (0)"},
			act: func() apptest.Written {
				return apptest.Written{At: s.CopyIn([]any{"c1", s.low + 1}, []any{"c2", s.low + 2})}
			},
			after:  map[string]string{s.all("&count=exact"): "c1 c2 (2)"},
			beside: true,
		}
	}},
	{"one statement changes more rows than are recorded one by one", func(s *stage) scene {
		s.Exec("INSERT INTO properties (title, price, location) SELECT 'mass', $1, 'Here' FROM generate_series(1, 1100)",
			s.low)
		p := s.create("bystander", 3)
		return scene{
			before: map[string]string{s.band(0, 0, "&count=exact&limit=1"): "mass (1100)",
				apptest.ItemPath(p.ID): s.item("bystander", 3, 1)},
			act: func() apptest.Written {
				return apptest.Written{At: s.Exec("UPDATE properties SET price = price + 1, title = 'moved' "+
					"WHERE price BETWEEN $1 AND $2", s.low, s.low+3)}
			},
			after: map[string]string{s.band(0, 1, "&count=exact&limit=1"): "moved (1100)",
				apptest.ItemPath(p.ID): s.item("moved", 4, 2)},
			beside: true,
		}
	}},
	{"TRUNCATE empties the table", func(s *stage) scene {
		p := s.create("doomed", 1)
		return scene{
			before: map[string]string{apptest.ItemPath(p.ID): s.item("doomed", 1, 1), s.all("&count=exact"): "doomed (1)"},
			act:    func() apptest.Written { return apptest.Written{At: s.Exec("TRUNCATE properties")} },
			after:  map[string]string{apptest.ItemPath(p.ID): "absent", s.all("&count=exact"): " (0)"},
			beside: true,
		}
	}},
}

// way is how the reader on the other process asks, and how soon it must then be shown the write.
type way struct {
	name    string
	bound   time.Duration
	headers func(w apptest.Written) []string
	beside  bool // holds for writes around the program, too
}

var ways = []way{
	{"by default", apptest.MaxStaleness, func(apptest.Written) []string { return nil }, true},
	{"with the writer's token", 0, func(w apptest.Written) []string { return []string{apptest.TokenHeader, w.Token} },
		false},
	{"with no-cache", 0, func(apptest.Written) []string { return []string{"Cache-Control", "no-cache"} }, true},
}

// The process that took a write shows it at once, and the other one as soon as its reader was promised. That holds for
// every kind of write, by whatever writer.
func TestEveryWriteIsSeenByTheOtherProcessAsPromised(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{})
	low := 0
	for _, story := range stories {
		for _, way := range ways {
			low += stageWidth
			t.Run(story.name+", read "+way.name, func(t *testing.T) {
				s := &stage{c, t, low, c.Nodes[low/stageWidth%2], c.Nodes[1-low/stageWidth%2]}
				s.play(story.stage(s), way)
			})
		}
	}
}

func (s *stage) play(scene scene, way way) {
	s.t.Helper()
	if scene.beside && !way.beside {
		return
	}
	arranged := time.Now()
	for path, want := range scene.before {
		for _, n := range s.Nodes {
			n.Shows(arranged, apptest.MaxStaleness, path, want)
		}
		apptest.Warm(s.t, s.Nodes, path)
	}
	if s.t.Failed() {
		return
	}
	w := scene.act()
	for path, want := range scene.after {
		if !scene.beside {
			s.writer.Shows(w.At, 0, path, want)
		} else {
			s.writer.Shows(w.At, way.bound, path, want, way.headers(w)...)
		}
		s.reader.Shows(w.At, way.bound, path, want, way.headers(w)...)
	}
	for path, want := range scene.after { // what was cached on the way is true as well
		for _, n := range s.Nodes {
			n.Shows(w.At, apptest.MaxStaleness, path, want)
		}
	}
}

// Uncommitted writes are never shown, however long they take, and rolled back ones neither.
func TestARolledBackWriteIsNeverShown(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{})
	p := c.Nodes[0].Create("steady", 100)
	list := "/v1/properties?max_price=500&sort=price&count=exact"
	apptest.Warm(t, c.Nodes, apptest.ItemPath(p.ID), list)
	tx, err := c.Sql.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"UPDATE properties SET price = 7, title = 'never'",
		"INSERT INTO properties (title, price, location) VALUES ('never', 1, 'Here')",
	} {
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	look := func(when string) {
		t.Helper()
		for _, n := range c.Nodes {
			for _, headers := range [][]string{nil, {"Cache-Control", "no-cache"}, nil} {
				for path, want := range map[string]string{apptest.ItemPath(p.ID): "steady 100.00 v1", list: "steady (1)"} {
					if got := apptest.Shown(n.Get(path, headers...).Answer); got != want {
						t.Errorf("%s process %s shows %q at %s, want %q", when, n.Name, got, path, want)
					}
				}
			}
		}
	}
	look("before the rollback")
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	look("after the rollback")
}

// The transaction with the lower number commits last: a feed that follows numbers would have skipped it.
func TestALateCommitIsSeenThoughLaterTransactionsWereSeenBefore(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{})
	first, second := c.Nodes[0].Create("first", 100), c.Nodes[0].Create("second", 200)
	list := "/v1/properties?sort=price"
	early, err := c.Sql.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := early.Exec(t.Context(), "UPDATE properties SET price = 900 WHERE id = $1", first.ID); err != nil {
		t.Fatal(err)
	}
	later := c.Exec("UPDATE properties SET price = 300 WHERE id = $1", second.ID)
	for _, n := range c.Nodes {
		n.Shows(later, apptest.MaxStaleness, apptest.ItemPath(second.ID), "second 300.00 v2")
		n.Shows(later, apptest.MaxStaleness, apptest.ItemPath(first.ID), "first 100.00 v1")
	}
	// Answers cached between the two commits must not outlive the second one.
	apptest.Warm(t, c.Nodes, list, apptest.ItemPath(first.ID))
	if err := early.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	committed := time.Now()
	for _, n := range c.Nodes {
		n.Shows(committed, apptest.MaxStaleness, apptest.ItemPath(first.ID), "first 900.00 v2")
		n.Shows(committed, apptest.MaxStaleness, list, "second first")
	}
}

// The old value is loaded and cached while the write is under way: by the process that writes, and by the other one.
func TestARefillBeforeTheCommitDoesNotOutliveIt(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{})
	a, b := c.Nodes[0], c.Nodes[1]
	p := a.Create("old", 100)
	lock, err := c.Sql.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(t.Context(), "SELECT FROM properties WHERE id = $1 FOR NO KEY UPDATE", p.ID); err != nil {
		t.Fatal(err)
	}
	done := make(chan apptest.Reply)
	go func() {
		r, err := a.Try(http.MethodPatch, apptest.ItemPath(p.ID), `{"title":"new"}`, "Content-Type", apptest.PatchType)
		if err != nil {
			t.Error(err)
		}
		done <- r
	}()
	apptest.Poll(t, "the write waits for the row", func() bool {
		var waiting int
		err := c.Sql.QueryRow(t.Context(),
			"SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()").
			Scan(&waiting)
		return err == nil && waiting > 0
	})
	list := "/v1/properties?sort=price&limit=3"
	apptest.Warm(t, c.Nodes, apptest.ItemPath(p.ID), list)
	if err := lock.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	(<-done).Must(http.StatusOK)
	at := time.Now()
	for path, want := range map[string]string{apptest.ItemPath(p.ID): "new 100.00 v2", list: "new"} {
		a.Shows(at, 0, path, want)
		b.Shows(at, 0, path, want, "Cache-Control", "no-cache")
		b.Shows(at, apptest.MaxStaleness, path, want)
	}
}

// Loads read the old value, are delayed on the way back, and end after the feed has delivered the write. Their answers
// may be shown to requests from before it, and must not be cached as if they were new.
func TestALateFillIsNotBelieved(t *testing.T) {
	t.Parallel()
	const longest, together = 200, 8
	c := apptest.NewCluster(t, apptest.Plan{Links: true})
	a, b := c.Nodes[0], c.Nodes[1]
	b.Database.Unsteady(longest)
	for round := range 5 {
		p := a.Create("old", round)
		want := map[string]string{apptest.ItemPath(p.ID): fmt.Sprintf("new %d.00 v2", round)}
		for i := range together {
			want[fmt.Sprintf("/v1/properties?min_price=%d&max_price=%d&limit=%d", round, round, 5+i)] = "new"
		}
		var loads sync.WaitGroup
		for path := range want {
			loads.Go(func() {
				if _, err := b.Try(http.MethodGet, path, ""); err != nil {
					t.Error(err)
				}
			})
		}
		// the queries have reached the database, and the answers are on the way
		apptest.Until(time.Now().Add(longest / 4 * time.Millisecond))
		w := a.Patch(p.ID, `{"title":"new"}`)
		loads.Wait()
		for path, want := range want {
			b.Shows(w.At, apptest.MaxStaleness, path, want)
			a.Shows(w.At, 0, path, want)
		}
	}
}

// Both writers name the version they have seen: one of them wins, the other gets 412, and all processes show the
// winner.
func TestOfTwoWritersOnOneVersionExactlyOneWins(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{})
	p := c.Nodes[0].Create("start", 0)
	for round := 1; round <= 10; round++ {
		tag := c.Nodes[0].Get(apptest.ItemPath(p.ID), "Cache-Control", "no-cache").Header.Get("Etag")
		replies := make(chan apptest.Reply, 2)
		for _, n := range c.Nodes {
			go func() {
				r, err := n.Try(http.MethodPatch, apptest.ItemPath(p.ID), fmt.Sprintf(`{"title":"%s%d"}`, n.Name, round),
					"Content-Type", apptest.PatchType, "If-Match", tag)
				if err != nil {
					t.Error(err)
				}
				replies <- r
			}()
		}
		one, other := <-replies, <-replies
		at := time.Now()
		if one.Status != http.StatusOK {
			one, other = other, one
		}
		if one.Status != http.StatusOK || other.Status != http.StatusPreconditionFailed {
			t.Fatalf("the writers were answered %d and %d", one.Status, other.Status)
		}
		for _, n := range c.Nodes {
			n.Shows(at, apptest.MaxStaleness, apptest.ItemPath(p.ID), apptest.Shown(one.Answer))
		}
	}
}
