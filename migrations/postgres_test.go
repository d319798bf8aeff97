package migrations_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/migrations"
)

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func TestPostgresRecordsBigStatementsAsOneReset(t *testing.T) {
	db := openPostgres(t)
	insert := func(n int) string {
		return fmt.Sprintf("INSERT INTO properties (title, price, location) SELECT 'T', 1, 'L' FROM generate_series(1, %d)",
			n)
	}
	db.SetMaxOpenConns(1)
	for _, c := range []struct {
		statements []string
		changes    int
		resets     int
	}{
		{[]string{insert(1000)}, 1000, 0},
		{[]string{insert(1001)}, 1, 1},
		{[]string{"UPDATE properties SET price = 2"}, 1, 1},
		{[]string{"DELETE FROM properties"}, 1, 1},
		{[]string{"SET gable.reset_rows = 3", insert(3)}, 3, 0},
		{[]string{"UPDATE properties SET price = 3", "DELETE FROM properties"}, 6, 0},
		{[]string{insert(4)}, 1, 1},
		{[]string{"RESET gable.reset_rows", "UPDATE properties SET price = 2"}, 4, 0},
		{[]string{"TRUNCATE properties"}, 1, 1},
		{[]string{"TRUNCATE properties"}, 1, 1},
	} {
		exec(t, db, "DELETE FROM property_changes")
		exec(t, db, c.statements...)
		var changes, resets int
		if err := db.QueryRowContext(t.Context(),
			"SELECT count(*), count(*) FILTER (WHERE op = 'reset') FROM property_changes").
			Scan(&changes, &resets); err != nil {
			t.Fatal(err)
		}
		if changes != c.changes || resets != c.resets {
			t.Errorf("%v: %d changes, %d of them resets; want %d, %d", c.statements, changes, resets, c.changes, c.resets)
		}
	}
}

