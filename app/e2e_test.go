package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/adapters/web/contracttest"
	"github.com/gable-listings/gable/adapters/web/docs"
	"github.com/gable-listings/gable/adapters/web/site"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/app/access"
	keys "github.com/gable-listings/gable/domain/access"
	"go.uber.org/fx"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// runVariable set to 1 turns the test binary into the program itself: that is how tests start real processes.
const runVariable = "GABLE_TEST_RUN"

func TestMain(m *testing.M) {
	if os.Getenv(runVariable) != "1" {
		os.Exit(servicetest.Main(m))
	}
	go func() { // whoever started the process holds its standard input, and has gone when that ends
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(exitFailed)
	}()
	main()
}

// setup is where a server under test keeps things.
type setup struct {
	name string
	urls func(t *testing.T) (database, cache string)
}

// migrated is a Postgres database at the program's schema, made once.
var migrated = servicetest.NewTemplate(func(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := bunstore.Open(ctx, bunstore.Options{URL: url})
	if err != nil {
		return err
	}
	_, err = db.Migrate(ctx)
	return errors.Join(err, db.Close())
})

var (
	embeddedSetup = setup{"SQLite and memory", func(t *testing.T) (string, string) {
		return "sqlite:" + filepath.Join(t.TempDir(), "gable.db"), "memory:"
	}}
	servicesSetup = setup{"Postgres and Redis", func(t *testing.T) (string, string) {
		return migrated.Postgres(t), servicetest.Redis(t)
	}}
)

// everywhere runs a test on both setups. The race detector is spared SQLite.
func everywhere(t *testing.T, test func(t *testing.T, s *testServer)) {
	setups := []setup{servicesSetup, embeddedSetup}
	if servicetest.RaceDetector {
		setups = setups[:1]
	}
	for _, s := range setups {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			test(t, s.start(t))
		})
	}
}

func (s setup) start(t *testing.T, change ...func(*Config)) *testServer {
	t.Helper()
	database, cache := s.urls(t)
	return startServer(t, database, cache, change...)
}

// testServer is a running program and a client whose every exchange is held against the contract.
type testServer struct {
	t        *testing.T
	config   *Config
	db       *bunstore.DB
	servers  *servers
	trend    site.Trend
	lookup   site.Lookup
	kept     *viewcache.Cache
	client   *http.Client
	base     string
	opsBase  string
	key      string // scope write
	adminKey string
	log      *observer.ObservedLogs
	accounts *access.Accounts
	keys     *access.Keys
	stop     func() error
}

var contract = sync.OnceValues(func() (*contracttest.Contract, error) { return contracttest.New(api.Contract) })

// contractBelow is the contract as a server below a base path serves it.
func contractBelow(base string) (*contracttest.Contract, error) {
	if base == "" {
		return contract()
	}
	site, err := docs.New(api.Contract, base)
	if err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.yaml", nil))
	return contracttest.New(w.Body.Bytes())
}

// testConfig is the default configuration with ports of its own.
func testConfig(t *testing.T, database, cache string) *Config {
	t.Helper()
	flags := newConfigFlags()
	config, err := flags.load()
	if err != nil {
		t.Fatal(err)
	}
	c := &config.Config
	c.Database.URL, c.Cache.URL = URL(database), URL(cache)
	c.HTTP.Address, c.Ops.Address = "127.0.0.1:0", "127.0.0.1:0"
	c.Shutdown.Delay = 0
	return c
}

// launch runs a program, without a client.
func launch(t *testing.T, database, cache string, change ...func(*Config)) *testServer {
	t.Helper()
	c := testConfig(t, database, cache)
	for _, f := range change {
		f(c)
	}
	core, logs := observer.New(zap.InfoLevel)
	s := &testServer{t: t, config: c, log: logs}
	app := newServer(c, zap.New(core), &logLevel{},
		fx.Populate(&s.db, &s.servers, &s.trend, &s.lookup, &s.kept, &s.accounts, &s.keys))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := app.Start(ctx); err != nil {
		t.Fatal(err)
	}
	s.stop = sync.OnceValue(func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		return app.Stop(ctx)
	})
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return s
}

