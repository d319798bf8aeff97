package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/cli"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/cachestat"
)

// ownPostgres starts a migrated database server that the test may disturb.
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
	s := apptest.Start(t, postgres.URL(), "memory:", func(c *config.Config) {
		c.Freshness.MaxStaleness, c.Freshness.StaleIfError = 200*time.Millisecond, 0
	})
	p := s.Create(`"title":"cached","price":1`)
	item := "/v1/properties/" + p.ID
	s.Get(item).Must(http.StatusOK)

	postgres.Kill()
	s.Eventually("cached answers are no longer served", func() bool {
		return s.Get(item).
			Status == http.StatusServiceUnavailable
	})
	for _, refused := range []apptest.Answer{
		s.Get(item), s.Do(http.MethodPost, "/v1/properties", `{"title":"x","price":1,"location":"y"}`), s.Get("/readyz"),
	} {
		refused.Must(http.StatusServiceUnavailable)
	}
	if after := s.Get(item).Header.Get("Retry-After"); after == "" {
		t.Error("a 503 does not say when to try again")
	}
	if s.Get("/healthz").Status != http.StatusOK {
		t.Error("the process reports itself dead because its database is")
	}

	postgres.Start()
	s.Eventually("it is back by itself", func() bool { return s.Get(item).Status == http.StatusOK })
	s.Patch(p.ID, `{"price":2}`)
	s.Get(item).Shows(`"price":"2.00"`)
}

// unconfirmed is the Cache-Status of a cached answer while the database is away.
const unconfirmed = "gable-query; hit; detail=stale, gable-view; fwd=bypass"

// outage is a time without a database.
type outage struct {
	t     *testing.T
	began time.Time
}

// old fails the test unless the answer is marked with its age. The age must be at least as long as the database has
// been away, in whole seconds.
func (o outage) old(a apptest.Answer, status int, caches string) {
	o.t.Helper()
	age, err := strconv.Atoi(a.Must(status).Caches(caches).Header.Get("Age"))
	if away := time.Since(o.began); err != nil || age < 1 || time.Duration(age)*time.Second < away-time.Second {
		o.t.Errorf("%s after the database had gone the age is %q", away, a.Header.Get("Age"))
	}
}

// refused fails the test unless the answer says when to try again.
func (o outage) refused(a apptest.Answer) {
	o.t.Helper()
	if a.Must(http.StatusServiceUnavailable).Header.Get("Retry-After") == "" {
		o.t.Error("a 503 does not say when to try again")
	}
}

// oldAnswersAreMarked requests what is cached: the item, and an absence.
func (o outage) oldAnswersAreMarked(s *apptest.Server, item, absent, tag string) {
	o.t.Helper()
	s.Eventually("the last confirmation is more than two seconds ago",
		func() bool { return s.Get(item).Header.Get("Age") > "2" })
	o.old(s.Get(item), http.StatusOK, unconfirmed)
	o.old(s.Get(hotPage), http.StatusOK, unconfirmed)
	o.old(s.Get(absent), http.StatusNotFound, unconfirmed)
	o.old(s.Get(item, "If-None-Match", tag), http.StatusNotModified, unconfirmed)
	o.old(s.Do(http.MethodHead, item, ""), http.StatusOK, unconfirmed)
	for _, directive := range []string{"max-stale", "max-stale=3600", "max-stale=soon", "only-if-cached"} {
		o.old(s.Get(item, "Cache-Control", directive), http.StatusOK, unconfirmed)
	}
	f := apptest.Decoded[api.CacheFigures](s.Get("/v1/cache").Must(http.StatusOK))
	if n := f.Levels.Query.Reads[cachestat.OutcomeStaleIfError]; n < 9 {
		o.t.Errorf("%d answers were counted as unconfirmed", n)
	}
}

// moreIsRefused requests what an old answer cannot provide.
func (o outage) moreIsRefused(s *apptest.Server, item, token string) {
	o.t.Helper()
	for _, directive := range []string{"max-stale=0", "max-stale=1", "no-cache", "no-store", "max-stale, no-cache"} {
		o.refused(s.Get(item, "Cache-Control", directive))
	}
	unmet := freshness.Token{Seen: freshness.Point{Epoch: "elsewhere"}}.String()
	for _, session := range []string{"*", token, unmet} {
		o.refused(s.Get(item, consistency, session))
		o.refused(s.Get(item, consistency, session, "Cache-Control", "max-stale"))
	}
	o.refused(s.Get("/v1/properties?limit=7"))
	s.Get("/v1/properties?limit=7", "Cache-Control", "only-if-cached").Must(http.StatusGatewayTimeout)
	const body = `{"title":"t","price":1,"location":"l"}`
	for _, a := range []apptest.Answer{
		s.Do(http.MethodPost, "/v1/properties", body), s.Do(http.MethodPut, item, body),
		s.Do(http.MethodPatch, item, `{"price":2}`), s.Do(http.MethodDelete, item, ""),
		s.Do(http.MethodPost, "/v1/imports", twoRows, "Content-Type", "text/csv"),
		s.Get("/v1/changes"), s.Get("/v1/changes", "Accept", "text/event-stream"), s.Get("/v1/exports"),
	} {
		o.refused(a)
	}
}