func TestPostgresRecordsCopyAndMerge(t *testing.T) {
	address := migrated.Postgres(t)
	conn := connect(t, address)
	rows := [][]any{{"A", "1.00", "L"}, {"B", "2.00", "L"}}
	if _, err := conn.CopyFrom(t.Context(), pgx.Identifier{"properties"}, []string{"title", "price", "location"},
		pgx.CopyFromRows(rows)); err != nil {
		t.Fatal(err)
	}
	db := openURL(t, address)
	exec(t, db, `MERGE INTO properties p USING (VALUES ('A'), ('C')) AS s (title) ON p.title = s.title
		WHEN MATCHED THEN UPDATE SET price = 9
		WHEN NOT MATCHED THEN INSERT (title, price, location) VALUES (s.title, 1, 'L')`)
	got := sorted(strings.Split(ops(readFeed(t, db)), ", "))
	if want := []string{"insert 1", "insert 1", "insert 1", "update 2"}; !slices.Equal(got, want) {
		t.Errorf("recorded %v, want %v", got, want)
	}
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func TestPostgresNamesTheWritersTransaction(t *testing.T) {
	db := openPostgres(t)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, tx, "SAVEPOINT s", insertOne, "RELEASE s", insertTwo)
	var same bool
	if err := tx.QueryRowContext(t.Context(), "SELECT bool_and(tx = pg_current_xact_id()) FROM property_changes").
		Scan(&same); err != nil || !same {
		t.Errorf("the changes carry another transaction's id (%v)", err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// decoys are objects with the names of those that the triggers use; they would do harm with the owner's rights.
const decoys = `
	CREATE TABLE decoys.property_changes (op text);
	CREATE TABLE decoys.properties (id uuid);
	CREATE FUNCTION decoys.trap() RETURNS text LANGUAGE plpgsql AS $$
		BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
	CREATE FUNCTION decoys.row_to_json(record) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RETURN decoys.trap(); END $$;
	CREATE FUNCTION decoys.current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT decoys.trap() $$;
	CREATE FUNCTION decoys.to_char(timestamp, text) RETURNS text LANGUAGE sql AS $$ SELECT decoys.trap() $$;
	CREATE FUNCTION decoys.left(text, integer) RETURNS text LANGUAGE sql AS $$ SELECT decoys.trap() $$;
	CREATE FUNCTION decoys.joined(text, name) RETURNS text LANGUAGE sql AS $$ SELECT decoys.trap() $$;
	CREATE OPERATOR decoys.|| (LEFTARG = text, RIGHTARG = name, FUNCTION = decoys.joined);
	CREATE FUNCTION decoys.same(uuid, uuid) RETURNS boolean LANGUAGE sql AS $$ SELECT decoys.trap()::boolean $$;
	CREATE FUNCTION decoys.same(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT decoys.trap()::boolean $$;
	CREATE FUNCTION decoys.plus(bigint, integer) RETURNS bigint LANGUAGE sql AS $$ SELECT decoys.trap()::bigint $$;
	CREATE OPERATOR decoys.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = decoys.same);
	CREATE OPERATOR decoys.= (LEFTARG = text, RIGHTARG = text, FUNCTION = decoys.same);
	CREATE OPERATOR decoys.+ (LEFTARG = bigint, RIGHTARG = integer, FUNCTION = decoys.plus)`

// The writes of a role that may only write listings are recorded like any other, whatever is in its search path.
func TestPostgresRecordsTheWritesOfAnotherRole(t *testing.T) {
	address := migrated.Postgres(t)
	db := openURL(t, address)
	role := asRole(t, db, address)
	exec(t, db, "GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON properties TO "+role.name)
	exec(t, db, "CREATE SCHEMA decoys AUTHORIZATION "+role.name)
	exec(t, role.db, decoys, "SET search_path = decoys, public, pg_catalog",
		strings.Replace(insertOne, "properties", "public.properties", 1), "UPDATE public.properties SET price = 2",
		"DELETE FROM public.properties", strings.Replace(insertOne, "properties", "public.properties",
			1), "SET gable.reset_rows = 0",
		strings.Replace(insertTwo, "properties", "public.properties", 1), "TRUNCATE public.properties")
	if got, want := ops(readFeed(t, db)), "insert 1, update 2, delete 3, insert 4, reset, reset"; got != want {
		t.Errorf("recorded %s, want %s", got, want)
	}
	wantRefused(t, role.db, "DELETE FROM public.property_changes", "permission denied")
}

// The actor of a change is the user who logged in. It is neither the owner whose rights the triggers have, nor a role
// that was taken on. An actor that the session sets counts for as long as it is set.
func TestPostgresRecordsWhoMadeAChange(t *testing.T) {
	address := migrated.Postgres(t)
	db := openURL(t, address)
	role := asRole(t, db, address)
	exec(t, db, "GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON properties TO "+role.name,
		"GRANT "+role.name+" TO CURRENT_USER")
	exec(t, role.db, insertOne, "SET gable.actor = 'anna'", "UPDATE properties SET price = 2",
		"DO $$ BEGIN SET LOCAL gable.actor = 'bert'; UPDATE properties SET price = 3; END $$",
		"UPDATE properties SET price = 4",
		"SET gable.actor = ''", "DELETE FROM properties", "SET gable.actor = 'carla'", "TRUNCATE properties",
		"RESET gable.actor", "TRUNCATE properties", "SELECT set_config('gable.actor', repeat('é', 101), false)", insertTwo)
	login := "database user " + role.name
	want := []string{login, "anna", "bert", "anna", login, "carla", login, strings.Repeat("é", 100)}
	if got := actors(t, db); !slices.Equal(got, want) {
		t.Errorf("the actors are %q, not %q", got, want)
	}
	db.SetMaxOpenConns(1)
	exec(t, db, "DELETE FROM property_changes", "SET ROLE "+role.name, "UPDATE properties SET price = 5", "RESET ROLE")
	var super string
	if err := db.QueryRowContext(t.Context(), "SELECT 'database user ' || session_user").Scan(&super); err != nil {
		t.Fatal(err)
	}
	if got := actors(t, db); !slices.Equal(got, []string{super}) {
		t.Errorf("the actors are %q, not %q", got, super)
	}
}

type role struct {
	name string
	db   *bun.DB
}

// asRole creates a role and connects as it, on a single connection.
func asRole(t *testing.T, db *bun.DB, address string) role {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	name := "writer_" + strings.TrimPrefix(u.Path, "/gable_test_")
	exec(t, db, "CREATE ROLE "+name+" LOGIN PASSWORD 'secret'")
	t.Cleanup(func() {
		ctx := context.Background()
		_, _ = db.ExecContext(ctx, "DROP OWNED BY "+name+" CASCADE")
		if _, err := db.ExecContext(ctx, "DROP ROLE "+name); err != nil {
			t.Error(err)
		}
	})
	u.User = url.UserPassword(name, "secret")
	own := openURL(t, u.String())
	own.SetMaxOpenConns(1)
	return role{name, own}
}

// Without the right to create pg_trgm the migrations still go up, in any schema, and the feed works there.
func TestPostgresMigratesForAnOwnerOfASchemaOnly(t *testing.T) {
	address := servicetest.Postgres(t)
	db := openURL(t, address)
	owner := asRole(t, db, address)
	exec(t, db, `CREATE SCHEMA "My Estate" AUTHORIZATION `+owner.name)
	exec(t, owner.db, `SET search_path = "My Estate"`)
	if _, err := up(owner.db, migrations.Postgres()); err != nil {
		t.Fatal(err)
	}
	exec(t, owner.db, `SET search_path = public`)
	exec(t, owner.db, strings.Replace(insertOne, "properties", `"My Estate".properties`, 1))
	exec(t, owner.db, `SET search_path = "My Estate"`)
	if got := ops(readFeed(t, owner.db)); got != "insert 1" {
		t.Errorf("recorded %s", got)
	}
	var trigram bool
	if err := db.QueryRowContext(t.Context(), "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')").
		Scan(&trigram); err != nil || trigram {
		t.Errorf("pg_trgm was created after all (%v)", err)
	}
}

// An INSERT that meets an uncommitted DELETE of the same id waits for it, and then continues its versions.
func TestPostgresVersionsContinueAfterAConcurrentDelete(t *testing.T) {
	address := migrated.Postgres(t)
	db := openURL(t, address)
	exec(t, db, insertOne, "UPDATE properties SET price = 2")
	deleting, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, deleting, "UPDATE properties SET price = 3", "DELETE FROM properties")
	inserting := connect(t, address)
	done := make(chan error, 1)
	go func() {
		_, err := inserting.Exec(t.Context(), insertOne)
		done <- err
	}()
	untilWaiting(t, db, inserting.PgConn().PID())
	if err := deleting.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got, want := ops(readFeed(t, db)), "insert 1, update 2, update 3, delete 4, insert 5"; got != want {
		t.Errorf("recorded %s, want %s", got, want)
	}
}

func untilWaiting(t *testing.T, db *bun.DB, pid uint32) {
	t.Helper()
	for waiting := false; !waiting; {
		if err := db.QueryRowContext(t.Context(), "SELECT cardinality(pg_blocking_pids(?)) > 0", pid).
			Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPostgresVersionsContinueWhereNoDeleteWasRecorded(t *testing.T) {
	db := openPostgres(t)
	exec(t, db, insertOne, "TRUNCATE properties", insertOne,
		"WITH gone AS (DELETE FROM properties RETURNING *) INSERT INTO properties SELECT * FROM gone")
	changes := readFeed(t, db)
	if got, want := ops(changes[:3]), "insert 1, reset, insert 3"; got != want {
		t.Errorf("recorded %s, want %s", got, want)
	}
	if got, want := sorted(strings.Split(ops(changes[3:]), ", ")), []string{"delete 4", "insert 5"}; !slices.Equal(got,
		want) {
		t.Errorf("then recorded %v, want %v", got, want)
	}
}

// A connection caches its plans while an import makes a small table a large one.
func TestPostgresInsertsLookBackByIndexHoweverSmallTheTablesAre(t *testing.T) {
	db := openPostgres(t)
	exec(t, db, "INSERT INTO properties (title, price, location) SELECT 'T', 1, 'L' FROM generate_series(1, 60)",
		"ANALYZE properties", "ANALYZE property_changes")
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	exec(t, tx, "INSERT INTO properties (title, price, location) SELECT 'T', 1, 'L' FROM generate_series(1, 60)")
	var scans int
	if err := tx.QueryRowContext(t.Context(),
		"SELECT sum(seq_scan) FROM pg_stat_xact_user_tables WHERE relname IN ('properties', 'property_changes')").
		Scan(&scans); err != nil {
		t.Fatal(err)
	}
	if scans > 0 {
		t.Errorf("read tables from end to end %d times", scans)
	}
}

func TestPostgresSearchesTextByIndex(t *testing.T) {
	db := openPostgres(t)
	exec(t, db, "INSERT INTO properties (title, price, location)"+
		" SELECT md5(i::text), 1, md5(i::text) FROM generate_series(1, 3000) i",
		"ANALYZE properties", "SET enable_seqscan = off")
	for condition, index := range map[string]string{
		"(title || ' ' || description || ' ' || location) ILIKE '%abcde%'": "properties_text",
		"location ILIKE '%abcde%'": "properties_location_text",
		"gable_fold(title || '|' || description || '|' || location) LIKE '%abcde%'": "properties_folded_text",
		"gable_fold(location) LIKE '%abcde%'":                                       "properties_folded_location",
		"gable_fold(reference) = 'abcde'":                                           "properties_folded_reference",
	} {
		var plan string
		if err := db.QueryRowContext(t.Context(), "EXPLAIN (FORMAT JSON) SELECT id FROM properties WHERE "+condition).
			Scan(&plan); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, index) {
			t.Errorf("%s does not use %s:\n%s", condition, index, plan)
		}
	}
}
