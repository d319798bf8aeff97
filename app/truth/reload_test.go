//go:build unix

package truth

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/apptest"
	keys "github.com/gable-listings/gable/domain/access"
)

// The tests below change listings so that the feed has another past than readers have seen, or none.

// agree compares the answers of every process with the database. Readers that want the latest state get it at once,
// and default readers once their caches had the promised time.
func agree(c *apptest.Cluster, when string, paths ...string) {
	c.T.Helper()
	for _, headers := range [][]string{{"Cache-Control", "no-cache"}, nil} {
		if headers == nil {
			time.Sleep(apptest.MaxStaleness)
		}
		for _, n := range c.Nodes {
			for _, path := range paths {
				truth := apptest.Shown(n.Get(path, "Cache-Control", "no-store").Answer)
				if got := apptest.Shown(n.Get(path, headers...).Answer); got != truth {
					c.T.Errorf("%s process %s shows %q with headers %v; the database has %q: %s",
						when, n.Name, got, headers, truth, path)
				}
			}
		}
	}
}

// insertHere inserts a listing with the id and the title.
const insertHere = "INSERT INTO properties (id, title, price, location) VALUES ($1, $2, 7, 'Here')"

func TestWhatTheFeedCannotOrderMakesNoAnswerWrong(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{})
	for name, act := range map[string]func(id string){
		"an id is inserted again by a writer who cannot see its past": func(id string) { insertUnseeing(c, id) },
		"an id is inserted again when its past has been erased": func(id string) {
			c.Exec(insertHere, id, "first")
			agree(c, "with the first", apptest.ItemPath(id))
			c.Exec("DELETE FROM properties WHERE id = $1", id)
			agree(c, "without it", apptest.ItemPath(id))
			c.Exec("DELETE FROM property_changes WHERE property_id = $1", id)
			c.Exec(insertHere, id, "second")
		},
		"one statement deletes and inserts an id after resets": func(id string) {
			c.Exec(insertHere, id, "first")
			c.Exec(fmt.Sprintf(`DO $$ BEGIN PERFORM set_config('gable.reset_rows', '0', true);
				UPDATE properties SET price = 8 WHERE id = '%[1]s';
				UPDATE properties SET price = 9 WHERE id = '%[1]s'; END $$`, id))
			agree(c, "after resets", apptest.ItemPath(id), "/v1/properties?count=exact")
			c.Exec(`WITH gone AS (DELETE FROM properties WHERE id = $1 RETURNING *)
				INSERT INTO properties (id, title, price, location) SELECT id, 'again', price, location FROM gone`, id)
		},
		"a replica's worker writes": func(id string) {
			c.Exec(insertHere, id, "first")
			agree(c, "with the first", apptest.ItemPath(id), "/v1/properties?count=exact")
			c.Exec(fmt.Sprintf(`DO $$ BEGIN SET LOCAL session_replication_role = replica;
				UPDATE properties SET title = 'replicated' WHERE id = '%s'; END $$`, id))
		},
		"a column is rewritten": func(id string) {
			c.Exec(insertHere, id, "first")
			agree(c, "with the first", apptest.ItemPath(id), "/v1/properties?max_price=8")
			c.Exec("ALTER TABLE properties ALTER COLUMN price TYPE numeric(14, 2) USING price * 2")
		},
		"triggers are off for a while": func(id string) {
			c.Exec(insertHere, id, "first")
			agree(c, "with the first", apptest.ItemPath(id))
			c.Exec(fmt.Sprintf(`DO $$ BEGIN ALTER TABLE properties DISABLE TRIGGER property_changes_of_update;
				UPDATE properties SET title = 'unrecorded' WHERE id = '%s';
				ALTER TABLE properties ENABLE TRIGGER property_changes_of_update; END $$`, id))
		},
	} {
		id := apptest.NewID().String()
		act(id)
		agree(c, "after "+name+",", apptest.ItemPath(id), "/v1/properties?count=exact",
			"/v1/properties?max_price=8&count=exact",
			"/v1/properties?min_price=9")
	}
}

