package bunstore_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/migrations"
	"github.com/gable-listings/gable/ports"
)

// lastNumbered is the newest migration from before there was a triggers.sql.
const lastNumbered = "20261129000020"

// beforeTriggers brings a database to the schema as the numbered migrations alone made it, with their triggers.
func beforeTriggers(t *testing.T, db *bunstore.DB) {
	t.Helper()
	files := copyOf(t, db)
	for path := range files {
		if number, _, numbered := strings.Cut(path, "_"); numbered && number > lastNumbered {
			delete(files, path)
		}
	}
	files["triggers.sql"] = &fstest.MapFile{Data: []byte("-- Programs since " + migrations.FirstRelease +
		" run on this schema.\n" + `{{define "remove"}}{{end}}`)}
	own := db.Files()
	db.UseMigrations(files)
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Writer().Exec("DROP TABLE gable_schema_triggers"); err != nil {
		t.Fatal(err)
	}
	db.UseMigrations(own)
}

const insertThree = "INSERT INTO properties (id, title, price, location) VALUES " +
	"('0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d33', 'Three', 1, 'L')"

// inhabit fills every table as a program and its users do.
func inhabit(t *testing.T, db *bunstore.DB) {
	t.Helper()
	for _, statement := range []string{
		`INSERT INTO properties (id, reference, title, description, price, currency, location, offer, kind, status,
			bedrooms, bathrooms, area_m2, latitude, longitude, photos) VALUES
			('0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d11', 'r1', 'One', 'd', 450000.5, 'HKD', '香港', 'rent', 'room', 'sold',
			3, 2.25, 70.07, 47.123456789012345, -0.1, '["https://a.b/c"]')`,
		"INSERT INTO properties (title, price, location) VALUES ('Two', 1, 'L')",
		insertThree,
		"UPDATE properties SET price = 2 WHERE title <> 'Two'",
		"DELETE FROM properties WHERE title = 'Three'",
		"INSERT INTO feed_retention (id, seq, tx) VALUES (1, 0, '3')",
		"INSERT INTO accounts (id, name, role, password_hash) VALUES ('a', 'anna', 'editor', '$')",
		"INSERT INTO api_keys (id, name, scope, hash, hint, owner) VALUES ('0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d44', 'k', " +
			"'write', '" + strings.Repeat("0a", 32) + "', 'abcd', 'a')",
		"INSERT INTO idempotency_keys (api_key_id, key, request_hash, property_id, response) VALUES ('k', 'k', 'h', " +
			"'0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d11', '{}')",
		"INSERT INTO sessions (token_hash, account_id, data, expires_at) VALUES ('" + strings.Repeat("0b", 32) +
			"', 'a', 'x', '2026-01-02T03:04:05.678901Z')",
		"INSERT INTO known_browsers (token_hash, account_id, expires_at) VALUES ('" + strings.Repeat("0c", 32) +
			"', 'a', '2026-01-02T03:04:05.678901Z')",
		"INSERT INTO recovery_codes (account_id, code_hash) VALUES ('a', '" + strings.Repeat("0d", 32) + "')",
	} {
		if !db.IsPostgres() { // a transaction is its change there
			statement = strings.Replace(statement, "(id, seq, tx) VALUES (1, 0, '3')", "(id, seq) VALUES (1, 0)", 1)
		}
		byHand(t, db.Writer(), statement)
	}
	key := ports.SigningKey{ID: "0123456789ABCdef", Secret: []byte(strings.Repeat("s", 32)), CreatedAt: birth}
	if _, err := db.SigningKeys().RotateSigningKeys(t.Context(), key, birth, birth); err != nil {
		t.Fatal(err)
	}
}

// contents returns the rows of every table but those of the migrations, as text, and a function that reads the same
// columns again. It fails where a table is empty, which would have nothing to lose.
func contents(t *testing.T, db *bunstore.DB) (rows []string, again func() []string) {
	t.Helper()
	var queries []string
	tables := lines(t, db, tablesSQL(db))
	for _, table := range tables {
		columns := lines(t, db, columnsSQL(db, table))
		for i, column := range columns {
			columns[i] = "coalesce(CAST(" + column + " AS text), 'NULL')"
		}
		queries = append(queries, "SELECT '"+table+": ' || "+strings.Join(columns, " || ' | ' || ")+" AS line FROM "+table+
			" ORDER BY line")
	}
	again = func() (all []string) {
		for i, query := range queries {
			rows := lines(t, db, query)
			if len(rows) == 0 {
				t.Errorf("the table %s is empty", tables[i])
			}
			all = append(all, rows...)
		}
		return all
	}
	return again(), again
}

func tablesSQL(db *bunstore.DB) string {
	if db.IsPostgres() {
		return "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'gable_%'"
	}
	return "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'gable_%' AND name NOT LIKE 'sqlite_%'"
}

func columnsSQL(db *bunstore.DB, table string) string {
	if db.IsPostgres() {
		return "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = '" + table +
			"'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
	}
	return "SELECT name FROM pragma_table_info('" + table + "')"
}

func TestADatabaseFromBeforeTriggersHadAFileUpgradesToAFreshOneAndLosesNothing(t *testing.T) {
	for _, kind := range bare {
		t.Run(kind.name, func(t *testing.T) {
			db := openRaw(t, kind.url(t))
			beforeTriggers(t, db)
			inhabit(t, db)
			if err := db.CheckSchema(t.Context()); !errors.Is(err, bunstore.ErrSchemaOlder) {
				t.Errorf("before the upgrade checking the schema gives %v", err)
			}
			before, again := contents(t, db)
			if _, err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantCheck(t, db, nil, "")
			wantSameText(t, "data", again(), before)
			fresh := openRaw(t, kind.url(t))
			if _, err := fresh.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantSameText(t, "schema", schemaText(t, db), schemaText(t, fresh))
			wantRecordedOnce(t, db)
		})
	}
}

// wantRecordedOnce checks that the feed has each change once, older ones and new ones, with versions that go on.
func wantRecordedOnce(t *testing.T, db *bunstore.DB) {
	t.Helper()
	byHand(t, db.Writer(), "UPDATE properties SET price = 3 WHERE title = 'One'",
		insertThree)
	got := lines(t, db, "SELECT op || ' ' || coalesce(version, 0) FROM property_changes ORDER BY seq")
	want := []string{"insert 1", "insert 1", "insert 1", "update 2", "update 2", "delete 3", "update 3", "insert 4"}
	if !slices.Equal(got, want) {
		t.Errorf("the feed has %q, want %q", got, want)
	}
}
