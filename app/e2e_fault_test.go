package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// ownPostgres is a database server that may be hurt, at the program's schema.
func ownPostgres(t *testing.T) *servicetest.Server {
	t.Helper()
	postgres := servicetest.StartPostgres(t)
	db, err := bunstore.Open(t.Context(), bunstore.Options{URL: postgres.URL()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return postgres
}

func TestADatabaseOutageIsAnswered503AndEndsByItself(t *testing.T) {
	t.Parallel()
	postgres := ownPostgres(t)
	s := startServer(t, postgres.URL(), "memory:", func(c *Config) {
		c.Freshness.MaxStaleness, c.Freshness.StaleIfError = 200*time.Millisecond, 0
	})
	p := s.create(`"title":"kept","price":1`)
	item := "/v1/properties/" + p.ID
	s.get(item).must(http.StatusOK)

	postgres.Kill()
	s.eventually("kept answers are no longer served", func() bool { return s.get(item).status == http.StatusServiceUnavailable })
	for _, refused := range []answer{
		s.get(item), s.do(http.MethodPost, "/v1/properties", `{"title":"x","price":1,"location":"y"}`), s.get("/readyz"),
	} {
		refused.must(http.StatusServiceUnavailable)
	}
	if after := s.get(item).header.Get("Retry-After"); after == "" {
		t.Error("a 503 does not say when to try again")
	}
	if s.get("/healthz").status != http.StatusOK {
		t.Error("the process counts as dead because its database is")
	}

	postgres.Start()
	s.eventually("it is back by itself", func() bool { return s.get(item).status == http.StatusOK })
	s.patch(p.ID, `{"price":2}`)
	s.get(item).shows(`"price":"2.00"`)
}

// What a reader gets while the database is away.
const unconfirmed = "gable-query; hit; detail=stale, gable-view; fwd=bypass"

// outage is a time without a database.
type outage struct {
	t     *testing.T
	began time.Time
}

// old fails the test unless the answer is marked with its age: at least as long as the database has been away, in seconds
// begun.
func (o outage) old(a answer, status int, caches string) {
	o.t.Helper()
	age, err := strconv.Atoi(a.must(status).caches(caches).header.Get("Age"))
	if away := time.Since(o.began); err != nil || age < 1 || time.Duration(age)*time.Second < away-time.Second {
		o.t.Errorf("%s after the database had gone the age is %q", away, a.header.Get("Age"))
	}
}

// refused fails the test unless the answer says when to try again.
func (o outage) refused(a answer) {
	o.t.Helper()
	if a.must(http.StatusServiceUnavailable).header.Get("Retry-After") == "" {
		o.t.Error("a 503 does not say when to try again")
	}
}

// oldAnswersAreMarked asks for what is kept: the item, and an absence.
func (o outage) oldAnswersAreMarked(s *testServer, item, absent, tag string) {
	o.t.Helper()
	s.eventually("the oldest that can be confirmed is two seconds ago", func() bool { return s.get(item).header.Get("Age") > "2" })
	o.old(s.get(item), http.StatusOK, unconfirmed)
	o.old(s.get(hotPage), http.StatusOK, unconfirmed)
	o.old(s.get(absent), http.StatusNotFound, unconfirmed)
	o.old(s.get(item, "If-None-Match", tag), http.StatusNotModified, unconfirmed)
	o.old(s.do(http.MethodHead, item, ""), http.StatusOK, unconfirmed)
	for _, wish := range []string{"max-stale", "max-stale=3600", "max-stale=soon", "only-if-cached"} {
		o.old(s.get(item, "Cache-Control", wish), http.StatusOK, unconfirmed)
	}
	if f := decoded[cacheFigures](s.get("/v1/cache").must(http.StatusOK)); f.Levels.Query.Unconfirmed < 9 {
		o.t.Errorf("%d answers were counted as unconfirmed", f.Levels.Query.Unconfirmed)
	}
}

// moreIsRefused asks for what an old answer cannot give.
func (o outage) moreIsRefused(s *testServer, item, token string) {
	o.t.Helper()
	for _, wish := range []string{"max-stale=0", "max-stale=1", "no-cache", "no-store", "max-stale, no-cache"} {
		o.refused(s.get(item, "Cache-Control", wish))
	}
	unmet := freshness.Token{Seen: freshness.Place{Epoch: "elsewhere"}}.String()
	for _, session := range []string{"*", token, unmet} {
		o.refused(s.get(item, consistency, session))
		o.refused(s.get(item, consistency, session, "Cache-Control", "max-stale"))
	}
	o.refused(s.get("/v1/properties?limit=7"))
	s.get("/v1/properties?limit=7", "Cache-Control", "only-if-cached").must(http.StatusGatewayTimeout)
	const body = `{"title":"t","price":1,"location":"l"}`
	for _, a := range []answer{
		s.do(http.MethodPost, "/v1/properties", body), s.do(http.MethodPut, item, body),
		s.do(http.MethodPatch, item, `{"price":2}`), s.do(http.MethodDelete, item, ""),
		s.do(http.MethodPost, "/v1/imports", twoRows, "Content-Type", "text/csv"),
		s.get("/v1/changes"), s.get("/v1/changes", "Accept", "text/event-stream"), s.get("/v1/exports"),
	} {
		o.refused(a)
	}
}

// While the database is away readers get what they tolerate, and nothing that claims to be more.
func TestAnOutageShowsOldAnswersForWhatTheyAre(t *testing.T) {
	t.Parallel()
	postgres := ownPostgres(t)
	short := func(c *Config) {
		c.Freshness.MaxStaleness, c.Freshness.CatchUpTimeout = 200*time.Millisecond, 50*time.Millisecond
	}
	s := startServer(t, postgres.URL(), "memory:", short)
	strict := startServer(t, postgres.URL(), "memory:", short, func(c *Config) {
		c.Freshness.StaleIfError = 0
		c.Cache.TTL = time.Nanosecond // so that only its views are kept
	})
	p := s.create(`"title":"kept","price":1`)
	item, absent := "/v1/properties/"+p.ID, "/v1/properties/"+newPropertyID().String()
	token := s.get(item, consistency, "*").must(http.StatusOK).token()
	s.get(absent)
	for _, path := range []string{item, hotPage} {
		s.get(path)
		strict.eventually("it has heard of the listing and keeps it", func() bool {
			return strict.get(path, "Cache-Control", "no-cache").header.Get("Cache-Status") == "gable-view; hit"
		})
	}
	tag := s.get(item).header.Get("ETag")
	quiet := startServer(t, postgres.URL(), "memory:", deaf)
	stream := quiet.stream("/v1/changes?after=now")
	stream.heartbeat()

	postgres.Kill()
	o := outage{t, time.Now()}
	o.oldAnswersAreMarked(s, item, absent, tag)
	o.moreIsRefused(s, item, token)
	o.refused(strict.get(item))
	o.refused(strict.get(item, "Cache-Control", "max-stale=soon"))
	for _, wish := range []string{"max-stale", "max-stale=99999999999"} {
		o.old(strict.get(item, "Cache-Control", wish), http.StatusOK, "gable-view; hit; detail=stale")
	}

	postgres.Start()
	s.behind("UPDATE properties SET price = 2")
	quiet.eventually("the feed is read again, for the first time since the change", func() bool {
		return strings.Contains(quiet.get(item, "Cache-Control", "no-cache").body, `"2.00"`)
	})
	if event := stream.next(); event.Name != "update" || !strings.Contains(event.Data, `"2.00"`) {
		t.Errorf("after the outage the stream tells %+v", event)
	}
	for _, each := range []*testServer{s, strict} {
		each.eventually("it is back by itself", func() bool {
			a := each.get(item)
			return a.status == http.StatusOK && a.header.Get("Age") == "" && strings.Contains(a.body, `"2.00"`)
		})
		each.eventually("its caches are in use again", func() bool {
			a := each.get(hotPage)
			if a.status != http.StatusServiceUnavailable { // which a busy machine may still answer
				a.shows(`"2.00"`)
			}
			return a.header.Get("Cache-Status") == "gable-view; hit"
		})
	}
	s.get(item, consistency, token).shows(`"2.00"`).token()
	s.patch(p.ID, `{"price":3}`)
	s.get(item).shows(`"3.00"`)
}

func TestLosingRedisChangesNoAnswer(t *testing.T) {
	t.Parallel()
	redis := servicetest.StartRedis(t)
	database, _ := embeddedSetup.urls(t)
	s := startServer(t, database, redis.URL())
	p := s.create(`"title":"steady","price":1`)
	item := "/v1/properties/" + p.ID
	check := func(when string) {
		t.Helper()
		for i := range 5 {
			price := string(rune('2' + i))
			s.patch(p.ID, `{"price":`+price+`}`)
			for _, path := range []string{item, "/v1/properties", "/v1/properties?count=exact&fields=price"} {
				if body := s.get(path).must(http.StatusOK).body; !strings.Contains(body, `"price":"`+price+`.00"`) {
					t.Errorf("%s: %s does not show the price %s: %s", when, path, price, body)
				}
			}
		}
		s.patch(p.ID, `{"price":1}`)
	}
	check("with Redis")
	redis.Pause()
	check("with a frozen Redis")
	s.eventually("a frozen Redis is reported", func() bool {
		return strings.Contains(s.get("/readyz").must(http.StatusOK).body,
			`"cache":{"status":"degraded","reason":"timed out"}`) &&
			s.log.FilterMessageSnippet("Redis is away").Len() == 1
	})
	redis.Resume()
	redis.Kill()
	check("without Redis")
	redis.Start()
	check("with Redis again")
	s.eventually("Redis is in use again", func() bool { return strings.HasPrefix(s.get("/readyz").body, `{"status":"ok"`) })
	away, back := s.log.FilterMessageSnippet("Redis is away").Len(), s.log.FilterMessage("Redis is back").Len()
	if away < 1 || away > 2 || back != away { // killed right after it was frozen, it may not have been back
		t.Errorf("the log says %d times that Redis is away, and %d times that it is back", away, back)
	}
}

func TestAServerStartsWithoutRedis(t *testing.T) {
	t.Parallel()
	database, _ := embeddedSetup.urls(t)
	s := startServer(t, database, "redis://127.0.0.1:1/0")
	p := s.create(`"title":"alone","price":1`)
	s.get("/v1/properties/" + p.ID).must(http.StatusOK)
	const refused = `"cache":{"status":"degraded","reason":"connection refused"}`
	if body := s.get("/readyz").must(http.StatusOK).body; !strings.Contains(body, refused) {
		t.Errorf("the reason is not shown: %s", body)
	}
	away := s.log.FilterMessageSnippet("Redis is away").All()
	if len(away) != 1 || away[0].ContextMap()["reason"] != "connection refused" || away[0].ContextMap()["error"] == nil {
		t.Errorf("the log has %v", away)
	}
}

func TestPostgresAtAnotherSchemaIsRefusedWithTheCommandThatMendsIt(t *testing.T) {
	t.Parallel()
	url := servicetest.Postgres(t)
	code, _, stderr := gable(t, "serve", "--database-url", url, "--http-address", "127.0.0.1:0", "--ops-address", "127.0.0.1:0")
	if code != exitFailed || !strings.Contains(stderr, "gable migrate up") {
		t.Errorf("code %d, %s", code, stderr)
	}
}

func TestATakenPortFailsTheStart(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t)
	database, _ := embeddedSetup.urls(t)
	code, _, stderr := gable(t, "serve", "--database-url", database, "--ops-address", "127.0.0.1:0",
		"--http-address", s.servers.public.bound.String())
	if code != exitFailed || !strings.Contains(stderr, "address already in use") {
		t.Errorf("code %d, %s", code, stderr)
	}
}

// While the server leaves, it is first taken out of the balance; a client that then says goodbye to its connections loses
// nothing, and no request that was begun is cut off.
func TestAShutdownUnderLoadLosesNoRequest(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t, func(c *Config) { c.Shutdown.Delay = time.Second })
	s.create(`"title":"last","price":1`)
	draining := make(chan struct{})
	const clients = 8
	lost := make(chan error, clients)
	for range clients {
		go func() { lost <- keepAsking(t, s.base+"/v1/properties?limit=1", draining) }()
	}
	s.eventually("there is traffic", func() bool { return s.log.FilterMessage("request").Len() > 100 })
	go func() {
		defer close(draining)
		s.eventually("readiness is off", func() bool { return s.get("/readyz").status == http.StatusServiceUnavailable })
	}()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	for range clients {
		if err := <-lost; err != nil {
			t.Errorf("a request was lost: %v", err)
		}
	}
}

