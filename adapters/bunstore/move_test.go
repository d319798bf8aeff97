package bunstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// movable are the kinds of database that can be moved, each with a new URL without a schema.
var movable = []database{
	{"Postgres", func(t testing.TB) string { return template.Postgres(t) }},
	{"SQLite", sqliteFile},
}

// eachWay runs a test for each way between the kinds of database.
func eachWay(t *testing.T, test func(t *testing.T, from, to *bunstore.DB)) {
	for _, source := range movable {
		for _, target := range movable {
			oneWay(t, source, target, test)
		}
	}
}

// across runs a test for both ways from one kind of database to the other.
func across(t *testing.T, test func(t *testing.T, from, to *bunstore.DB)) {
	oneWay(t, movable[0], movable[1], test)
	oneWay(t, movable[1], movable[0], test)
}

func oneWay(t *testing.T, source, target database, test func(t *testing.T, from, to *bunstore.DB)) {
	t.Run(source.name+" to "+target.name, func(t *testing.T) {
		test(t, open(t, source.url(t)), openRaw(t, target.url(t)))
	})
}

func quietly(bunstore.MoveStage, int64, int64) {}

func move(t *testing.T, from, to *bunstore.DB) {
	t.Helper()
	if _, err := bunstore.Move(t.Context(), from, to, quietly); err != nil {
		t.Fatal(err)
	}
}

// movedRows returns the rows of the moved tables as text.
func movedRows(t *testing.T, db *bunstore.DB) (rows []string) {
	t.Helper()
	for table, columns := range db.MovedTables() {
		texts := make([]string, len(columns))
		for i, column := range columns {
			texts[i] = `coalesce(CAST("` + column + `" AS text), 'NULL')`
		}
		rows = append(rows, lines(t, db,
			"SELECT '"+table+": ' || "+strings.Join(texts, " || ' | ' || ")+" AS line FROM "+table)...)
	}
	slices.Sort(rows)
	return rows
}

func TestEveryTableAndColumnIsMovedOrNamedAsNotMoved(t *testing.T) {
	onEach(t, func(t *testing.T, db *bunstore.DB) {
		all := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
		if db.IsPostgres() {
			all = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"
		}
		moved := db.MovedTables()
		for _, table := range lines(t, db, all) {
			columns, copied := moved[table]
			if _, named := bunstore.NotMovedTables()[table]; named == copied {
				t.Errorf("the table %s is moved: %v, and named as not moved: %v", table, copied, named)
			}
			if !copied {
				continue
			}
			for _, column := range lines(t, db, columnsSQL(db, table)) {
				if !slices.Contains(columns, strings.Trim(column, `"`)) && column != "tx" {
					t.Errorf("the column %s of %s is not moved", column, table)
				}
			}
		}
	})
}

func TestAMoveThereAndBackChangesNothing(t *testing.T) {
	for _, kind := range movable {
		for _, other := range movable {
			t.Run(kind.name+" by "+other.name, func(t *testing.T) {
				from, between, back := open(t, kind.url(t)), openRaw(t, other.url(t)), openRaw(t, kind.url(t))
				inhabit(t, from)
				byHand(t, from.Writer(), "UPDATE properties SET latitude = -0.0, longitude = 1e-300 WHERE title = 'Two'",
					"UPDATE properties SET latitude = 0.1 WHERE title = 'Two'")
				before := movedRows(t, from)
				move(t, from, between)
				move(t, between, back)
				wantSameText(t, "data", movedRows(t, back), before)
				wantSameText(t, "the source", movedRows(t, from), before)
				wantSameText(t, "schema", schemaText(t, back), schemaText(t, from))
			})
		}
	}
}

