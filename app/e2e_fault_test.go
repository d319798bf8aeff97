package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/servicetest"
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
	if !strings.Contains(s.get(item).body, `"price":"2.00"`) {
		t.Error("the write after the outage is not seen")
	}
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
	if status := s.get("/readyz").must(http.StatusOK); !strings.Contains(status.body, `"degraded"`) {
		t.Errorf("a frozen Redis is not reported: %s", status.body)
	}
	redis.Resume()
	redis.Kill()
	check("without Redis")
	redis.Start()
	check("with Redis again")
	s.eventually("Redis is in use again", func() bool { return strings.HasPrefix(s.get("/readyz").body, `{"status":"ok"`) })
}

func TestAServerStartsWithoutRedis(t *testing.T) {
	t.Parallel()
	database, _ := embeddedSetup.urls(t)
	s := startServer(t, database, "redis://127.0.0.1:1/0")
	p := s.create(`"title":"alone","price":1`)
	s.get("/v1/properties/" + p.ID).must(http.StatusOK)
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
