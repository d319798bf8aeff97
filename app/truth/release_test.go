//go:build unix

package truth

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/migrations"
)

// A release migrates with the new program, then replaces the processes one by one, and back again if need be.
func TestAReleaseLosesNoRequestAndBothProgramsAnswerTheSame(t *testing.T) {
	t.Parallel()
	old := previousProgram(t)
	t.Run("Postgres", func(t *testing.T) { releaseOnPostgres(t, old) })
	t.Run("SQLite", func(t *testing.T) { releaseOnSQLite(t, old) })
	t.Run("both migrate at once", func(t *testing.T) { migrateAtOnce(t, old) })
}

// migrateAtOnce checks that both programs take the same lock.
func migrateAtOnce(t *testing.T, old string) {
	database := servicetest.Postgres(t)
	var both sync.WaitGroup
	for _, program := range []string{old, apptest.ThisProgram(t), old, apptest.ThisProgram(t)} {
		both.Go(func() {
			if _, err := command(program, database, "migrate", "up"); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	for _, program := range []string{old, apptest.ThisProgram(t)} {
		if list := mustCommand(t, program, database, "migrate", "status"); strings.Contains(list, "not applied") {
			t.Errorf("after both have migrated:\n%s", list)
		}
	}
}

func releaseOnPostgres(t *testing.T, old string) {
	c := &apptest.Cluster{T: t, Database: servicetest.Postgres(t), Cache: servicetest.Redis(t)}
	c.Entrance = c.Database
	mustCommand(t, old, c.Database, "migrate", "up")
	c.Key = mustCommand(t, old, c.Database, "admin", "create-key", "test")
	mustCommand(t, old, c.Database, "admin", "create-user", "anna", "--password-stdin")
	pool, err := pgxpool.New(t.Context(), c.Database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	c.Sql = pool
	for i, program := range []string{old, old, "", ""} {
		n := apptest.NewNode(c, string(rune('a'+i)), apptest.Plan{Settings: []string{"GABLE_SHUTDOWN_DELAY=1s"}})
		n.Program = program
		c.Nodes = append(c.Nodes, n)
	}
	before, now := c.Nodes[:2], c.Nodes[2:]
	for _, n := range before {
		n.Start()
		n.Settle()
	}
	load := startLoad(c, before...)

	load.during("the migration", func() {
		mustCommand(t, apptest.ThisProgram(t), c.Database, "migrate", "up", "--wait", "1m")
	})
	// What the release after this one will do.
	c.Exec("ALTER TABLE accounts ADD COLUMN note text")
	c.Exec("INSERT INTO gable_schema_migrations (name, oldest_program) VALUES ('29990101000001_note', $1)",
		migrations.FirstRelease)
	load.replace(before[1], now[0])
	if text := now[0].Log.Tail(); !strings.Contains(text, "schema is newer and compatible") {
		t.Errorf("the present program does not say that the schema is newer:\n%s", text)
	}
	r, err := http.Get(*now[0].OpsBase.Load() + "/readyz")
	if err != nil || !says(r, "compatible: it has 29990101000001_note") {
		t.Errorf("nor does its readiness: %v, %v", r, err)
	}
	load.during("side by side", func() {
		sideBySide(t, before[0], now[0])
		sideBySide(t, now[0], before[0])
		checkUnknownFieldsSurvive(t, before[0], now[0])
	})
	load.replace(before[0], now[1])
	load.replace(now[0], before[1]) // the release is rolled back
	sideBySide(t, now[1], before[1])
	load.end()
}

func says(r *http.Response, text string) bool {
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	return err == nil && r.StatusCode == http.StatusOK && strings.Contains(string(body), text)
}

// traffic is readers and writers that a balancer spreads over the ready processes.
type traffic struct {
	c        *apptest.Cluster
	ctx      context.Context
	stop     context.CancelFunc
	balancer *balancer
	working  sync.WaitGroup
	reads    atomic.Int64
	writes   atomic.Int64
}

func startLoad(c *apptest.Cluster, nodes ...*apptest.Node) *traffic {
	c.T.Helper()
	l := &traffic{c: c, balancer: &balancer{ready: map[*apptest.Node]bool{}}}
	l.ctx, l.stop = context.WithCancel(c.T.Context())
	c.T.Cleanup(func() {
		l.stop()
		l.working.Wait()
	})
	for _, n := range nodes {
		l.balancer.set(n, true)
	}
	for i := range 4 {
		p := nodes[0].Create(fmt.Sprintf("load %d", i), 100+i)
		l.working.Go(func() { l.work(i, p) })
	}
	return l
}

// work changes a listing that no other worker changes, and reads it elsewhere with the token of the change.
func (l *traffic) work(i int, p apptest.Written) {
	for round := 1; l.ctx.Err() == nil; round++ {
		title := fmt.Sprintf("load %d, round %d", i, round)
		etag := l.send(http.StatusOK, http.MethodGet, apptest.ItemPath(p.ID), "", apptest.TokenHeader, p.Token).
			Header.Get("ETag")
		w := l.send(http.StatusOK, http.MethodPatch, apptest.ItemPath(p.ID), fmt.Sprintf(`{"title":%q}`, title),
			"Content-Type", apptest.PatchType, "If-Match", etag)
		l.writes.Add(1)
		p.Token = w.Header.Get(apptest.TokenHeader)
		for range 3 {
			r := l.send(http.StatusOK, http.MethodGet, apptest.ItemPath(p.ID), "", apptest.TokenHeader, p.Token)
			if got := apptest.Shown(r.Answer); !strings.HasPrefix(got, title+" ") {
				l.c.T.Errorf("after writing %q a reader with the token is shown %q", title, got)
			}
			l.send(http.StatusOK, http.MethodGet, "/v1/properties?limit=5", "")
			l.reads.Add(2)
		}
		created := l.send(http.StatusCreated, http.MethodPost, "/v1/properties",
			`{"title":"passing","price":1,"location":"Here"}`, "Idempotency-Key", title)
		id := apptest.Decoded[apptest.Listing](created.Answer).ID
		l.send(http.StatusNoContent, http.MethodDelete, apptest.ItemPath(id), "")
		l.writes.Add(2)
	}
}

// send sends one request that must not be lost.
func (l *traffic) send(status int, method, path, body string, headers ...string) apptest.Reply {
	n := l.balancer.pick(l.c.Nodes)
	r, err := n.Try(method, path, body, headers...)
	if err != nil || r.Status != status {
		if l.c.T.Context().Err() == nil { // else the test has failed already
			l.c.T.Errorf("lost a request: %s %s on process %s: %d, %v, %s", method, path, n.Name, r.Status, err, r.Body)
		}
		l.stop()
		return apptest.Reply{Answer: apptest.Answer{T: l.c.T, Header: http.Header{}, Body: "{}"}}
	}
	return r
}

// during checks that every serving process stays ready while something happens.
func (l *traffic) during(what string, happens func()) {
	l.c.T.Helper()
	ctx, cancel := context.WithCancel(l.ctx)
	var watching sync.WaitGroup
	for _, n := range l.c.Nodes {
		if !l.balancer.has(n) {
			continue
		}
		watching.Go(func() {
			for ctx.Err() == nil {
				if r, err := n.Try(http.MethodGet, "/readyz", ""); err != nil || r.Status != http.StatusOK {
					l.c.T.Errorf("during %s process %s is not ready: %d, %v, %s", what, n.Name, r.Status, err, r.Body)
					return
				}
			}
		})
	}
	happens()
	time.Sleep(2 * time.Second) // readiness is a second old at most
	cancel()
	watching.Wait()
}

// replace replaces one process by another, as a rolling release does.
func (l *traffic) replace(leaving, coming *apptest.Node) {
	l.c.T.Helper()
	coming.Restart()
	l.balancer.set(coming, true)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		leaving.Stop()
	}()
	apptest.Poll(l.c.T, "readiness is off", func() bool {
		r, err := leaving.Try(http.MethodGet, "/readyz", "")
		return err == nil && r.Status == http.StatusServiceUnavailable
	})
	l.balancer.set(leaving, false)
	<-gone
}

func (l *traffic) end() {
	l.c.T.Helper()
	lost := l.ctx.Err() != nil
	l.stop()
	l.working.Wait()
	if l.reads.Load() < 100 || l.writes.Load() < 50 || lost {
		l.c.T.Errorf("%d reads and %d writes were made", l.reads.Load(), l.writes.Load())
	}
	l.c.T.Logf("%d reads and %d writes, none lost", l.reads.Load(), l.writes.Load())
}

// sideBySide writes to one process and expects the other, with warm caches, to show it to a reader with the token.
func sideBySide(t *testing.T, writer, reader *apptest.Node) {
	t.Helper()
	const list = "/v1/properties?q=sidebyside&sort=price&count=exact"
	key := apptest.NewID().String()
	apptest.Warm(t, []*apptest.Node{writer, reader}, list)
	start := apptest.Decoded[struct{ Next string }](reader.Get("/v1/changes?after=now").Must(http.StatusOK)).Next

	body := `{"title":"sidebyside one","price":2,"location":"Here"}`
	created := writer.Write(http.MethodPost, "/v1/properties", body, http.StatusCreated, "Idempotency-Key", key)
	id := apptest.ItemPath(created.ID)
	again := reader.Write(http.MethodPost, "/v1/properties", body, http.StatusCreated, "Idempotency-Key", key)
	if again.ID != created.ID {
		t.Errorf("a repeated creation on process %s made %s, not %s", reader.Name, again.ID, created.ID)
	}
	sees := func(w apptest.Written, path, want string) apptest.Reply {
		t.Helper()
		r := reader.Get(path, apptest.TokenHeader, w.Token)
		if got := apptest.Shown(r.Answer); got != want {
			t.Errorf("process %s shows %s as %q, want %q (%s)", reader.Name, path, got, want,
				r.Header.Get("Cache-Status"))
		}
		return r
	}
	etag := sees(created, id, "sidebyside one 2.00 v1").Header.Get("ETag")
	sees(created, list, "sidebyside one (1)")
	ifMatch := []string{"Content-Type", apptest.PatchType, "If-Match", etag}
	patched := writer.Write(http.MethodPatch, id, `{"price":3}`, http.StatusOK, ifMatch...)
	reader.Do(http.MethodPatch, id, `{"price":4}`, ifMatch...).Must(http.StatusPreconditionFailed)
	sees(patched, id, "sidebyside one 3.00 v2")
	sees(patched, list, "sidebyside one (1)")

	imported := writer.Write(http.MethodPost, "/v1/imports",
		"reference,title,price,location\n"+key+",sidebyside two,1,Here\n", http.StatusOK, "Content-Type", "text/csv")
	sees(imported, list, "sidebyside two sidebyside one (2)")
	exported := reader.Get("/v1/exports?format=csv&q=sidebyside", apptest.TokenHeader, imported.Token).Must(http.StatusOK)
	if strings.Count(exported.Body, "sidebyside") != 2 {
		t.Errorf("process %s exports:\n%s", reader.Name, exported.Body)
	}
	removed := writer.Remove(created.ID)
	sees(removed, id, "absent")
	sees(removed, list, "sidebyside two (1)")
	wantFeed(t, reader, start, created.ID, "insert update delete")
	if r := reader.Get(id, "Cache-Control", "no-cache"); r.Status != http.StatusNotFound {
		t.Errorf("process %s shows a deleted listing: %d", reader.Name, r.Status)
	}
	two := apptest.Decoded[apptest.Page](reader.Get(list, apptest.TokenHeader, removed.Token).Must(http.StatusOK)).
		Properties[0].ID
	sees(writer.Remove(two), list, " (0)")
	checkSharedSession(t, writer, reader)
}

// wantFeed checks what the feed of a process has of one listing behind a cursor.
func wantFeed(t *testing.T, n *apptest.Node, after, id, want string) {
	t.Helper()
	var got []string
	apptest.Poll(t, "the feed of process "+n.Name+" has "+want, func() bool {
		page := apptest.Decoded[struct {
			Changes []struct{ Op, ID string }
		}](n.Get("/v1/changes?limit=1000&after=" + after).Must(http.StatusOK))
		got = nil
		for _, c := range page.Changes {
			if c.ID == id {
				got = append(got, c.Op)
			}
		}
		return strings.Join(got, " ") == want
	})
}

// checkSharedSession signs in on one process and opens the back office on the other.
func checkSharedSession(t *testing.T, first, second *apptest.Node) {
	t.Helper()
	jar, err := cookiejar.New(nil) // which does not look at ports
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Transport: first.Transport}
	get := func(n *apptest.Node, path string) {
		t.Helper()
		r, err := client.Get(*n.Base.Load() + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		if r.StatusCode != http.StatusOK || r.Request.URL.Path != path {
			t.Errorf("process %s answers %s with %d at %s", n.Name, path, r.StatusCode, r.Request.URL)
		}
	}
	get(first, "/admin/sign-in")
	r, err := client.PostForm(*first.Base.Load()+"/admin/sign-in",
		url.Values{"next": {"/admin"}, "sign_in_name": {"anna"}, "sign_in_password": {apptest.Password}})
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	get(first, "/admin")
	get(second, "/admin")
}

// releaseOnSQLite has no separate migration: each start migrates the file to its program's schema.
func releaseOnSQLite(t *testing.T, old string) {
	c := &apptest.Cluster{T: t, Entrance: "sqlite:" + filepath.Join(t.TempDir(), "gable.db"), Cache: "memory:"}
	c.Key = mustCommand(t, old, c.Entrance, "admin", "create-key", "test")
	mustCommand(t, old, c.Entrance, "admin", "create-user", "anna", "--password-stdin")
	for i, program := range []string{old, ""} {
		n := apptest.NewNode(c, string(rune('a'+i)), apptest.Plan{})
		n.Program = program
		c.Nodes = append(c.Nodes, n)
		n.Restart()
	}
	sideBySide(t, c.Nodes[0], c.Nodes[1])
	sideBySide(t, c.Nodes[1], c.Nodes[0])
	checkUnknownFieldsSurvive(t, c.Nodes[0], c.Nodes[1])
	c.Nodes[0].Stop()
	c.Nodes[0].Restart()
	sideBySide(t, c.Nodes[1], c.Nodes[0])
}