// keepAsking sends one request after the other until the load balancer, which heeds readiness, sends no more.
func keepAsking(t *testing.T, url string, draining <-chan struct{}) error {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for {
		select {
		case <-draining:
			return nil
		default:
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", response.StatusCode)
		}
	}
}

// The follower reads with connections of its own: caches that are not confirmed are bypassed, and that would make a
// database still busier that has no connection left for queries.
func TestTheFeedIsReadWhileQueriesTakeEveryConnection(t *testing.T) {
	t.Parallel()
	s := servicesSetup.start(t, func(c *Config) {
		c.Database.MaxConns, c.Database.QueryTimeout = 1, time.Minute
	})
	lock, err := s.raw().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Rollback() }()
	if _, err := lock.ExecContext(t.Context(), "LOCK TABLE properties IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	stuck := make(chan struct{})
	go func() {
		defer close(stuck)
		_, _ = s.db.Repository().Count(t.Context(), &property.Filter{}) // waits for the lock
	}()
	s.eventually("the query has the connection", func() bool { return s.db.Stats().InUse == 1 })
	kept, ok := s.lookup.(*lookup)
	if !ok {
		t.Fatal("no ledger")
	}
	before := kept.ledger.ConfirmedAt()
	s.eventually("the feed is read meanwhile",
		func() bool { return kept.ledger.ConfirmedAt().After(before.Add(time.Second)) })
	select {
	case <-stuck:
		t.Error("the query has ended; the feed may have waited for it")
	default:
	}
}
