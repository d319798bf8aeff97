package bunstore_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

func TestMain(m *testing.M) { os.Exit(servicetest.Main(m)) }

// database is a kind of database that the tests run on.
type database struct {
	name string
	// url returns the URL of a new database, with the schema in it or for open to migrate.
	url func(t testing.TB) string
}

var databases = kinds()

func kinds() []database {
	all := []database{
		{"Postgres", func(t testing.TB) string { return template.Postgres(t) }},
		{"SQLite file", sqliteFile},
		{"SQLite memory", func(testing.TB) string { return "sqlite::memory:" }},
	}
	if servicetest.RaceDetector {
		return all[:2]
	}
	return all
}

var template = servicetest.NewTemplate(func(url string) error {
	db, err := bunstore.Open(context.Background(), bunstore.Options{URL: url})
	if err != nil {
		return err
	}
	if _, err := db.Migrate(context.Background()); err != nil {
		return err
	}
	return db.Close()
})

func sqliteFile(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "gable.db") }

// onEach runs a test on every kind of database, each time on an empty one.
func onEach(t *testing.T, test func(t *testing.T, db *bunstore.DB)) {
	for _, kind := range databases {
		t.Run(kind.name, func(t *testing.T) { test(t, open(t, kind.url(t))) })
	}
}

// open opens a database whose schema is up to date.
func open(t testing.TB, url string) *bunstore.DB {
	t.Helper()
	db := openRaw(t, url)
	if db.CheckSchema(t.Context()) == nil {
		return db
	}
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func openRaw(t testing.TB, url string) *bunstore.DB {
	t.Helper()
	db, err := bunstore.Open(t.Context(), bunstore.Options{URL: url, QueryTimeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestPropertyRepositoryKeepsItsPromises(t *testing.T) {
	for _, kind := range databases {
		t.Run(kind.name, func(t *testing.T) {
			porttest.PropertyRepository(t, func(t *testing.T) ports.PropertyRepository {
				return open(t, kind.url(t)).Repository()
			}, porttest.Features{})
		})
	}
}

func TestPropertyRestorerKeepsItsPromises(t *testing.T) {
	for _, kind := range databases {
		t.Run(kind.name, func(t *testing.T) {
			porttest.PropertyRestorer(t, func(t *testing.T) (ports.PropertyRepository, ports.PropertyRestorer) {
				repo := open(t, kind.url(t)).Repository()
				return repo, repo
			})
		})
	}
}

func TestChangeFeedKeepsItsPromises(t *testing.T) {
	for _, kind := range databases {
		t.Run(kind.name, func(t *testing.T) {
			porttest.ChangeFeed(t, func(t *testing.T) (ports.PropertyRepository, ports.ChangeFeed) {
				db := open(t, kind.url(t))
				return db.Repository(), db.Feed()
			})
		})
	}
}

func TestIdempotencyKeyRepositoryKeepsItsPromises(t *testing.T) {
	for _, kind := range databases {
		t.Run(kind.name, func(t *testing.T) {
			porttest.IdempotencyKeyRepository(t, func(t *testing.T) (ports.PropertyRepository, ports.IdempotencyKeyRepository) {
				repo := open(t, kind.url(t)).Repository()
				return repo, repo
			})
		})
	}
}

func TestKeyRepositoryKeepsItsPromises(t *testing.T) {
	for _, kind := range databases {
		t.Run(kind.name, func(t *testing.T) {
			porttest.KeyRepository(t, func(t *testing.T) (ports.KeyRepository, ports.AccountRepository) {
				db := open(t, kind.url(t))
				return db.Keys(), db.Accounts()
			})
		})
	}
}

func TestAccountRepositoryKeepsItsPromises(t *testing.T) {
	for _, kind := range databases {
		t.Run(kind.name, func(t *testing.T) {
			porttest.AccountRepository(t, func(t *testing.T) ports.AccountRepository { return open(t, kind.url(t)).Accounts() })
		})
	}
}

func TestSessionRepositoryKeepsItsPromises(t *testing.T) {
	for _, kind := range databases {
		t.Run(kind.name, func(t *testing.T) {
			porttest.SessionRepository(t, func(t *testing.T) (ports.AccountRepository, ports.SessionRepository) {
				db := open(t, kind.url(t))
				return db.Accounts(), db.Sessions()
			})
		})
	}
}

func TestBrowserRepositoryKeepsItsPromises(t *testing.T) {
	for _, kind := range databases {
		t.Run(kind.name, func(t *testing.T) {
			porttest.BrowserRepository(t, func(t *testing.T) (ports.AccountRepository, ports.BrowserRepository) {
				db := open(t, kind.url(t))
				return db.Accounts(), db.Browsers()
			})
		})
	}
}

func TestSigningKeyRepositoryKeepsItsPromises(t *testing.T) {
	for _, kind := range databases {
		t.Run(kind.name, func(t *testing.T) {
			porttest.SigningKeyRepository(t,
				func(t *testing.T) ports.SigningKeyRepository { return open(t, kind.url(t)).SigningKeys() })
		})
	}
}

// birth is the time at which the tests create listings.
var birth = time.Date(2026, 1, 2, 3, 4, 5, 678_901_000, time.UTC)

// listing returns a new listing, not yet stored. Greater numbers make greater ids.
func listing(t testing.TB, n int, edits ...func(*property.Details)) property.Property {
	t.Helper()
	details := property.Details{Title: "Cottage", Location: "Seattle", Price: 450_000_00}
	for _, edit := range edits {
		edit(&details)
	}
	p, err := property.New(property.ID{0: byte(n >> 16), 1: byte(n >> 8), 2: byte(n), 6: 0x70, 8: 0x80}, details, birth)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// store creates the listing and returns it as stored.
func store(t testing.TB, db *bunstore.DB, p property.Property) property.Property {
	t.Helper()
	creation, err := db.Repository().Create(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	return *creation.Change.After
}