// While the database is away readers get what they tolerate, and never an answer that claims to be more.
func TestAnOutageShowsOldAnswersForWhatTheyAre(t *testing.T) {
	t.Parallel()
	postgres := ownPostgres(t)
	short := func(c *config.Config) {
		c.Freshness.MaxStaleness, c.Freshness.CatchUpTimeout = 200*time.Millisecond, 50*time.Millisecond
	}
	s := apptest.Start(t, postgres.URL(), "memory:", short)
	strict := apptest.Start(t, postgres.URL(), "memory:", short, func(c *config.Config) {
		c.Freshness.StaleIfError = 0
		c.Cache.TTL = time.Nanosecond // so that only its views stay cached
	})
	p := s.Create(`"title":"cached","price":1`)
	item, absent := "/v1/properties/"+p.ID, "/v1/properties/"+apptest.NewID().String()
	token := s.Get(item, consistency, "*").Must(http.StatusOK).Token()
	s.Eventually("the absence is cached", func() bool {
		s.Get(absent)
		return s.Get(absent, "Cache-Control", "only-if-cached").Status == http.StatusNotFound
	})
	for _, path := range []string{item, hotPage} {
		for _, each := range []*apptest.Server{s, strict} {
			each.Eventually("the listing is known and cached", func() bool {
				return each.Get(path, "Cache-Control", "no-cache").Header.Get("Cache-Status") == "gable-view; hit"
			})
		}
	}
	tag := s.Get(item).Header.Get("ETag")
	quiet := apptest.Start(t, postgres.URL(), "memory:", pollOnDemand)
	stream := openStream(quiet, "/v1/changes?after=now")
	stream.heartbeat()

	postgres.Kill()
	o := outage{t, time.Now()}
	o.oldAnswersAreMarked(s, item, absent, tag)
	o.moreIsRefused(s, item, token)
	o.refused(strict.Get(item))
	o.refused(strict.Get(item, "Cache-Control", "max-stale=soon"))
	for _, directive := range []string{"max-stale", "max-stale=99999999999"} {
		o.old(strict.Get(item, "Cache-Control", directive), http.StatusOK, "gable-view; hit; detail=stale")
	}

	postgres.Start()
	behind(s, "UPDATE properties SET price = 2")
	quiet.Eventually("the feed is read again, for the first time since the change", func() bool {
		return strings.Contains(quiet.Get(item, "Cache-Control", "no-cache").Body, `"2.00"`)
	})
	if event := stream.next(); event.Name != "update" || !strings.Contains(event.Data, `"2.00"`) {
		t.Errorf("after the outage the stream delivers %+v", event)
	}
	for _, each := range []*apptest.Server{s, strict} {
		each.Eventually("it is back by itself", func() bool {
			a := each.Get(item)
			return a.Status == http.StatusOK && a.Header.Get("Age") == "" && strings.Contains(a.Body, `"2.00"`)
		})
		each.Eventually("its caches are in use again", func() bool {
			a := each.Get(hotPage)
			if a.Status != http.StatusServiceUnavailable { // a busy machine may still answer it
				a.Shows(`"2.00"`)
			}
			return a.Header.Get("Cache-Status") == "gable-view; hit"
		})
	}
	s.Get(item, consistency, token).Shows(`"2.00"`).Token()
	s.Patch(p.ID, `{"price":3}`)
	s.Get(item).Shows(`"3.00"`)
}

