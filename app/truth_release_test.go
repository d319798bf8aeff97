//go:build unix

package main

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

	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/migrations"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A release is: migrate with the new program, then replace the processes one by one, and back again if need be.
func TestAReleaseLosesNoRequestAndBothProgramsAnswerTheSame(t *testing.T) {
	t.Parallel()
	old := previousProgram(t)
	t.Run("Postgres", func(t *testing.T) { releaseOnPostgres(t, old) })
	t.Run("SQLite", func(t *testing.T) { releaseOnSQLite(t, old) })
	t.Run("both migrate at once", func(t *testing.T) { migrateAtOnce(t, old) })
}

// migrateAtOnce holds both programs to one lock.
func migrateAtOnce(t *testing.T, old string) {
	database := servicetest.Postgres(t)
	var both sync.WaitGroup
	for _, program := range []string{old, thisProgram(t), old, thisProgram(t)} {
		both.Go(func() {
			if _, err := command(program, database, "migrate", "up"); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	for _, program := range []string{old, thisProgram(t)} {
		if list := mustCommand(t, program, database, "migrate", "status"); strings.Contains(list, "not applied") {
			t.Errorf("after both have migrated:\n%s", list)
		}
	}
}

func releaseOnPostgres(t *testing.T, old string) {
	c := &cluster{t: t, database: servicetest.Postgres(t), cache: servicetest.Redis(t)}
	c.entrance = c.database
	mustCommand(t, old, c.database, "migrate", "up")
	c.key = mustCommand(t, old, c.database, "admin", "create-key", "test")
	mustCommand(t, old, c.database, "admin", "create-user", "anna", "--password-stdin")
	pool, err := pgxpool.New(t.Context(), c.database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	c.sql = pool
	for i, program := range []string{old, old, "", ""} {
		n := newNode(c, string(rune('a'+i)), plan{settings: []string{"GABLE_SHUTDOWN_DELAY=1s"}})
		n.program = program
		c.nodes = append(c.nodes, n)
	}
	before, now := c.nodes[:2], c.nodes[2:]
	for _, n := range before {
		n.start()
		n.settle()
	}
	load := c.startLoad(before...)

	load.during("the migration", func() {
		mustCommand(t, thisProgram(t), c.database, "migrate", "up", "--wait", "1m")
	})
	// What the release after this one will do.
	c.exec("ALTER TABLE accounts ADD COLUMN note text")
	c.exec("INSERT INTO gable_schema_migrations (name, oldest_program) VALUES ('29990101000001_note', $1)",
		migrations.FirstRelease)
	load.replace(before[1], now[0])
	if text := now[0].log.tail(); !strings.Contains(text, "the schema is newer and compatible") {
		t.Errorf("the present program does not say that the schema is newer:\n%s", text)
	}
	r, err := http.Get(*now[0].opsBase.Load() + "/readyz")
	if err != nil || !says(r, "compatible: it has 29990101000001_note") {
		t.Errorf("nor when it is asked: %v, %v", r, err)
	}
	load.during("side by side", func() {
		sideBySide(t, before[0], now[0])
		sideBySide(t, now[0], before[0])
		keepsWhatItDoesNotKnow(t, before[0], now[0])
	})
	load.replace(before[0], now[1])
	load.replace(now[0], before[1]) // the release is taken back
	sideBySide(t, now[1], before[1])
	load.end()
}

func says(r *http.Response, text string) bool {
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	return err == nil && r.StatusCode == http.StatusOK && strings.Contains(string(body), text)
}

// traffic is readers and writers that a balancer spreads over the processes which are ready.
type traffic struct {
	c        *cluster
	ctx      context.Context
	stop     context.CancelFunc
	balancer *balancer
	working  sync.WaitGroup
	reads    atomic.Int64
	writes   atomic.Int64
}

func (c *cluster) startLoad(nodes ...*node) *traffic {
	c.t.Helper()
	l := &traffic{c: c, balancer: &balancer{ready: map[*node]bool{}}}
	l.ctx, l.stop = context.WithCancel(c.t.Context())
	c.t.Cleanup(func() {
		l.stop()
		l.working.Wait()
	})
	for _, n := range nodes {
		l.balancer.set(n, true)
	}
	for i := range 4 {
		p := nodes[0].create(fmt.Sprintf("load %d", i), 100+i)
		l.working.Go(func() { l.work(i, p) })
	}
	return l
}

// work changes a listing that only it changes, and reads it elsewhere with the token of the change.
func (l *traffic) work(i int, p written) {
	for round := 1; l.ctx.Err() == nil; round++ {
		title := fmt.Sprintf("load %d, round %d", i, round)
		etag := l.send(http.StatusOK, http.MethodGet, itemPath(p.ID), "", tokenHeader, p.token).header.Get("ETag")
		w := l.send(http.StatusOK, http.MethodPatch, itemPath(p.ID), fmt.Sprintf(`{"title":%q}`, title),
			"Content-Type", patchType, "If-Match", etag)
		l.writes.Add(1)
		p.token = w.header.Get(tokenHeader)
		for range 3 {
			r := l.send(http.StatusOK, http.MethodGet, itemPath(p.ID), "", tokenHeader, p.token)
			if got := shown(r.answer); !strings.HasPrefix(got, title+" ") {
				l.c.t.Errorf("after writing %q a reader with the token is shown %q", title, got)
			}
			l.send(http.StatusOK, http.MethodGet, "/v1/properties?limit=5", "")
			l.reads.Add(2)
		}
		created := l.send(http.StatusCreated, http.MethodPost, "/v1/properties",
			`{"title":"passing","price":1,"location":"Here"}`, "Idempotency-Key", title)
		id := decoded[jsonListing](created.answer).ID
		l.send(http.StatusNoContent, http.MethodDelete, itemPath(id), "")
		l.writes.Add(2)
	}
}

// send is one request that must not be lost.
func (l *traffic) send(status int, method, path, body string, headers ...string) reply {
	n := l.balancer.pick(l.c.nodes)
	r, err := n.try(method, path, body, headers...)
	if err != nil || r.status != status {
		if l.c.t.Context().Err() == nil { // else the test has failed already
			l.c.t.Errorf("lost a request: %s %s on process %s: %d, %v, %s", method, path, n.name, r.status, err, r.body)
		}
		l.stop()
		return reply{answer: answer{t: l.c.t, header: http.Header{}, body: "{}"}}
	}
	return r
}

// during checks that every process that serves stays ready while something happens.
func (l *traffic) during(what string, happens func()) {
	l.c.t.Helper()
	ctx, cancel := context.WithCancel(l.ctx)
	var watching sync.WaitGroup
	for _, n := range l.c.nodes {
		if !l.balancer.has(n) {
			continue
		}
		watching.Go(func() {
			for ctx.Err() == nil {
				if r, err := n.try(http.MethodGet, "/readyz", ""); err != nil || r.status != http.StatusOK {
					l.c.t.Errorf("during %s process %s is not ready: %d, %v, %s", what, n.name, r.status, err, r.body)
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

// replace puts one process in the place of another, as a rolling release does.
func (l *traffic) replace(leaving, coming *node) {
	l.c.t.Helper()
	coming.restart()
	l.balancer.set(coming, true)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		leaving.stop()
	}()
	poll(l.c.t, "readiness is off", func() bool {
		r, err := leaving.try(http.MethodGet, "/readyz", "")
		return err == nil && r.status == http.StatusServiceUnavailable
	})
	l.balancer.set(leaving, false)
	<-gone
}

func (l *traffic) end() {
	l.c.t.Helper()
	lost := l.ctx.Err() != nil
	l.stop()
	l.working.Wait()
	if l.reads.Load() < 100 || l.writes.Load() < 50 || lost {
		l.c.t.Errorf("%d reads and %d writes were made", l.reads.Load(), l.writes.Load())
	}
	l.c.t.Logf("%d reads and %d writes, none lost", l.reads.Load(), l.writes.Load())
}

// sideBySide writes to one process and expects the other, whose caches are warm, to show it to a reader with the token.
func sideBySide(t *testing.T, writer, reader *node) {
	t.Helper()
	const list = "/v1/properties?q=sidebyside&sort=price&count=exact"
	key := newPropertyID().String()
	warm(t, []*node{writer, reader}, list)
	start := decoded[struct{ Next string }](reader.get("/v1/changes?after=now").must(http.StatusOK)).Next

	body := `{"title":"sidebyside one","price":2,"location":"Here"}`
	created := writer.write(http.MethodPost, "/v1/properties", body, http.StatusCreated, "Idempotency-Key", key)
	id := itemPath(created.ID)
	again := reader.write(http.MethodPost, "/v1/properties", body, http.StatusCreated, "Idempotency-Key", key)
	if again.ID != created.ID {
		t.Errorf("a repeated creation on process %s made %s, not %s", reader.name, again.ID, created.ID)
	}
	sees := func(w written, path, want string) reply {
		t.Helper()
		r := reader.get(path, tokenHeader, w.token)
		if got := shown(r.answer); got != want {
			t.Errorf("process %s shows %s as %q, want %q (%s)", reader.name, path, got, want,
				r.header.Get("Cache-Status"))
		}
		return r
	}
	etag := sees(created, id, "sidebyside one 2.00 v1").header.Get("ETag")
	sees(created, list, "sidebyside one (1)")
	ifMatch := []string{"Content-Type", patchType, "If-Match", etag}
	patched := writer.write(http.MethodPatch, id, `{"price":3}`, http.StatusOK, ifMatch...)
	reader.do(http.MethodPatch, id, `{"price":4}`, ifMatch...).must(http.StatusPreconditionFailed)
	sees(patched, id, "sidebyside one 3.00 v2")
	sees(patched, list, "sidebyside one (1)")

	imported := writer.write(http.MethodPost, "/v1/imports",
		"reference,title,price,location\n"+key+",sidebyside two,1,Here\n", http.StatusOK, "Content-Type", "text/csv")
	sees(imported, list, "sidebyside two sidebyside one (2)")
	exported := reader.get("/v1/exports?format=csv&q=sidebyside", tokenHeader, imported.token).must(http.StatusOK)
	if strings.Count(exported.body, "sidebyside") != 2 {
		t.Errorf("process %s exports:\n%s", reader.name, exported.body)
	}
	removed := writer.remove(created.ID)
	sees(removed, id, "absent")
	sees(removed, list, "sidebyside two (1)")
	wantFed(t, reader, start, created.ID, "insert update delete")
	if r := reader.get(id, "Cache-Control", "no-cache"); r.status != http.StatusNotFound {
		t.Errorf("process %s shows a deleted listing: %d", reader.name, r.status)
	}
	two := decoded[jsonPage](reader.get(list, tokenHeader, removed.token).must(http.StatusOK)).Properties[0].ID
	sees(writer.remove(two), list, " (0)")
	signsInOnceForBoth(t, writer, reader)
}

// wantFed says what the feed of a process has of one listing behind a cursor.
func wantFed(t *testing.T, n *node, after, id, want string) {
	t.Helper()
	var got []string
	poll(t, "the feed of process "+n.name+" has "+want, func() bool {
		page := decoded[struct {
			Changes []struct{ Op, ID string }
		}](n.get("/v1/changes?limit=1000&after=" + after).must(http.StatusOK))
		got = nil
		for _, c := range page.Changes {
			if c.ID == id {
				got = append(got, c.Op)
			}
		}
		return strings.Join(got, " ") == want
	})
}

// signsInOnceForBoth signs in on one process and opens the back office on the other.
func signsInOnceForBoth(t *testing.T, first, second *node) {
	t.Helper()
	jar, err := cookiejar.New(nil) // which does not look at ports
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Transport: first.transport}
	get := func(n *node, path string) {
		t.Helper()
		r, err := client.Get(*n.base.Load() + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		if r.StatusCode != http.StatusOK || r.Request.URL.Path != path {
			t.Errorf("process %s answers %s with %d at %s", n.name, path, r.StatusCode, r.Request.URL)
		}
	}
	get(first, "/admin/sign-in")
	r, err := client.PostForm(*first.base.Load()+"/admin/sign-in",
		url.Values{"next": {"/admin"}, "sign_in_name": {"anna"}, "sign_in_password": {testPassword}})
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	get(first, "/admin")
	get(second, "/admin")
}

// releaseOnSQLite has no process that migrates for others: each start brings the file up to its program's schema.
func releaseOnSQLite(t *testing.T, old string) {
	c := &cluster{t: t, entrance: "sqlite:" + filepath.Join(t.TempDir(), "gable.db"), cache: "memory:"}
	c.key = mustCommand(t, old, c.entrance, "admin", "create-key", "test")
	mustCommand(t, old, c.entrance, "admin", "create-user", "anna", "--password-stdin")
	for i, program := range []string{old, ""} {
		n := newNode(c, string(rune('a'+i)), plan{})
		n.program = program
		c.nodes = append(c.nodes, n)
		n.restart()
	}
	sideBySide(t, c.nodes[0], c.nodes[1])
	sideBySide(t, c.nodes[1], c.nodes[0])
	keepsWhatItDoesNotKnow(t, c.nodes[0], c.nodes[1])
	c.nodes[0].stop()
	c.nodes[0].restart()
	sideBySide(t, c.nodes[1], c.nodes[0])
}
