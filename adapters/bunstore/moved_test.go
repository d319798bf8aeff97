package bunstore_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/ports"
)

// These tests move a database, into another cluster by a dump or to another server by a failover, and read the feed.

// A dump contains the numbers of transactions that have yet to begin in the cluster it is restored into.
func TestChangesCopiedFromAnotherDatabaseAreOfLongAgo(t *testing.T) {
	db := open(t, template.Postgres(t))
	p := store(t, db, listing(t, 1))
	const ahead = 60
	byHand(t, db.Writer(), fmt.Sprintf(`
		WITH later AS (SELECT ((pg_current_xact_id()::text::bigint) + %d)::text::xid8 AS tx),
		retention AS (INSERT INTO feed_retention (id, seq, tx) SELECT 1, 0, tx FROM later)
		UPDATE property_changes SET tx = later.tx FROM later`, ahead))
	cursor := head(t, db)
	follow := func(when string) {
		t.Helper()
		for _, start := range []ports.FeedCursor{cursor, head(t, db)} {
			if page, err := db.Feed().Changes(t.Context(), start, 10); err != nil || len(page.Changes) != 0 {
				t.Fatalf("%s the feed delivers %d changes, error %v", when, len(page.Changes), err)
			}
		}
	}
	follow("after the restore")
	if _, err := db.Feed().Prune(t.Context(), time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	follow("when it has been cleaned")
	for range ahead + 20 {
		byHand(t, db.Writer(), "SELECT pg_current_xact_id()")
	}
	follow("when numbers have come as far as those of the copies")
	if change, err := db.Repository().Delete(t.Context(), p.ID, 0); err != nil || change.Version != 2 {
		t.Fatalf("a removal is %+v, error %v", change, err)
	}
	if page, err := db.Feed().Changes(t.Context(), cursor, 10); err != nil || len(page.Changes) != 1 {
		t.Fatalf("one removal is delivered as %d changes, error %v", len(page.Changes), err)
	}
	if removed, err := db.Feed().Prune(t.Context(), time.Now().Add(time.Hour)); err != nil || removed != 2 {
		t.Fatalf("pruning removes %d changes, error %v", removed, err)
	}
}

// asStandby makes the server a standby of a primary that does not exist, until it is promoted.
func asStandby(t *testing.T, server *servicetest.Server) {
	t.Helper()
	onServer(t, server,
		"DO $$ BEGIN EXECUTE format('COPY (SELECT) TO %L', current_setting('data_directory') || '/standby.signal'); END $$")
	server.Stop()
	server.Start()
}

func onServer(t *testing.T, server *servicetest.Server, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// A standby's answers may be out of date by any time, and the caches would take them as current.
func TestAStandbyIsNeverAsked(t *testing.T) {
	server := servicetest.StartPostgres(t)
	db := open(t, server.URL())
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := store(t, db, listing(t, 1))
	asStandby(t, server)
	for range 20 { // as many connections as the pool may hold from before
		if _, _, err := db.Repository().Find(t.Context(), p.ID); !errors.Is(err, ports.ErrUnavailable) {
			t.Fatalf("a standby is queried: %v", err)
		}
	}
	if _, err := bunstore.Open(t.Context(), bunstore.Options{URL: server.URL()}); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("a standby is opened: %v", err)
	}
}

// A promoted standby may lack the last commits of its primary, and uses their numbers again.
func TestAPromotedStandbyIsAnotherHistory(t *testing.T) {
	server := servicetest.StartPostgres(t)
	db := open(t, server.URL())
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	store(t, db, listing(t, 1))
	cursor := head(t, db)
	titles(t, db, cursor, 10)
	asStandby(t, server)
	onServer(t, server, "SELECT pg_promote()")
	var err error
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(20 * time.Millisecond) {
		if _, err = db.Feed().Changes(t.Context(), cursor, 10); !errors.Is(err, ports.ErrUnavailable) {
			break
		}
	}
	if !errors.Is(err, ports.ErrFeedCursorGone) {
		t.Errorf("with a cursor of the time before, the promoted server answers %v", err)
	}
}

// A change has been removed that the cursor has not seen. The cursor saw a transaction with its number: after a crash
// the number was used again.
func TestACursorBeforeARemovedChangeIsGoneWhateverItsNumber(t *testing.T) {
	db := open(t, template.Postgres(t))
	store(t, db, listing(t, 1))
	cursor := head(t, db)
	byHand(t, db.Writer(), "INSERT INTO feed_retention (id, seq, tx) SELECT 1, max(seq) + 1, '3' FROM property_changes")
	if _, err := db.Feed().Changes(t.Context(), cursor, 10); !errors.Is(err, ports.ErrFeedCursorGone) {
		t.Errorf("the cursor gives %v", err)
	}
	if _, err := db.Feed().Changes(t.Context(), head(t, db), 10); err != nil {
		t.Errorf("the head gives %v", err)
	}
}