func TestLosingRedisChangesNoAnswer(t *testing.T) {
	t.Parallel()
	redis := servicetest.StartRedis(t)
	database, _ := apptest.Embedded.URLs(t)
	s := apptest.Start(t, database, redis.URL())
	p := s.Create(`"title":"steady","price":1`)
	item := "/v1/properties/" + p.ID
	check := func(when string) {
		t.Helper()
		for i := range 5 {
			price := string(rune('2' + i))
			s.Patch(p.ID, `{"price":`+price+`}`)
			for _, path := range []string{item, "/v1/properties", "/v1/properties?count=exact&fields=price"} {
				if body := s.Get(path).Must(http.StatusOK).Body; !strings.Contains(body, `"price":"`+price+`.00"`) {
					t.Errorf("%s: %s does not show the price %s: %s", when, path, price, body)
				}
			}
		}
		s.Patch(p.ID, `{"price":1}`)
	}
	check("with Redis")
	redis.Pause()
	check("with a frozen Redis")
	s.Eventually("a frozen Redis is reported", func() bool {
		return strings.Contains(s.Get("/readyz").Must(http.StatusOK).Body,
			`"cache":{"status":"degraded","reason":"timed out"}`) &&
			s.Log.FilterMessage("query cache unavailable").Len() == 1
	})
	redis.Resume()
	redis.Kill()
	check("without Redis")
	redis.Start()
	check("with Redis again")
	s.Eventually("Redis is in use again",
		func() bool { return strings.HasPrefix(s.Get("/readyz").Body, `{"status":"ok"`) })
	away, back := s.Log.FilterMessage("query cache unavailable").Len(),
		s.Log.FilterMessage("query cache available").Len()
	if away < 1 || away > 2 || back != away { // killed right after it was frozen, it may not have been back
		t.Errorf("the log says %d times that Redis is away, and %d times that it is back", away, back)
	}
}

func TestAServerStartsWithoutRedis(t *testing.T) {
	t.Parallel()
	database, _ := apptest.Embedded.URLs(t)
	s := apptest.Start(t, database, "redis://127.0.0.1:1/0")
	p := s.Create(`"title":"alone","price":1`)
	s.Get("/v1/properties/" + p.ID).Must(http.StatusOK)
	const refused = `"cache":{"status":"degraded","reason":"connection refused"}`
	if body := s.Get("/readyz").Must(http.StatusOK).Body; !strings.Contains(body, refused) {
		t.Errorf("the reason is not shown: %s", body)
	}
	away := s.Log.FilterMessage("query cache unavailable").All()
	if len(away) != 1 || away[0].ContextMap()["reason"] != "connection refused" || away[0].ContextMap()["error"] == nil {
		t.Errorf("the log has %v", away)
	}
}

func TestPostgresAtAnotherSchemaIsRefusedWithTheCommandThatMendsIt(t *testing.T) {
	t.Parallel()
	url := servicetest.Postgres(t)
	code, _, stderr := apptest.Gable(t, "serve", "--database-url", url, "--http-address", "127.0.0.1:0", "--ops-address",
		"127.0.0.1:0")
	if code != cli.ExitFailed || !strings.Contains(stderr, "gable migrate up") {
		t.Errorf("code %d, %s", code, stderr)
	}
}

func TestATakenPortFailsTheStart(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	database, _ := apptest.Embedded.URLs(t)
	code, _, stderr := apptest.Gable(t, "serve", "--database-url", database, "--ops-address", "127.0.0.1:0",
		"--http-address", s.Servers.Public.Addr().String())
	if code != cli.ExitFailed || !strings.Contains(stderr, "address already in use") {
		t.Errorf("code %d, %s", code, stderr)
	}
}

// A leaving server first turns its readiness off. A load balancer that then closes its connections loses nothing, and
// no request in flight is cut off.
func TestAShutdownUnderLoadLosesNoRequest(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t, func(c *config.Config) { c.Shutdown.Delay = time.Second })
	s.Create(`"title":"last","price":1`)
	draining := make(chan struct{})
	const clients = 8
	lost := make(chan error, clients)
	for range clients {
		go func() { lost <- keepAsking(t, s.Base+"/v1/properties?limit=1", draining) }()
	}
	s.Eventually("there is traffic", func() bool { return s.Log.FilterMessage("request").Len() > 100 })
	go func() {
		defer close(draining)
		s.Eventually("readiness is off", func() bool { return s.Get("/readyz").Status == http.StatusServiceUnavailable })
	}()
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	for range clients {
		if err := <-lost; err != nil {
			t.Errorf("a request was lost: %v", err)
		}
	}
}

// keepAsking sends one request after the other until the load balancer, which follows readiness, sends no more.
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

// The follower reads with connections of its own. Unconfirmed caches are bypassed, which would load a database still
// more that has no connection left for queries.
func TestTheFeedIsReadWhileQueriesTakeEveryConnection(t *testing.T) {
	t.Parallel()
	s := apptest.Services.Start(t, func(c *config.Config) {
		c.Database.MaxConns, c.Database.QueryTimeout = 1, time.Minute
	})
	lock, err := s.Raw().BeginTx(t.Context(), nil)
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
		_, _, _ = s.Db.Repository().Count(t.Context(), &property.Filter{}) // waits for the lock
	}()
	s.Eventually("the query has the connection", func() bool { return s.Db.Stats().InUse == 1 })
	before := s.Ledger.ConfirmedAt()
	s.Eventually("the feed is read meanwhile",
		func() bool { return s.Ledger.ConfirmedAt().After(before.Add(time.Second)) })
	select {
	case <-stuck:
		t.Error("the query has ended; the feed may have waited for it")
	default:
	}
}