// After a move the new database goes on where the old one was: versions, the feed and histories.
func TestAfterAMoveVersionsFeedAndHistoriesGoOn(t *testing.T) {
	eachWay(t, func(t *testing.T, from, to *bunstore.DB) {
		inhabit(t, from)
		var id property.ID
		for _, p := range page(t, from) {
			if p.Title == "One" {
				id = p.ID
			}
		}
		was, before := history(t, from, id), page(t, from)
		move(t, from, to)
		wantCheck(t, to, nil, "")
		wantHistory(t, to, id, was...)
		for i, p := range page(t, to) {
			if fmt.Sprint(p) != fmt.Sprint(before[i]) {
				t.Errorf("a listing was %+v and is %+v", before[i], p)
			}
		}
		start := head(t, to)
		wantRecordedOnce(t, to)
		if got, _ := titles(t, to, start, 10); !slices.Equal(got, []string{"One", "Three"}) {
			t.Errorf("from the end of what was moved on the feed delivers %q", got)
		}
		all, err := to.Feed().Changes(t.Context(), "", 100)
		if err != nil || len(all.Changes) != 8 {
			t.Errorf("from the beginning on the feed delivers %d changes, error %v", len(all.Changes), err)
		}
		byHand(t, to.Writer(), "INSERT INTO properties (title, price, location, version) VALUES ('Hand', 1, 'L', 9)")
		if got := lines(t, to, "SELECT CAST(version AS text) FROM properties WHERE title = 'Hand'"); got[0] != "1" {
			t.Errorf("hand-written SQL begins at version %s", got[0])
		}
	})
}

func page(t *testing.T, db *bunstore.DB) []property.Property {
	t.Helper()
	page, _, err := db.Repository().Search(t.Context(), parse(t, "limit=50&sort=created_at"))
	if err != nil {
		t.Fatal(err)
	}
	return page.Properties
}

// A cursor of the old database continues in the new one, or is gone: it never skips a change.
func TestACursorFromBeforeAMoveContinuesOrIsGone(t *testing.T) {
	eachWay(t, func(t *testing.T, from, to *bunstore.DB) {
		beginning := head(t, from)
		store(t, from, listing(t, 1))
		removed := head(t, from)
		if n, err := from.Feed().Prune(t.Context(), time.Now().Add(time.Hour)); err != nil || n != 1 {
			t.Fatalf("%d changes are removed, error %v", n, err)
		}
		store(t, from, listing(t, 2))
		end := head(t, from)
		move(t, from, to)
		store(t, to, listing(t, 3))
		for _, cursor := range []ports.FeedCursor{beginning, removed, end} {
			page, err := to.Feed().Changes(t.Context(), cursor, 10)
			switch continues := cursor == end && !from.IsPostgres() && !to.IsPostgres(); {
			case continues && (err != nil || len(page.Changes) != 1):
				t.Errorf("the newest cursor gives %d changes, error %v", len(page.Changes), err)
			case !continues && !errors.Is(err, ports.ErrFeedCursorGone):
				t.Errorf("an old cursor gives %d changes, error %v", len(page.Changes), err)
			}
		}
		if page, err := to.Feed().Changes(t.Context(), "", 10); err != nil || len(page.Changes) != 2 {
			t.Errorf("from the beginning on there are %d changes, error %v", len(page.Changes), err)
		}
	})
}

