//go:build unix

package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	keys "github.com/gable-listings/gable/domain/access"
)

// Changes of listings that leave the feed another past than readers have seen, or none.

// agree compares what every process shows with what the database says: to readers who want the latest at once, and to
// everybody once their caches had the time that is promised.
func (c *cluster) agree(when string, paths ...string) {
	c.t.Helper()
	for _, wish := range [][]string{{"Cache-Control", "no-cache"}, nil} {
		if wish == nil {
			time.Sleep(maxStaleness)
		}
		for _, n := range c.nodes {
			for _, path := range paths {
				truth := shown(n.get(path, "Cache-Control", "no-store").answer)
				if got := shown(n.get(path, wish...).answer); got != truth {
					c.t.Errorf("%s process %s shows %q, asked with %v; the database has %q: %s", when, n.name, got, wish, truth, path)
				}
			}
		}
	}
}

// insertHere is the insertion of a listing with the id and the title.
const insertHere = "INSERT INTO properties (id, title, price, location) VALUES ($1, $2, 7, 'Here')"

func TestWhatTheFeedCannotTellInOrderMakesNoAnswerWrong(t *testing.T) {
	t.Parallel()
	c := newCluster(t, plan{})
	for name, act := range map[string]func(id string){
		"an id is inserted again by a writer who cannot see its past": func(id string) { c.insertUnseeing(id) },
		"an id is inserted again when its past has been erased": func(id string) {
			c.exec(insertHere, id, "first")
			c.agree("with the first", itemPath(id))
			c.exec("DELETE FROM properties WHERE id = $1", id)
			c.agree("without it", itemPath(id))
			c.exec("DELETE FROM property_changes WHERE property_id = $1", id)
			c.exec(insertHere, id, "second")
		},
		"one statement deletes and inserts an id after resets": func(id string) {
			c.exec(insertHere, id, "first")
			c.exec(fmt.Sprintf(`DO $$ BEGIN PERFORM set_config('gable.reset_rows', '0', true);
				UPDATE properties SET price = 8 WHERE id = '%[1]s';
				UPDATE properties SET price = 9 WHERE id = '%[1]s'; END $$`, id))
			c.agree("after resets", itemPath(id), "/v1/properties?count=exact")
			c.exec(`WITH gone AS (DELETE FROM properties WHERE id = $1 RETURNING *)
				INSERT INTO properties (id, title, price, location) SELECT id, 'again', price, location FROM gone`, id)
		},
		"a replica's worker writes": func(id string) {
			c.exec(insertHere, id, "first")
			c.agree("with the first", itemPath(id), "/v1/properties?count=exact")
			c.exec(fmt.Sprintf(`DO $$ BEGIN SET LOCAL session_replication_role = replica;
				UPDATE properties SET title = 'replicated' WHERE id = '%s'; END $$`, id))
		},
		"a column is rewritten": func(id string) {
			c.exec(insertHere, id, "first")
			c.agree("with the first", itemPath(id), "/v1/properties?max_price=8")
			c.exec("ALTER TABLE properties ALTER COLUMN price TYPE numeric(14, 2) USING price * 2")
		},
		"triggers are off for a while": func(id string) {
			c.exec(insertHere, id, "first")
			c.agree("with the first", itemPath(id))
			c.exec(fmt.Sprintf(`DO $$ BEGIN ALTER TABLE properties DISABLE TRIGGER property_changes_of_update;
				UPDATE properties SET title = 'unrecorded' WHERE id = '%s';
				ALTER TABLE properties ENABLE TRIGGER property_changes_of_update; END $$`, id))
		},
	} {
		id := newTestID().String()
		act(id)
		c.agree("after "+name+",", itemPath(id), "/v1/properties?count=exact", "/v1/properties?max_price=8&count=exact",
			"/v1/properties?min_price=9")
	}
}

