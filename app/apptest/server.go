package apptest

import (
	"bytes"
	"context"
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

	"github.com/google/uuid"
	"go.uber.org/fx"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/adapters/web/contracttest"
	"github.com/gable-listings/gable/adapters/web/docs"
	"github.com/gable-listings/gable/adapters/web/site"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/app/accounts"
	"github.com/gable-listings/gable/app/cli"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/server"
	keys "github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// runVariable set to 1 turns the test binary into the program itself, so that tests can start real processes.
const runVariable = "GABLE_TEST_RUN"

// Main runs the tests of a package, or the program itself in the processes that they start.
func Main(m *testing.M) {
	if os.Getenv(runVariable) != "1" {
		os.Exit(servicetest.Main(m))
	}
	go func() { // the parent holds the standard input; its end means that the parent has gone
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(cli.ExitFailed)
	}()
	ctx, stop := cli.EndOnSignal()
	code := cli.Run(ctx, &cli.Process{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args[1:])
	stop()
	os.Exit(code)
}

// Gable runs one command line and returns what it prints.
func Gable(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return Typing(t, "", args...)
}

// Typing runs one command line with input on standard input, which is not a terminal.
func Typing(t *testing.T, input string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = cli.Run(t.Context(), &cli.Process{In: strings.NewReader(input), Out: &out, Err: &err}, args)
	return code, out.String(), err.String()
}

// NewID makes the id of a new listing.
func NewID() property.ID { return property.ID(uuid.Must(uuid.NewV7())) }

// Password is a password that the rules accept.
const Password = "correct horse battery staple"

// TokenHeader is the header that continues a session.
const TokenHeader = "Consistency-Token"

// Setup is the storage of a server under test.
type Setup struct {
	Name string
	URLs func(t *testing.T) (database, cache string)
}

// Migrated is a Postgres database at the program's schema, made once.
var Migrated = servicetest.NewTemplate(func(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := bunstore.Open(ctx, bunstore.Options{URL: url})
	if err != nil {
		return err
	}
	_, err = db.Migrate(ctx)
	return errors.Join(err, db.Close())
})

// Embedded and Services are the two ways to run the program.
var (
	Embedded = Setup{"SQLite and memory", func(t *testing.T) (string, string) {
		return "sqlite:" + filepath.Join(t.TempDir(), "gable.db"), "memory:"
	}}
	Services = Setup{"Postgres and Redis", func(t *testing.T) (string, string) {
		return Migrated.Postgres(t), servicetest.Redis(t)
	}}
)

// Everywhere runs a test on both setups. With the race detector it leaves SQLite out.
func Everywhere(t *testing.T, test func(t *testing.T, s *Server)) {
	setups := []Setup{Services, Embedded}
	if servicetest.RaceDetector {
		setups = setups[:1]
	}
	for _, s := range setups {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			test(t, s.Start(t))
		})
	}
}

// Start starts a server with this setup.
func (s Setup) Start(t *testing.T, change ...func(*config.Config)) *Server {
	t.Helper()
	database, cache := s.URLs(t)
	return Start(t, database, cache, change...)
}

// Server is a running program with a client that checks every exchange against the contract.
type Server struct {
	T        *testing.T
	Config   *config.Config
	Db       *bunstore.DB
	Servers  *server.Listeners
	Trend    site.Trend
	Lookup   site.Lookup
	Views    *viewcache.Cache
	Ledger   *freshness.Ledger
	Client   *http.Client
	Base     string
	OpsBase  string
	Key      string // scope write
	AdminKey string
	Log      *observer.ObservedLogs
	Accounts *accounts.Accounts
	keys     *accounts.Keys
	Stop     func() error
}

var contractAtRoot = sync.OnceValues(func() (*contracttest.Contract, error) { return contractBelow("") })

// contract returns the contract as a server below a base path serves it.
func contract(base string) (*contracttest.Contract, error) {
	if base == "" {
		return contractAtRoot()
	}
	return contractBelow(base)
}

func contractBelow(base string) (*contracttest.Contract, error) {
	site, err := docs.New(api.Contract, base)
	if err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.yaml", nil))
	return contracttest.New(w.Body.Bytes())
}

// Config returns the default configuration with free ports.
func Config(t testing.TB, database, cache string) *config.Config {
	t.Helper()
	flags := config.NewFlags()
	loaded, err := flags.Load()
	if err != nil {
		t.Fatal(err)
	}
	c := &loaded.Config
	c.Database.URL, c.Cache.URL = config.URL(database), config.URL(cache)
	c.HTTP.Address, c.Ops.Address = "127.0.0.1:0", "127.0.0.1:0"
	c.Shutdown.Delay = 0
	return c
}