// insertUnseeing inserts an id that others have inserted and deleted since the writer's snapshot.
func insertUnseeing(c *apptest.Cluster, id string) {
	c.T.Helper()
	old, err := c.Sql.Begin(c.T.Context())
	if err != nil {
		c.T.Fatal(err)
	}
	if _, err := old.Exec(c.T.Context(), "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"); err != nil {
		c.T.Fatal(err)
	}
	if _, err := old.Exec(c.T.Context(), "SELECT count(*) FROM properties"); err != nil {
		c.T.Fatal(err)
	}
	c.Exec(insertHere, id, "first")
	agree(c, "with the first", apptest.ItemPath(id), "/v1/properties?count=exact")
	c.Exec("DELETE FROM properties WHERE id = $1", id)
	agree(c, "without it", apptest.ItemPath(id), "/v1/properties?count=exact")
	if _, err := old.Exec(c.T.Context(), insertHere, id, "second"); err != nil {
		c.T.Fatal(err)
	}
	if err := old.Commit(c.T.Context()); err != nil {
		c.T.Fatal(err)
	}
}

// postgresTool returns a program that comes with Postgres.
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
// and cached in between must not outlive the restore.
func TestAReloadUnderRunningProcessesLeavesNoWrongAnswer(t *testing.T) {
	t.Parallel()
	dump, psql := postgresTool(t, "pg_dump"), postgresTool(t, "psql")
	c := apptest.NewCluster(t, apptest.Plan{})
	c.Exec("INSERT INTO properties (title, price, location) SELECT 'n' || n, n, 'Here' FROM generate_series(1, 400) AS n")
	var ids []string
	rows, err := c.Sql.Query(t.Context(), "SELECT id::text FROM properties ORDER BY price LIMIT 20")
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
	c.Exec("DELETE FROM property_changes") // long ago, as most changes are
	saved := filepath.Join(t.TempDir(), "dump.sql")
	if out, err := exec.CommandContext(t.Context(), dump, "--clean", "--if-exists", "-f", saved,
		c.Database).CombinedOutput(); err != nil {
		t.Fatalf("pg_dump: %v: %s", err, out)
	}
	paths := []string{"/v1/properties?count=exact", "/v1/properties?min_price=100&sort=price", "/v1/properties?q=n7"}
	for _, id := range ids {
		paths = append(paths, apptest.ItemPath(id))
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
			for _, n := range c.Nodes {
				if r, err := n.Try(http.MethodGet, paths[at%len(paths)], ""); err == nil && r.Status >= 500 &&
					r.Status != http.StatusServiceUnavailable {
					t.Errorf("during the reload %s is answered %d: %s", paths[at%len(paths)], r.Status, r.Body)
				}
			}
		}
	}()
	for range 3 {
		out, err := exec.CommandContext(t.Context(), psql, "-q", "-v", "ON_ERROR_STOP=1", "-f", saved,
			c.Database).CombinedOutput()
		if err != nil {
			t.Fatalf("psql: %v: %s", err, out)
		}
		for _, n := range c.Nodes {
			n.Settle()
		}
		agree(c, "after the reload", paths...)
	}
	close(stop)
	<-ended
}

// A table that is loaded anew each night has the same versions each morning.
func TestNobodyOverwritesWhatTheyHaveNotSeenThoughItsVersionIsTheSame(t *testing.T) {
	t.Parallel()
	s := apptest.Services.Start(t)
	conn, err := s.Raw().Conn(t.Context())
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
	fresh := func(path string) apptest.Answer { return s.Get(path, "Cache-Control", "no-cache").Must(http.StatusOK) }
	item, form := apptest.ItemPath(id), "/admin/listings/"+id
	anna := s.Staff("anna", keys.RoleEditor)
	tag := fresh(item).Header.Get("Etag")
	edit := apptest.With(anna.Get(form).Must(http.StatusOK).Hidden(form), "title", "Loaded", "price", "3", "location",
		"Here")
	removal := anna.Get(form + "/remove").Must(http.StatusOK).Hidden(form + "/remove")
	load(2)
	if again := fresh(item).Header.Get("Etag"); again[:3] != tag[:3] || again == tag {
		t.Fatalf("the tag was %s and is %s: the test wants one version in two states", tag, again)
	}
	for method, body := range map[string]string{
		http.MethodPatch: `{"price":3}`, http.MethodPut: `{"title":"t","price":3,"location":"l"}`, http.MethodDelete: "",
	} {
		s.Do(method, item, body, "If-Match", tag).Must(http.StatusPreconditionFailed)
	}
	anna.Post(form, edit).Must(http.StatusConflict)
	anna.Post(form+"/remove", removal).Must(http.StatusConflict)
	s.Do(http.MethodPatch, item, `{"price":4}`, "If-Match", fresh(item).Header.Get("Etag")).Must(http.StatusOK)
}
