package bunstore_test

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// transaction begins a transaction in which SQL has changed the listing.
func transaction(t *testing.T, db *bunstore.DB, p property.Property, title string) bun.Tx {
	t.Helper()
	tx, err := db.Writer().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("UPDATE properties SET title = ? WHERE id = ?", title, p.ID.String()); err != nil {
		t.Fatal(err)
	}
	return tx
}

func commit(t *testing.T, tx bun.Tx) {
	t.Helper()
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// titles reads the feed to its end and returns the titles that the changes lead to, and the cursor after them.
func titles(t *testing.T, db *bunstore.DB, after ports.FeedCursor, limit int) ([]string, ports.FeedCursor) {
	t.Helper()
	var got []string
	for {
		page, err := db.Feed().Changes(t.Context(), after, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Changes {
			got = append(got, c.After.Title)
		}
		if after = page.Next; !page.More {
			return got, after
		}
	}
}

func head(t *testing.T, db *bunstore.DB) ports.FeedCursor {
	t.Helper()
	cursor, _, err := db.Feed().Head(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return cursor
}

func TestChangeThatCommitsLateIsStillDelivered(t *testing.T) {
	db := open(t, template.Postgres(t))
	p, q := store(t, db, listing(t, 1)), store(t, db, listing(t, 2))
	start := head(t, db)

	slow := transaction(t, db, p, "slow") // gets the lower seq
	commit(t, transaction(t, db, q, "quick"))
	got, cursor := titles(t, db, start, 10)
	if !slices.Equal(got, []string{"quick"}) {
		t.Fatalf("while a transaction is open the feed delivers %q", got)
	}
	commit(t, slow)
	if got, cursor = titles(t, db, cursor, 10); !slices.Equal(got, []string{"slow"}) {
		t.Fatalf("when it has committed the feed delivers %q", got)
	}
	if got, _ = titles(t, db, cursor, 10); len(got) > 0 {
		t.Fatalf("then the feed delivers %q again", got)
	}
	if got, _ = titles(t, db, start, 1); !slices.Equal(got, []string{"slow", "quick"}) {
		t.Fatalf("from the start, one by one, the feed delivers %q", got)
	}
}

func TestChangeThatCommitsBetweenTwoPagesIsDelivered(t *testing.T) {
	db := open(t, template.Postgres(t))
	p, q := store(t, db, listing(t, 1)), store(t, db, listing(t, 2))
	start := head(t, db)
	slow := transaction(t, db, p, "slow")
	commit(t, transaction(t, db, q, "first"))
	commit(t, transaction(t, db, q, "second"))

	page, err := db.Feed().Changes(t.Context(), start, 1)
	if err != nil || len(page.Changes) != 1 || !page.More {
		t.Fatalf("the first page is %+v, error %v", page, err)
	}
	commit(t, slow) // its seq is lower than that of the page just delivered
	if got, _ := titles(t, db, page.Next, 1); !slices.Equal(got, []string{"second", "slow"}) {
		t.Fatalf("after the first page the feed delivers %q", got)
	}
}

func TestPruneLeavesChangesThatASnapshotMayNotHaveSeen(t *testing.T) {
	db := open(t, template.Postgres(t))
	p, q := store(t, db, listing(t, 1)), store(t, db, listing(t, 2))
	slow := transaction(t, db, p, "slow")
	start := head(t, db)
	commit(t, transaction(t, db, q, "quick"))
	later := time.Now().Add(time.Hour)

	if removed, err := db.Feed().Prune(t.Context(), later); err != nil || removed != 2 {
		t.Fatalf("with an open transaction pruning removes %d, error %v", removed, err)
	}
	commit(t, slow)
	if got, _ := titles(t, db, start, 10); !slices.Equal(got, []string{"slow", "quick"}) {
		t.Fatalf("after pruning the feed delivers %q", got)
	}
	if removed, err := db.Feed().Prune(t.Context(), later); err != nil || removed != 2 {
		t.Fatalf("when it has ended pruning removes %d, error %v", removed, err)
	}
	if _, err := db.Feed().Changes(t.Context(), start, 10); !errors.Is(err, ports.ErrFeedCursorGone) {
		t.Fatalf("a cursor before removed changes gives %v", err)
	}
}

func TestPruneTakesAsManyBatchesAsItNeeds(t *testing.T) {
	if testing.Short() {
		t.Skip("fills large tables, which adds nothing for the race detector")
	}
	for _, kind := range databases[1:] {
		t.Run(kind.name, func(t *testing.T) {
			db := open(t, kind.url(t))
			crowd(t, db, 12_000)
			if removed, err := db.Feed().Prune(t.Context(), time.Now().Add(time.Hour)); err != nil || removed != 12_000 {
				t.Fatalf("pruning removes %d, error %v", removed, err)
			}
		})
	}
}

func TestBulkStatementsAreDeliveredAsAReset(t *testing.T) {
	db := open(t, template.Postgres(t))
	crowd(t, db, 1_001)
	start := head(t, db)
	for _, statement := range []string{"UPDATE properties SET price = price + 1", "TRUNCATE properties"} {
		if _, err := db.Writer().Exec(statement); err != nil {
			t.Fatal(err)
		}
		page, err := db.Feed().Changes(t.Context(), start, 10)
		if err != nil || len(page.Changes) != 1 {
			t.Fatalf("%s is delivered as %v, error %v", statement, page.Changes, err)
		}
		if c := page.Changes[0]; c.Op != property.OpReset || c.ID != (property.ID{}) || c.Before != nil || c.After != nil ||
			c.Tx == 0 {
			t.Fatalf("%s is delivered as %+v", statement, c)
		}
		start = page.Next
	}
}

// TestCursorOfARestoredDatabaseIsGone has a cursor that is ahead of its database, as after the restore of a backup.
func TestCursorOfARestoredDatabaseIsGone(t *testing.T) {
	for _, kind := range databases {
		t.Run(kind.name, func(t *testing.T) {
			db, other := open(t, kind.url(t)), open(t, kind.url(t))
			store(t, other, listing(t, 1))
			cursor := head(t, other)
			if db.IsPostgres() {
				history, _, _ := strings.Cut(decoded(t, head(t, db)), ";")
				cursor = ports.FeedCursor(base64.RawURLEncoding.EncodeToString([]byte(history + ";99999999:99999999:/99999999")))
			}
			if _, err := db.Feed().Changes(t.Context(), cursor, 10); !errors.Is(err, ports.ErrFeedCursorGone) {
				t.Fatalf("the error is %v", err)
			}
		})
	}
}

func decoded(t *testing.T, cursor ports.FeedCursor) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(string(cursor))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A head that goes back, and transactions that are in flight there:
//
//  1. slow has written and not committed.
//  2. quick commits twice, with higher numbers.
//  3. A reader starts at the second of them, far behind slow's number.
//  4. slow commits, and still has to be delivered.
func TestHeadThatGoesBackLosesNoTransactionInFlight(t *testing.T) {
	db := open(t, template.Postgres(t))
	p, q := store(t, db, listing(t, 1)), store(t, db, listing(t, 2))
	slow := transaction(t, db, p, "slow") // 1
	commit(t, transaction(t, db, q, "first"))
	commit(t, transaction(t, db, q, "second"))          // 2
	start, point, err := db.Feed().Head(t.Context(), 1) // 3
	if err != nil || len(point.Snapshot.InFlight) != 1 {
		t.Fatalf("one back from the head is %v, error %v", point, err)
	}
	got, cursor := titles(t, db, start, 10)
	if !slices.Equal(got, []string{"second"}) {
		t.Fatalf("one back from the head the feed delivers %q", got)
	}
	commit(t, slow) // 4
	if got, _ := titles(t, db, cursor, 10); !slices.Equal(got, []string{"slow"}) {
		t.Fatalf("when the other has committed the feed delivers %q", got)
	}
}

func epoch(t *testing.T, db *bunstore.DB) (string, error) {
	t.Helper()
	_, point, err := db.Feed().Head(t.Context(), 0)
	return point.Epoch, err
}

func TestAnotherDatabaseIsAnotherHistory(t *testing.T) {
	for _, kind := range databases {
		t.Run(kind.name, func(t *testing.T) {
			here, there := open(t, kind.url(t)), open(t, kind.url(t))
			one, err1 := epoch(t, here)
			two, err2 := epoch(t, there)
			if err := errors.Join(err1, err2); err != nil || one == two || one == "" {
				t.Errorf("two databases are of the epochs %q and %q, error %v", one, two, err)
			}
		})
	}
	here, there := open(t, template.Postgres(t)), open(t, template.Postgres(t))
	if _, err := there.Feed().Changes(t.Context(), head(t, here), 10); !errors.Is(err, ports.ErrFeedCursorGone) {
		t.Errorf("a cursor of another database gives %v", err)
	}
}

func TestARestartOfTheServerIsAnotherEpochAndTheSameHistory(t *testing.T) {
	server := servicetest.StartPostgres(t)
	db := open(t, server.URL())
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := store(t, db, listing(t, 1))
	before, err := epoch(t, db)
	if err != nil {
		t.Fatal(err)
	}
	write := func() (string, error) {
		change, err := db.Repository().Update(t.Context(), p)
		if err == nil {
			p = *change.After
		}
		return change.Epoch, err
	}
	cursor := head(t, db)
	titles(t, db, cursor, 10)
	if got, err := write(); got != before {
		t.Errorf("a write is of the epoch %q, not %q: %v", got, before, err)
	}
	cursor = head(t, db)
	server.Stop()
	server.Start()
	var after string
	for after, err = epoch(t, db); err != nil && t.Context().Err() == nil; after, err = epoch(t, db) {
		time.Sleep(20 * time.Millisecond) // the pool notices its dead connections one by one
	}
	if after == before {
		t.Error("after a restart, perhaps with other files, the epoch is the same")
	}
	first, err := write()
	for err != nil && t.Context().Err() == nil {
		time.Sleep(20 * time.Millisecond)
		first, err = write()
	}
	if first == "" || first == before {
		t.Errorf("a write before the feed has been read again is of the epoch %q", first)
	}
	if got, _ := titles(t, db, cursor, 10); len(got) != 1 {
		t.Errorf("a cursor from before the restart delivers %q, not only what was written since", got)
	}
	titles(t, db, cursor, 10)
	if got, err := write(); got != after {
		t.Errorf("a write after that is of the epoch %q, not %q: %v", got, after, err)
	}
}

func TestTheFeedDoesNotWaitBehindQueries(t *testing.T) {
	db, err := bunstore.Open(t.Context(), bunstore.Options{URL: template.Postgres(t), MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	p := store(t, db, listing(t, 1))
	busy := transaction(t, db, p, "busy") // has the only connection
	head(t, db)
	if err := db.Notifications().Notify(t.Context()); err != nil {
		t.Error(err)
	}
	// The follower has connections of its own, however many clients read the public feed.
	asking, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := db.PublicFeed().Changes(asking, "", 10); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("the public feed does not wait in line: %v", err)
	}
	commit(t, busy)
	if page, err := db.PublicFeed().Changes(t.Context(), "", 10); err != nil || len(page.Changes) != 2 {
		t.Errorf("then it delivers %d changes, error %v", len(page.Changes), err)
	}
}

// A number that comes back:
//
//  1. A transaction gets a number and changes nothing, so the server does not wait until it is on disk.
//  2. A reader starts; its cursor has seen that number.
//  3. The server crashes, and has forgotten the number when it is back.
//  4. The next change gets it.
func TestAChangeWithANumberSeenBeforeACrashIsDelivered(t *testing.T) {
	server := servicetest.StartPostgres(t)
	db := open(t, server.URL())
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := store(t, db, listing(t, 1))
	if _, err := db.Writer().Exec("CHECKPOINT"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Writer().Exec("SELECT pg_current_xact_id()"); err != nil { // 1
		t.Fatal(err)
	}
	cursor := head(t, db) // 2
	server.Kill()
	server.Start()
	commitAgain(t, db, p) // 3, 4
	got, cursor := titles(t, db, cursor, 10)
	if !slices.Equal(got, []string{"after the crash"}) {
		t.Errorf("after the cursor from before the crash the feed delivers %q", got)
	}
	if got, _ := titles(t, db, cursor, 10); len(got) > 0 {
		t.Errorf("then the feed delivers %q again", got)
	}
}

// commitAgain changes the listing as soon as the restarted server takes writes.
func commitAgain(t *testing.T, db *bunstore.DB, p property.Property) {
	t.Helper()
	for {
		_, err := db.Writer().Exec("UPDATE properties SET title = 'after the crash' WHERE id = ?", p.ID.String())
		if err == nil {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// When one of its processes dies, the server ends all the others and recovers, without a new start.
func TestARecoveryFromACrashIsAnotherEpoch(t *testing.T) {
	server := servicetest.StartPostgres(t)
	db := open(t, server.URL())
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := store(t, db, listing(t, 1))
	before, err := epoch(t, db)
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if err := db.Writer().QueryRow("SELECT pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	process, err := os.FindProcess(pid)
	if err == nil {
		err = process.Kill()
	}
	if err != nil {
		t.Skipf("the server's processes are out of reach: %v", err)
	}
	commitAgain(t, db, p)
	after, err := epoch(t, db)
	if err != nil || after == before {
		t.Errorf("after a recovery the epoch is %s as before, error %v", after, err)
	}
}
