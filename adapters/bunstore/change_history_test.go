package bunstore_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

func TestChangeHistoryKeepsItsPromises(t *testing.T) {
	for _, kind := range databases {
		t.Run(kind.name, func(t *testing.T) {
			porttest.ChangeHistory(t, func(t *testing.T) (ports.PropertyRepository, ports.ChangeFeed, ports.ChangeHistory) {
				db := open(t, kind.url(t))
				return db.Repository(), db.Feed(), db.History()
			})
		})
	}
}

// history returns the history of a listing, the newest change first, each as its operation and its actor.
func history(t *testing.T, db *bunstore.DB, id property.ID) []string {
	t.Helper()
	page, err := db.History().History(t.Context(), id, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range page.Changes {
		got = append(got, string(c.Op)+" "+c.Actor)
	}
	return got
}

func wantHistory(t *testing.T, db *bunstore.DB, id property.ID, want ...string) {
	t.Helper()
	if got := history(t, db, id); !slices.Equal(got, want) {
		t.Errorf("the history is %q, want %q", got, want)
	}
}

func byHand(t *testing.T, db bun.IDB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func as(ctx context.Context, actor string) context.Context {
	return ports.WithActor(ctx, actor)
}

// A write leaves no actor for the next statement on its connection. That holds when the write succeeds, when it
// fails, and when its transaction is rolled back.
func TestAnActorIsForgottenAfterTheWrite(t *testing.T) {
	onEach(t, func(t *testing.T, db *bunstore.DB) {
		db.Writer().SetMaxOpenConns(1)
		anna := as(t.Context(), "anna")
		first := listing(t, 1, func(d *property.Details) { d.Reference = "taken" })
		creation, err := db.Repository().Create(anna, first, nil)
		if err != nil {
			t.Fatal(err)
		}
		p := *creation.Change.After
		for name, fail := range map[string]func() error{
			"create": func() error { _, err := db.Repository().Create(anna, listing(t, 1), nil); return err },
			"create once": func() error {
				_, err := db.Repository().Create(anna, p, &ports.IdempotencyKey{Owner: "o", Key: "k"})
				return err
			},
			"update": func() error {
				wrong := p
				wrong.Version = 77
				_, err := db.Repository().Update(anna, wrong)
				return err
			},
			"delete": func() error { _, err := db.Repository().Delete(anna, p.ID, 77); return err },
			"upsert": func() error {
				_, err := db.Repository().Upsert(anna, []ports.Incoming{
					{Property: listing(t, 2, func(d *property.Details) { d.Reference = "new" })},
					{Property: listing(t, 1, func(d *property.Details) { d.Reference = "clash" })},
				})
				return err
			},
		} {
			if fail() == nil {
				t.Errorf("%s does not fail", name)
			}
		}
		byHand(t, db.Writer(), "UPDATE properties SET price = 2", "UPDATE properties SET price = 3")
		if _, err := db.Repository().Delete(t.Context(), p.ID, 0); err != nil {
			t.Fatal(err)
		}
		unnamed := ""
		if db.IsPostgres() {
			unnamed = "database user " + lines(t, db, "SELECT session_user")[0]
		}
		wantHistory(t, db, p.ID, "delete "+unnamed, "update "+unnamed, "update "+unnamed, "insert anna")
	})
}

// An operator can configure the actor of a database role or session. That holds for the program, too, when its
// context names no actor.
func TestPostgresHasItsOwnIdeaOfWhoWrites(t *testing.T) {
	url := template.Postgres(t)
	super := open(t, url)
	byHand(t, super.Writer(),
		"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET gable.actor = %L', current_database(), 'the night shift'); END $$")
	db := open(t, url)
	db.Writer().SetMaxOpenConns(1)
	p := store(t, db, listing(t, 1))
	change, err := db.Repository().Update(as(t.Context(), "anna"), p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Repository().Update(t.Context(), *change.After); err != nil {
		t.Fatal(err)
	}
	wantHistory(t, db, p.ID, "update the night shift", "update anna", "insert the night shift")
}

// A pooler that forgets prepared statements makes the program send writes as text; the actor is part of that text.
func TestPostgresKeepsActorsWithoutPreparedStatements(t *testing.T) {
	db := open(t, template.Postgres(t))
	db.Writer().SetMaxOpenConns(1)
	p := store(t, db, listing(t, 1))
	change, err := db.Repository().Update(as(t.Context(), "anna"), p)
	if err != nil {
		t.Fatal(err)
	}
	byHand(t, db.Writer(), "DEALLOCATE ALL")
	if _, err := db.Repository().Update(as(t.Context(), `O'Brien \ $1 ?`), *change.After); err != nil {
		t.Fatal(err)
	}
	if got := history(t, db, p.ID); !slices.Equal(got[:2], []string{`update O'Brien \ $1 ?`, "update anna"}) {
		t.Errorf("the history is %q", got)
	}
}

func TestAHistoryHasTheResetsThatMayHaveTouchedTheListing(t *testing.T) {
	db := open(t, template.Postgres(t))
	loaded := listing(t, 2)
	byHand(t, db.Writer(),
		"INSERT INTO properties (title, price, location) SELECT 'T', 1, 'L' FROM generate_series(1, 1001)",
		"INSERT INTO properties (id, title, price, location) SELECT CASE n WHEN 1 THEN '"+loaded.ID.String()+
			"'::uuid ELSE gen_random_uuid() END, 'T', 1, 'L' FROM generate_series(1, 1001) AS n")
	me := "database user " + lines(t, db, "SELECT session_user")[0]

	p := store(t, db, listing(t, 1)) // after two resets
	wantHistory(t, db, p.ID, "insert "+me)
	wantHistory(t, db, loaded.ID, "reset "+me, "reset "+me)

	byHand(t, db.Writer(), "BEGIN; SET LOCAL gable.actor = 'the night shift'; UPDATE properties SET price = 2; COMMIT")
	if _, err := db.Repository().Delete(as(t.Context(), "anna"), p.ID, 0); err != nil {
		t.Fatal(err)
	}
	byHand(t, db.Writer(), "TRUNCATE properties")
	wantHistory(t, db, p.ID, "reset "+me, "delete anna", "reset the night shift", "insert "+me)

	page, err := db.History().History(t.Context(), p.ID, 0, 2)
	if err != nil || len(page.Changes) != 2 {
		t.Fatalf("%d changes, error %v", len(page.Changes), err)
	}
	if reset := page.Changes[0]; reset.ID != (property.ID{}) || reset.Before != nil || reset.After != nil ||
		reset.At.IsZero() {
		t.Errorf("the reset is %+v", reset)
	}
	page, err = db.History().History(t.Context(), p.ID, page.Next, 2)
	if err != nil || len(page.Changes) != 2 || page.Changes[0].Op != property.OpReset || page.Next != 0 {
		t.Errorf("the second page is %+v, error %v", page, err)
	}
}

// Reading one history costs the same however many changes other listings have.
func TestAHistoryComesFromTheIndex(t *testing.T) {
	if testing.Short() {
		t.Skip("fills large tables, which adds nothing for the race detector")
	}
	for _, kind := range databases[:2] {
		t.Run(kind.name, func(t *testing.T) {
			db := open(t, kind.url(t))
			explain := "EXPLAIN QUERY PLAN "
			if db.IsPostgres() {
				explain = "EXPLAIN "
				byHand(t, db.Writer(), "SET gable.reset_rows = 1000000")
				db.Writer().SetMaxOpenConns(1)
			}
			crowd(t, db, 20_000)
			if db.IsPostgres() {
				byHand(t, db.Writer(), "INSERT INTO property_changes (op) SELECT 'reset' FROM generate_series(1, 500)",
					"ANALYZE property_changes")
			}
			plan := strings.Join(lines(t, db, explain+db.HistorySQL(listing(t, 7).ID, 20)), "\n")
			if db.IsPostgres() && strings.Count(plan, "property_changes_property") < 3 || strings.Contains(plan, "Seq Scan") ||
				strings.Contains(plan, "SCAN property_changes") {
				t.Errorf("the plan is\n%s", plan)
			}
		})
	}
}

// The server does not check the settings with which a connection begins.
func TestPostgresRefusesAnActorThatIsNoText(t *testing.T) {
	db := open(t, template.Postgres(t))
	p := store(t, db, listing(t, 1))
	config, err := pgx.ParseConfig(db.URL())
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["gable.actor"] = "\xff\xfe"
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), "UPDATE properties SET price = 2"); err == nil {
		t.Errorf("the history is %q", history(t, db, p.ID))
	}
}