func startServer(t *testing.T, database, cache string, change ...func(*Config)) *testServer {
	t.Helper()
	s := launch(t, database, cache, change...)
	s.base, s.opsBase = s.servers.public.url(), s.servers.ops.url()
	s.key, s.adminKey = newTestKey(t, s.keys, keys.ScopeWrite), newTestKey(t, s.keys, keys.ScopeAdmin)
	held, err := contractBelow(s.config.HTTP.basePath())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	s.client = &http.Client{
		Transport: held.Transport(t, transport), Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	s.settle()
	return s
}

func newTestKey(t *testing.T, k *access.Keys, scope keys.Scope) string {
	t.Helper()
	_, secret, err := k.Create(t.Context(), "test "+newPropertyID().String(), scope, "")
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// settle waits until the feed has been read once, so that the caches are in use.
func (s *testServer) settle() {
	s.t.Helper()
	s.eventually("the feed has been read", func() bool {
		return s.do("GET", "/v1/properties/"+newPropertyID().String(), "").status == http.StatusNotFound &&
			strings.Contains(s.get("/v1/properties?limit=1").header.Get("Cache-Status"), "stored") ||
			strings.Contains(s.get("/v1/properties?limit=1").header.Get("Cache-Status"), "hit")
	})
}

// eventually asks again and again until the condition holds; it fails the test after a generous while.
func (s *testServer) eventually(what string, condition func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.t.Fatalf("never: %s", what)
		}
	}
}

// answer is a response that has been read.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   string
}

// do sends a request with the write key; headers come in pairs.
func (s *testServer) do(method, path, body string, headers ...string) answer {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body == "" {
		request.Body = http.NoBody
	} else {
		request.Header.Set("Content-Type", "application/json")
	}
	if method != http.MethodGet && method != http.MethodHead {
		request.Header.Set("Authorization", "Bearer "+s.key)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			request.Header.Del(headers[i])
			continue
		}
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{s.t, response.StatusCode, response.Header, string(content)}
}

func (s *testServer) get(path string, headers ...string) answer {
	s.t.Helper()
	return s.do(http.MethodGet, path, "", headers...)
}

// must fails the test unless the answer has the status.
func (a answer) must(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

func decoded[T any](a answer) T {
	a.t.Helper()
	var v T
	d := json.NewDecoder(bytes.NewBufferString(a.body))
	if err := d.Decode(&v); err != nil {
		a.t.Fatalf("%v in %s", err, a.body)
	}
	return v
}

type jsonListing struct {
	ID        string   `json:"id"`
	Reference *string  `json:"reference"`
	Title     string   `json:"title"`
	Price     string   `json:"price"`
	Kind      string   `json:"kind"`
	Currency  string   `json:"currency"`
	Bedrooms  *int     `json:"bedrooms"`
	Version   int      `json:"version"`
	Photos    []string `json:"photos"`
}

type jsonPage struct {
	Properties []jsonListing `json:"properties"`
	Next       *string       `json:"next"`
	Count      *int          `json:"count"`
}

// titles are the titles on the page of a search, in order, joined by spaces.
func (s *testServer) titles(path string) string {
	s.t.Helper()
	page := decoded[jsonPage](s.get(path).must(http.StatusOK))
	names := make([]string, len(page.Properties))
	for i, p := range page.Properties {
		names[i] = p.Title
	}
	return strings.Join(names, " ")
}

func (s *testServer) count(path string) int {
	s.t.Helper()
	return *decoded[jsonPage](s.get(path).must(http.StatusOK)).Count
}

// create makes a listing and returns it.
func (s *testServer) create(members string) jsonListing {
	s.t.Helper()
	return decoded[jsonListing](s.do(http.MethodPost, "/v1/properties", `{"location":"Here",`+members+`}`).must(http.StatusCreated))
}

func (s *testServer) patch(id, members string) jsonListing {
	s.t.Helper()
	return decoded[jsonListing](s.do(http.MethodPatch, "/v1/properties/"+id, members,
		"Content-Type", "application/merge-patch+json").must(http.StatusOK))
}