// Launch runs a program, without a client.
func Launch(t *testing.T, database, cache string, change ...func(*config.Config)) *Server {
	t.Helper()
	c := Config(t, database, cache)
	for _, f := range change {
		f(c)
	}
	core, logs := observer.New(zap.InfoLevel)
	s := &Server{T: t, Config: c, Log: logs}
	app := server.New(c, zap.New(core), &server.LogLevel{},
		fx.Populate(&s.Db, &s.Servers, &s.Trend, &s.Lookup, &s.Views, &s.Ledger, &s.Accounts, &s.keys))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := app.Start(ctx); err != nil {
		t.Fatal(err)
	}
	s.Stop = sync.OnceValue(func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		return app.Stop(ctx)
	})
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return s
}

// Start starts a server over a database and a cache, with a client and keys.
func Start(t *testing.T, database, cache string, change ...func(*config.Config)) *Server {
	t.Helper()
	s := Launch(t, database, cache, change...)
	s.Base, s.OpsBase = s.Servers.Public.URL(), s.Servers.Ops.URL()
	s.Key, s.AdminKey = NewKey(t, s.keys, keys.ScopeWrite), NewKey(t, s.keys, keys.ScopeAdmin)
	held, err := contract(s.Config.HTTP.Base())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	s.Client = &http.Client{
		Transport: held.Transport(t, transport), Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	s.settle()
	return s
}

// NewKey makes an API key and returns its secret.
func NewKey(t *testing.T, k *accounts.Keys, scope keys.Scope) string {
	t.Helper()
	_, secret, err := k.Create(t.Context(), "test "+NewID().String(), scope, "")
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// settle waits until the feed has been read once, so that the caches are in use.
func (s *Server) settle() {
	s.T.Helper()
	s.Eventually("the feed has been read", func() bool {
		return s.Do("GET", "/v1/properties/"+NewID().String(), "").Status == http.StatusNotFound &&
			strings.Contains(s.Get("/v1/properties?limit=1").Header.Get("Cache-Status"), "stored") ||
			strings.Contains(s.Get("/v1/properties?limit=1").Header.Get("Cache-Status"), "hit")
	})
}

// Eventually checks a condition again and again until it holds; it fails the test after a generous while.
func (s *Server) Eventually(what string, condition func() bool) {
	s.T.Helper()
	ctx, cancel := context.WithTimeout(s.T.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.T.Fatalf("never: %s", what)
		}
	}
}

// Do sends a request with the write key; headers come in pairs.
func (s *Server) Do(method, path, body string, headers ...string) Answer {
	s.T.Helper()
	request, err := http.NewRequestWithContext(s.T.Context(), method, s.Base+path, strings.NewReader(body))
	if err != nil {
		s.T.Fatal(err)
	}
	if body == "" {
		request.Body = http.NoBody
	} else {
		request.Header.Set("Content-Type", "application/json")
	}
	if method != http.MethodGet && method != http.MethodHead {
		request.Header.Set("Authorization", "Bearer "+s.Key)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			request.Header.Del(headers[i])
			continue
		}
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.Client.Do(request)
	if err != nil {
		s.T.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		s.T.Fatal(err)
	}
	return Answer{s.T, response.StatusCode, response.Header, string(content)}
}

// Get reads a path.
func (s *Server) Get(path string, headers ...string) Answer {
	s.T.Helper()
	return s.Do(http.MethodGet, path, "", headers...)
}

// Titles returns the titles on the page of a search, in order, joined by spaces.
func (s *Server) Titles(path string) string {
	s.T.Helper()
	page := Decoded[Page](s.Get(path).Must(http.StatusOK))
	names := make([]string, len(page.Properties))
	for i, p := range page.Properties {
		names[i] = p.Title
	}
	return strings.Join(names, " ")
}

// Count returns the count on the page of a search.
func (s *Server) Count(path string) int {
	s.T.Helper()
	return *Decoded[Page](s.Get(path).Must(http.StatusOK)).Count
}

// Create makes a listing and returns it.
func (s *Server) Create(members string) Listing {
	s.T.Helper()
	return Decoded[Listing](s.Do(http.MethodPost, "/v1/properties", `{"location":"Here",`+members+`}`).
		Must(http.StatusCreated))
}

// Patch changes members of a listing.
func (s *Server) Patch(id, members string) Listing {
	s.T.Helper()
	return Decoded[Listing](s.Do(http.MethodPatch, "/v1/properties/"+id, members,
		"Content-Type", "application/merge-patch+json").Must(http.StatusOK))
}