// insertUnseeing inserts an id that others have inserted and deleted since the writer's snapshot.
func (c *cluster) insertUnseeing(id string) {
	c.t.Helper()
	old, err := c.sql.Begin(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := old.Exec(c.t.Context(), "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"); err != nil {
		c.t.Fatal(err)
	}
	if _, err := old.Exec(c.t.Context(), "SELECT count(*) FROM properties"); err != nil {
		c.t.Fatal(err)
	}
	c.exec(insertHere, id, "first")
	c.agree("with the first", itemPath(id), "/v1/properties?count=exact")
	c.exec("DELETE FROM properties WHERE id = $1", id)
	c.agree("without it", itemPath(id), "/v1/properties?count=exact")
	if _, err := old.Exec(c.t.Context(), insertHere, id, "second"); err != nil {
		c.t.Fatal(err)
	}
	if err := old.Commit(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

// postgresTool is a program that comes with Postgres.
func postgresTool(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(found) > 0 {
		return found[len(found)-1]
	}
	if os.Getenv("GABLE_TEST_REQUIRE_SERVICES") != "" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed: install postgresql-client", name)
	return ""
}

// A dump is restored over the tables while processes answer: statement by statement, the triggers last. What is read
// and cached in between must not outlive it.
func TestAReloadUnderRunningProcessesLeavesNoWrongAnswer(t *testing.T) {
	t.Parallel()
	dump, psql := postgresTool(t, "pg_dump"), postgresTool(t, "psql")
	c := newCluster(t, plan{})
	c.exec("INSERT INTO properties (title, price, location) SELECT 'n' || n, n, 'Here' FROM generate_series(1, 400) AS n")
	var ids []string
	rows, err := c.sql.Query(t.Context(), "SELECT id::text FROM properties ORDER BY price LIMIT 20")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	c.exec("DELETE FROM property_changes") // long ago, as most changes are
	saved := filepath.Join(t.TempDir(), "dump.sql")
	if out, err := exec.CommandContext(t.Context(), dump, "--clean", "--if-exists", "-f", saved,
		c.database).CombinedOutput(); err != nil {
		t.Fatalf("pg_dump: %v: %s", err, out)
	}
	paths := []string{"/v1/properties?count=exact", "/v1/properties?min_price=100&sort=price", "/v1/properties?q=n7"}
	for _, id := range ids {
		paths = append(paths, itemPath(id))
	}
	ctx, stop := t.Context(), make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for at := 0; ctx.Err() == nil; at++ {
			select {
			case <-stop:
				return
			default:
			}
			for _, n := range c.nodes {
				if r, err := n.try(http.MethodGet, paths[at%len(paths)], ""); err == nil && r.status >= 500 &&
					r.status != http.StatusServiceUnavailable {
					t.Errorf("during the reload %s is answered %d: %s", paths[at%len(paths)], r.status, r.body)
				}
			}
		}
	}()
	for range 3 {
		out, err := exec.CommandContext(t.Context(), psql, "-q", "-v", "ON_ERROR_STOP=1", "-f", saved,
			c.database).CombinedOutput()
		if err != nil {
			t.Fatalf("psql: %v: %s", err, out)
		}
		for _, n := range c.nodes {
			n.settle()
		}
		c.agree("after the reload", paths...)
	}
	close(stop)
	<-ended
}

// A table that is loaded anew each night has the same versions each morning.
func TestNobodyOverwritesWhatTheyHaveNotSeenThoughItsVersionIsTheSame(t *testing.T) {
	t.Parallel()
	s := servicesSetup.start(t)
	conn, err := s.raw().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const id = "0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d11"
	load := func(price int) {
		t.Helper()
		for _, statement := range []string{
			"SET gable.reset_rows = 0", "TRUNCATE properties",
			fmt.Sprintf("INSERT INTO properties (id, title, price, location) VALUES ('%s', 'Loaded', %d, 'Here')", id, price),
		} {
			if _, err := conn.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	load(1)
	fresh := func(path string) answer { return s.get(path, "Cache-Control", "no-cache").must(http.StatusOK) }
	item, form := itemPath(id), "/admin/listings/"+id
	anna := s.staff("anna", keys.RoleEditor)
	tag := fresh(item).header.Get("Etag")
	edit := with(anna.get(form).must(http.StatusOK).hidden(form), "title", "Loaded", "price", "3", "location", "Here")
	removal := anna.get(form + "/remove").must(http.StatusOK).hidden(form + "/remove")
	load(2)
	if again := fresh(item).header.Get("Etag"); again[:3] != tag[:3] || again == tag {
		t.Fatalf("the tag was %s and is %s: the test wants one version in two states", tag, again)
	}
	for method, body := range map[string]string{
		http.MethodPatch: `{"price":3}`, http.MethodPut: `{"title":"t","price":3,"location":"l"}`, http.MethodDelete: "",
	} {
		s.do(method, item, body, "If-Match", tag).must(http.StatusPreconditionFailed)
	}
	anna.post(form, edit).must(http.StatusConflict)
	anna.post(form+"/remove", removal).must(http.StatusConflict)
	s.do(http.MethodPatch, item, `{"price":4}`, "If-Match", fresh(item).header.Get("Etag")).must(http.StatusOK)
}
