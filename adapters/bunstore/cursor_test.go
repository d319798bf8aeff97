package bunstore_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/ports"
)

// turn reads a page of one change, after which there are more, and returns it.
func turn(t *testing.T, db *bunstore.DB, after ports.FeedCursor, title string) ports.FeedPage {
	t.Helper()
	page, err := db.Feed().Changes(t.Context(), after, 1)
	if err != nil || len(page.Changes) != 1 || page.Changes[0].After.Title != title || !page.More {
		t.Fatalf("the page of %s is %+v, error %v", title, page, err)
	}
	return page
}

// A span that is delivered in pages ends where its first page has found the end:
//
//  1. slow has written, with the lowest seq, and others commit.
//  2. A reader reads the first of these, one by one.
//  3. slow commits.
//  4. The reader reads on. All remaining changes have a higher seq, and slow still has to be delivered.
func TestChangeThatCommitsInsideALongSpanIsDelivered(t *testing.T) {
	db := open(t, template.Postgres(t))
	p, q := store(t, db, listing(t, 1)), store(t, db, listing(t, 2))
	start := head(t, db)
	slow := transaction(t, db, p, "slow")
	for _, title := range []string{"first", "second", "third"} {
		commit(t, transaction(t, db, q, title)) // 1
	}
	page := turn(t, db, start, "first")     // 2
	commit(t, slow)                         // 3
	page = turn(t, db, page.Next, "second") // 4
	if got, _ := titles(t, db, page.Next, 1); !slices.Equal(got, []string{"third", "slow"}) {
		t.Errorf("after two pages the feed delivers %q", got)
	}
}

// A change with a lower seq than the cursor has seen was in flight there, and is removed before it is delivered.
func TestACursorIsGoneWhenATransactionThatWasInFlightThereHasBeenRemoved(t *testing.T) {
	db := open(t, template.Postgres(t))
	p, q := store(t, db, listing(t, 1)), store(t, db, listing(t, 2))
	start := head(t, db)
	slow := transaction(t, db, p, "slow")
	for _, title := range []string{"first", "second"} {
		commit(t, transaction(t, db, q, title))
	}
	behind, inside := head(t, db), turn(t, db, start, "first")
	second, err := db.Feed().Changes(t.Context(), inside.Next, 1)
	if err != nil || len(second.Changes) != 1 {
		t.Fatalf("the second page is %+v, error %v", second, err)
	}
	commit(t, slow)
	if removed, err := db.Feed().Prune(t.Context(), second.Changes[0].At); err != nil || removed != 4 {
		t.Fatalf("pruning removes %d changes, error %v", removed, err) // the listings' births, slow and first
	}
	for name, cursor := range map[string]ports.FeedCursor{
		"behind all that was committed": behind, "inside a span": inside.Next, "behind its end": second.Next,
	} {
		if page, err := db.Feed().Changes(t.Context(), cursor, 10); !errors.Is(err, ports.ErrFeedCursorGone) {
			t.Errorf("the cursor %s gives %v, error %v", name, page.Changes, err)
		}
	}
}

// A URL may ask for a standby, and a host name in it may lead to one.
func TestAStandbyIsNeverFollowedWhateverTheAddressAllows(t *testing.T) {
	server := servicetest.StartPostgres(t)
	if _, err := open(t, server.URL()).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	asStandby(t, server)
	db, err := bunstore.Open(t.Context(), bunstore.Options{
		URL: server.URL() + "&target_session_attrs=standby", QueryTimeout: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, _, err := db.Feed().Head(t.Context(), 0); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("the head of a standby's feed is read: %v", err)
	}
	if _, err := db.Feed().Changes(t.Context(), "", 10); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("a standby's feed is read: %v", err)
	}
}
