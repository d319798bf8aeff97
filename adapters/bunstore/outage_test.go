package bunstore_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

func TestOpenReportsWhatIsWrongWithAURL(t *testing.T) {
	for _, url := range []string{
		"", "mysql://localhost/x", "/var/lib/gable.db", "sqlite:", "sqlite://relative.db", "postgres://localhost:port/x",
	} {
		_, err := bunstore.Open(t.Context(), bunstore.Options{URL: url})
		if !errors.Is(err, bunstore.ErrInvalidURL) {
			t.Errorf("opening %q gives %v", url, err)
		}
	}
}

func TestOpenReportsAnUnreachableDatabase(t *testing.T) {
	for _, url := range []string{"postgres://nobody@127.0.0.1:1/none?sslmode=disable", "sqlite:/no/such/folder/gable.db"} {
		_, err := bunstore.Open(t.Context(), bunstore.Options{URL: url})
		if !errors.Is(err, ports.ErrUnavailable) {
			t.Errorf("opening %q gives %v", url, err)
		}
	}
}

func TestSQLitePathsAreTakenAsTheyAre(t *testing.T) {
	path := filepath.Join(t.TempDir(), "what? 100% #1 & more.db")
	for _, url := range []string{"sqlite:" + path, "sqlite://" + path} {
		db := open(t, url)
		if url == "sqlite:"+path {
			store(t, db, listing(t, 1))
		}
		if _, _, err := db.Repository().Find(t.Context(), listing(t, 1).ID); err != nil {
			t.Fatalf("%s: %v", url, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPostgresComesBackByItself(t *testing.T) {
	server := servicetest.StartPostgres(t)
	db := open(t, server.URL())
	repo, feed := db.Repository(), db.Feed()
	p := store(t, db, listing(t, 1))
	cursor, _, err := feed.Head(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}

	server.Kill()
	_, _, findErr := repo.Find(t.Context(), p.ID)
	_, updateErr := repo.Update(t.Context(), p)
	_, feedErr := feed.Changes(t.Context(), cursor, 10)
	_, historyErr := db.History().History(t.Context(), p.ID, 0, 10)
	for _, err := range []error{findErr, updateErr, feedErr, historyErr, db.Ping(t.Context())} {
		if !errors.Is(err, ports.ErrUnavailable) {
			t.Fatalf("without a server the error is %v", err)
		}
	}

	server.Start()
	deadline := time.Now().Add(20 * time.Second)
	for db.Ping(t.Context()) != nil && time.Now().Before(deadline) {
		continue
	}
	if _, err := repo.Update(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	page, err := feed.Changes(t.Context(), cursor, 10)
	if err != nil || len(page.Changes) != 1 || page.Changes[0].Op != property.OpUpdate {
		t.Fatalf("after the restart the feed delivers %v, error %v", page.Changes, err)
	}
}

func TestSlowDatabaseIsUnavailable(t *testing.T) {
	db := open(t, template.Postgres(t))
	impatient, err := bunstore.Open(t.Context(), bunstore.Options{URL: db.URL(), QueryTimeout: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = impatient.Close() }()
	p := store(t, db, listing(t, 1))
	holding(t, db, "UPDATE properties SET title = 'held'", func() {
		_, err = impatient.Repository().Update(t.Context(), p)
	})
	if !errors.Is(err, ports.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a write that has to wait too long gives %v", err)
	}
}

func TestCancelledCallStaysCancelled(t *testing.T) {
	onEach(t, func(t *testing.T, db *bunstore.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, err := db.Repository().Find(ctx, listing(t, 1).ID)
		if !errors.Is(err, context.Canceled) || errors.Is(err, ports.ErrUnavailable) {
			t.Fatalf("a call that its caller gave up gives %v", err)
		}
	})
}

func TestBusySQLiteIsUnavailable(t *testing.T) {
	url := sqliteFile(t)
	db := open(t, url)
	p := store(t, db, listing(t, 1))
	impatient, err := bunstore.Open(t.Context(), bunstore.Options{URL: url, QueryTimeout: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = impatient.Close() }()
	var found property.Property
	holding(t, db, "UPDATE properties SET title = 'held'", func() {
		_, err = impatient.Repository().Update(t.Context(), p)
		found, _, _ = impatient.Repository().Find(t.Context(), p.ID)
	})
	if !errors.Is(err, ports.ErrUnavailable) {
		t.Fatalf("a write during another process's transaction gives %v", err)
	}
	if found.Title != p.Title {
		t.Fatalf("a read during another process's transaction finds %q", found.Title)
	}
}

// holding calls do while a transaction that has executed the statement is open, and rolls it back.
func holding(t *testing.T, db *bunstore.DB, statement string, do func()) {
	t.Helper()
	tx, err := db.Writer().BeginTx(t.Context(), &sql.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(statement); err != nil {
		t.Fatal(err)
	}
	do()
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
}

// A restart of the server ends every connection of the pool, and the pool does not know.
func TestReadsDoNotFailAfterARestartOfTheServer(t *testing.T) {
	server := servicetest.StartPostgres(t)
	db := open(t, server.URL())
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := store(t, db, listing(t, 1))
	for _, end := range []func(){server.Stop, server.Kill} {
		var readers sync.WaitGroup
		for range 3 { // as many connections
			readers.Go(func() { _, _ = db.Writer().Exec("SELECT pg_sleep(0.1)") })
		}
		readers.Wait()
		head(t, db)
		end()
		server.Start()
		if _, _, err := db.Repository().Find(t.Context(), p.ID); err != nil {
			t.Errorf("the first look-up after a restart: %v", err)
		}
		if _, _, err := db.Repository().Search(t.Context(), parse(t, "limit=5")); err != nil {
			t.Errorf("the first search after a restart: %v", err)
		}
		head(t, db)
	}
}