// When every change has been removed, the numbers of the next ones are still new.
func TestAMoveOfAFeedWithoutChangesGoesOn(t *testing.T) {
	eachWay(t, func(t *testing.T, from, to *bunstore.DB) {
		p := store(t, from, listing(t, 1))
		if _, err := from.Feed().Prune(t.Context(), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		move(t, from, to)
		start := head(t, to)
		if change, err := to.Repository().Delete(t.Context(), p.ID, p.Version); err != nil || change.Version != 2 {
			t.Fatalf("%+v, %v", change, err)
		}
		if page, err := to.Feed().Changes(t.Context(), start, 10); err != nil || len(page.Changes) != 1 {
			t.Errorf("the feed delivers %d changes, error %v", len(page.Changes), err)
		}
	})
}

func TestNothingIsMovedIntoADatabaseThatIsNotEmpty(t *testing.T) {
	across(t, func(t *testing.T, from, to *bunstore.DB) {
		inhabit(t, from)
		move(t, from, to)
		before := movedRows(t, to)
		_, err := bunstore.Move(t.Context(), from, to, quietly)
		if !errors.Is(err, bunstore.ErrNotEmpty) || !strings.Contains(err.Error(),
			"1 accounts, 1 recovery codes, 1 known browsers, 1 API keys, 1 idempotency keys, 6 changes, 2 listings") {
			t.Errorf("%v", err)
		}
		wantSameText(t, "data", movedRows(t, to), before)
	})
}

// The second look at the source finds what was written meanwhile, in any table.
func TestAMoveFailsWholeWhenItsSourceIsWrittenTo(t *testing.T) {
	for name, statement := range map[string]string{
		"a listing": "UPDATE properties SET price = price + 1 WHERE title = 'One'",
		"a key":     "UPDATE api_keys SET revoked_at = '2026-01-02T03:04:05.678901Z'",
		"a new key": "INSERT INTO api_keys (id, name, scope, hash, hint) VALUES " +
			"('0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d55', 'l', 'write', '" + strings.Repeat("0f", 32) + "', 'abcd')",
	} {
		t.Run(name, func(t *testing.T) {
			across(t, func(t *testing.T, from, to *bunstore.DB) {
				inhabit(t, from)
				written := false
				_, err := bunstore.Move(t.Context(), from, to, func(stage bunstore.MoveStage, _, _ int64) {
					if stage == bunstore.MoveCopies && !written {
						byHand(t, from.Writer(), statement)
						written = true
					}
				})
				if !errors.Is(err, bunstore.ErrMovedOn) {
					t.Errorf("the move ends with %v", err)
				}
				if rows := movedRows(t, to); len(rows) > 0 {
					t.Errorf("%d rows are left", len(rows))
				}
				move(t, from, to)
				wantSameCount(t, from, to)
			})
		})
	}
}

func wantSameCount(t *testing.T, from, to *bunstore.DB) {
	t.Helper()
	if was, is := len(movedRows(t, from)), len(movedRows(t, to)); was != is {
		t.Errorf("of %d rows %d are moved", was, is)
	}
}

func TestAMoveThatIsInterruptedLeavesAnEmptyDatabase(t *testing.T) {
	across(t, func(t *testing.T, from, to *bunstore.DB) {
		crowd(t, from, 1_200)
		ctx, interrupt := context.WithCancel(t.Context())
		_, err := bunstore.Move(ctx, from, to, func(_ bunstore.MoveStage, done, _ int64) {
			if done == 1_500 {
				interrupt()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the move ends with %v", err)
		}
		if rows := movedRows(t, to); len(rows) > 0 {
			t.Errorf("%d rows are left", len(rows))
		}
		wantCheck(t, to, nil, "")
		move(t, from, to)
		wantSameCount(t, from, to)
	})
}

// A newer program may have stored what this one does not know.
func TestADatabaseOfANewerProgramIsNotMoved(t *testing.T) {
	across(t, func(t *testing.T, from, to *bunstore.DB) {
		for _, newer := range []*bunstore.DB{to, from} {
			later := openRaw(t, newer.URL())
			laterProgram(t, later, colour)
			if _, err := later.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := bunstore.Move(t.Context(), from, to, quietly); !errors.Is(err, bunstore.ErrOtherProgram) {
				t.Errorf("%v", err)
			}
		}
	})
}

func TestASourceMustExist(t *testing.T) {
	url := sqliteFile(t)
	if _, err := bunstore.Open(t.Context(), bunstore.Options{URL: url, MustExist: true}); err == nil ||
		!strings.Contains(err.Error(), strings.TrimPrefix(url, "sqlite:")) {
		t.Errorf("%v", err)
	}
}

// A database that is in use by an older program is refused before it is touched.
func TestADatabaseThatIsNotEmptyIsNotMigrated(t *testing.T) {
	for _, kind := range bare[:2] {
		t.Run(kind.name, func(t *testing.T) {
			to := openRaw(t, kind.url(t))
			beforeTriggers(t, to)
			inhabit(t, to)
			if _, err := bunstore.Move(t.Context(), open(t, sqliteFile(t)), to, quietly); !errors.Is(err, bunstore.ErrNotEmpty) {
				t.Errorf("%v", err)
			}
			if err := to.CheckSchema(t.Context()); !errors.Is(err, bunstore.ErrSchemaOlder) {
				t.Errorf("afterwards its schema is checked with %v", err)
			}
		})
	}
}
