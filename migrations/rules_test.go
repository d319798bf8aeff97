package migrations_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/gable-listings/gable/domain/property"
)

const (
	one = "0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d11"
	two = "0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d22"

	insertOne = "INSERT INTO properties (id, title, price, location) VALUES ('" + one + "', 'One', 450000.5, 'Seattle')"
	insertTwo = "INSERT INTO properties (id, title, price, location) VALUES ('" + two + "', 'Two', 1, 'Hong Kong')"
)

func TestTitlePriceAndLocationAreEnough(t *testing.T) {
	onBoth(t, func(t *testing.T, db *bun.DB) {
		exec(t, db, "INSERT INTO properties (title, price, location) VALUES ('A', 1, 'B'), ('A', 1, 'B')")
		var id, currency, offer, kind, status string
		var version int
		if err := db.QueryRowContext(t.Context(), "SELECT id, currency, offer, kind, status, version FROM properties").
			Scan(&id, &currency, &offer, &kind, &status, &version); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%s %s %s %s %d", currency, offer, kind, status, version); got != "USD sale other active 1" {
			t.Errorf("defaults %s", got)
		}
		if len(id) != 36 || id[14] != '4' || !strings.ContainsRune("89ab", rune(id[19])) {
			t.Errorf("id %s is not a random UUID", id)
		}
	})
}

func TestWhatTheDomainWouldRefuseIsRefused(t *testing.T) {
	long := func(n int) string { return "'" + strings.Repeat("é", n) + "'" }
	photos := func(n int) string {
		return `'[` + strings.TrimSuffix(strings.Repeat(`"https://a.b/c",`, n), ",") + `]'`
	}
	bad := map[string][]string{
		"reference":   {"''", long(65), "'a\nb'"},
		"source":      {"''", long(65), "'a\nb'"},
		"title":       {"NULL", "''", "'  '", long(201), "'a\tb'"},
		"description": {"NULL", long(20001)},
		"price":       {"NULL", "-0.01", "1000000000000", "'NaN'", "'Infinity'", "'x'"},
		"currency":    {"'usd'", "'US'", "'USDX'", "''", "NULL"},
		"location":    {"''", long(201), "' '"},
		"offer":       {"'lease'", "NULL"},
		"kind":        {"'castle'", "'House'"},
		"status":      {"'gone'"},
		"bedrooms":    {"-1", "1001", "'x'"},
		"bathrooms":   {"-0.25", "1000.25", "1.1", "'NaN'"},
		"area_m2":     {"-0.01", "10000000000", "'NaN'", "'Infinity'"},
		"photos":      {`'{}'`, `'"x"'`, "'x'", `'[1]'`, `'["ftp://a.b"]'`, `'["https://"]'`, photos(51), "NULL"},
		"created_at":  {"'yesterday at noon'", "'2026-02-31T00:00:00.000000Z'", "'-infinity'", "'infinity'"},
		"updated_at":  {"'infinity'", "NULL"},
		"id":          {"'x'", "'0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d1g'", "'0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d111'"},
		"latitude, longitude": {"90.1, 0", "0, 180.1", "-90.1, 0", "0, -180.1", "1, NULL", "NULL, 1", "'NaN', 0",
			"0, 'Infinity'"},
	}
	onBoth(t, func(t *testing.T, db *bun.DB) {
		for columns, values := range bad {
			for _, value := range values {
				wantRefused(t, db, insertWith(columns, value), "")
			}
		}
		if changes := readFeed(t, db); len(changes) != 0 {
			t.Errorf("the feed has %s", ops(changes))
		}
	})
}

func TestTheLimitsThemselvesAreAccepted(t *testing.T) {
	long := func(n int) string { return "'" + strings.Repeat("é", n) + "'" }
	good := map[string][]string{
		"reference": {"NULL", long(64)}, "source": {"NULL", "'x'", long(64)},
		"title": {"'x'", long(200)}, "description": {long(20000), "'a\nb\tc'"}, "location": {long(200)},
		"price": {"0", "0.01", "999999999999.99"}, "bedrooms": {"0", "1000"}, "bathrooms": {"0.25", "1000"},
		"area_m2": {"0", "9999999999.99", "0.07"}, "latitude, longitude": {"90, 180", "-90, -180", "0, 0"},
		"photos":     {`'["http://a.b", "HTTPS://A.B/c?d=e"]'`},
		"created_at": {"'0001-01-01T00:00:00.000000Z'", "'9999-12-31T23:59:59.999999Z'"},
	}
	onBoth(t, func(t *testing.T, db *bun.DB) {
		for columns, values := range good {
			for _, value := range values {
				exec(t, db, insertWith(columns, value))
			}
		}
	})
}

// A number that one side accepts and the other refuses could be read and never written again.
func TestTheBoundsOfNumbersAreThoseOfTheDomain(t *testing.T) {
	onBoth(t, func(t *testing.T, db *bun.DB) {
		for _, f := range property.FieldTable() {
			if !f.Numeric() || f.Type == property.DegreesField {
				continue // degrees come in pairs
			}
			step, between := property.Decimal(1), "0.005"
			if f.Type == property.WholeField {
				step, between = 100, (f.Max - 50).Short()
			}
			exec(t, db, insertWith(f.Name, f.Min.Short()), insertWith(f.Name, f.Max.Short()))
			wantRefused(t, db, insertWith(f.Name, (f.Min-step).Short()), "")
			wantRefused(t, db, insertWith(f.Name, (f.Max+step).Short()), "")
			if db.Dialect().Name() == dialect.SQLite { // Postgres rounds
				wantRefused(t, db, insertWith(f.Name, between), "")
			}
		}
	})
}

// insertWith returns an INSERT that is valid except for these values.
func insertWith(columns, values string) string {
	names, rest := columns, values
	for column, value := range map[string]string{"title": "'T'", "price": "1", "location": "'L'"} {
		if column != columns {
			names, rest = names+", "+column, rest+", "+value
		}
	}
	return "INSERT INTO properties (" + names + ") VALUES (" + rest + ")"
}

func TestVersionAndTimesBelongToTheDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, db *bun.DB) {
		exec(t, db,
			"INSERT INTO properties (id, title, price, location, version, created_at, updated_at) VALUES ('"+one+
				"', 'One', 1, 'L', 40, '2020-01-02T03:04:05.678901Z', '2999-01-01T00:00:00.000000Z')",
			"UPDATE properties SET price = 2",
			"UPDATE properties SET version = 99, created_at = '2021-01-01T00:00:00.000000Z',"+
				" updated_at = '2021-01-01T00:00:00.000000Z'",
			"UPDATE properties SET version = version + 1",
			"UPDATE properties SET version = 1, price = 3",
			"UPDATE properties SET price = price")
		changes := readFeed(t, db)
		if got, want := ops(changes), "insert 1, update 2, update 3, update 4, update 5, update 6"; got != want {
			t.Errorf("recorded %s, want %s", got, want)
		}
		last := changes[len(changes)-1].After
		if last["created_at"] != "2020-01-02T03:04:05.678901Z" || last["updated_at"] != "2999-01-01T00:00:00.000000Z" {
			t.Errorf("created %v, updated %v: neither may change or go back", last["created_at"], last["updated_at"])
		}
		var version int
		if err := db.QueryRowContext(t.Context(), "SELECT version FROM properties").
			Scan(&version); err != nil || version != 6 {
			t.Errorf("version %d, want 6 (%v)", version, err)
		}
		wantRefused(t, db, "UPDATE properties SET id = '"+two+"'", "the id of a property cannot change")
	})
}

func TestAVersionNeverGoesBack(t *testing.T) {
	onBoth(t, func(t *testing.T, db *bun.DB) {
		exec(t, db, insertOne, "UPDATE properties SET price = 2", "DELETE FROM properties", insertOne,
			"UPDATE properties SET price = 3")
		if got, want := ops(readFeed(t, db)), "insert 1, update 2, delete 3, insert 4, update 5"; got != want {
			t.Errorf("recorded %s, want %s", got, want)
		}
	})
}

func TestKeysKeepTheirRules(t *testing.T) {
	hash := strings.Repeat("0a", 32)
	key := func(id, name, scope, hash string) string {
		return fmt.Sprintf("INSERT INTO api_keys (id, name, scope, hash, hint) VALUES ('%s', '%s', '%s', '%s', 'abcd')",
			id, name, scope, hash)
	}
	answer := func(owner, key string) string {
		return fmt.Sprintf("INSERT INTO idempotency_keys (api_key_id, key, request_hash, property_id, response) "+
			"VALUES ('%s', '%s', 'h', '%s', '{}')", owner, key, one)
	}
	onBoth(t, func(t *testing.T, db *bun.DB) {
		exec(t, db, key(one, "a", "write", hash), answer(one, "k"), answer(two, "k"), answer(one, "l"))
		wantRefused(t, db, key(two, "a", "write", strings.Repeat("0b", 32)), "name")
		wantRefused(t, db, key(two, "b", "write", hash), "hash")
		wantRefused(t, db, key(two, "b", "root", strings.Repeat("0b", 32)), "scope")
		wantRefused(t, db, key(two, "b", "write", "secret"), "hash")
		wantRefused(t, db, answer(one, "k"), "idempotency_keys")
		wantRefused(t, db, answer(one, strings.Repeat("k", 256)), "key")
	})
}

func TestSigningKeysKeepTheirRules(t *testing.T) {
	onBoth(t, func(t *testing.T, db *bun.DB) {
		secret := func(bytes int) string { // as a literal of the database
			digits := strings.Repeat("0a", bytes)
			if db.Dialect().Name() == dialect.SQLite {
				return "x'" + digits + "'"
			}
			return `'\x` + digits + `'`
		}
		key := func(id, secret string) string {
			return fmt.Sprintf(
				"INSERT INTO signing_keys (id, secret, created_at) VALUES ('%s', %s, '2026-01-02T03:04:05.678901Z')", id, secret)
		}
		exec(t, db, key("0123456789ABCdef", secret(32)))
		wantRefused(t, db, key("0123456789ABCdef", secret(32)), "signing_keys")
		for _, id := range []string{"", "0123456789ABCDE", "0123456789ABCDEFG", "0123456789ABCDE ", "0123456789ABCDé"} {
			wantRefused(t, db, key(id, secret(32)), "id")
		}
		for _, n := range []int{0, 31, 33} {
			wantRefused(t, db, key("0123456789ABCDEF", secret(n)), "secret")
		}
	})
}

func TestAccountsAndSessionsKeepTheirRules(t *testing.T) {
	account := func(id, name, role string) string {
		return fmt.Sprintf("INSERT INTO accounts (id, name, role, password_hash) VALUES ('%s', '%s', '%s', '$')", id, name,
			role)
	}
	session := func(hash, owner string) string {
		return fmt.Sprintf("INSERT INTO sessions (token_hash, account_id, data, expires_at)"+
			" VALUES ('%s', %s, 'x', '2026-01-02T03:04:05.678901Z')",
			hash, owner)
	}
	hash := func(digits string) string { return strings.Repeat(digits, 32) }
	onBoth(t, func(t *testing.T, db *bun.DB) {
		db.SetMaxOpenConns(1)
		if db.Dialect().Name() == dialect.SQLite {
			exec(t, db, "PRAGMA foreign_keys = ON")
		}
		exec(t, db, account(one, "anna.b_c-d+e@example.org", "administrator"),
			account(two, strings.Repeat("x", 64), "editor"),
			session(hash("0a"), "'"+one+"'"), session(hash("0b"), "'"+two+"'"), session(hash("0c"), "NULL"))
		wantRefused(t, db, account("x", "anna.b_c-d+e@example.org", "editor"), "name")
		for _, name := range []string{"", "Anna", "an na", "müller", "a\nb", "anna\n", strings.Repeat("x", 65)} {
			wantRefused(t, db, account("x", name, "editor"), "name")
		}
		wantRefused(t, db, account("x", "bob", "root"), "role")
		wantRefused(t, db, account("", "bob", "editor"), "id")
		wantRefused(t, db, session("a token", "NULL"), "hash")
		wantRefused(t, db, session(hash("0A"), "NULL"), "hash")
		wantRefused(t, db, session(hash("0a"), "NULL"), "sessions")
		wantRefused(t, db, session(hash("0d"), "'nobody'"), "")
		exec(t, db, "DELETE FROM accounts WHERE id = '"+one+"'")
		var left string
		err := db.NewRaw("SELECT min(token_hash) || max(token_hash) FROM sessions").Scan(t.Context(), &left)
		if err != nil || left != hash("0b")+hash("0c") {
			t.Errorf("%s are left (%v)", left, err)
		}
	})
}

func TestKnownBrowsersKeepTheirRules(t *testing.T) {
	browser := func(hash, owner string) string {
		return fmt.Sprintf("INSERT INTO known_browsers (token_hash, account_id, expires_at) "+
			"VALUES ('%s', %s, '2026-01-02T03:04:05.678901Z')", hash, owner)
	}
	hash, owner := strings.Repeat("0a", 32), "'"+one+"'"
	onBoth(t, func(t *testing.T, db *bun.DB) {
		db.SetMaxOpenConns(1)
		if db.Dialect().Name() == dialect.SQLite {
			exec(t, db, "PRAGMA foreign_keys = ON")
		}
		exec(t, db, "INSERT INTO accounts (id, name, role, password_hash) VALUES ("+owner+", 'anna', 'editor', '$')",
			browser(hash, owner))
		wantRefused(t, db, browser(hash, owner), "known_browsers")
		wantRefused(t, db, browser("a token", owner), "hash")
		wantRefused(t, db, browser(strings.Repeat("0A", 32), owner), "hash")
		wantRefused(t, db, browser(hash, "NULL"), "account_id")
		wantRefused(t, db, browser(hash, "'nobody'"), "")
		exec(t, db, "DELETE FROM accounts")
		var left int
		if err := db.NewRaw("SELECT count(*) FROM known_browsers").Scan(t.Context(), &left); err != nil || left != 0 {
			t.Errorf("%d browsers without an account are left (%v)", left, err)
		}
	})
}

func TestSecondFactorsKeepTheirRules(t *testing.T) {
	code := func(hash, owner string) string {
		return fmt.Sprintf("INSERT INTO recovery_codes (code_hash, account_id) VALUES ('%s', '%s')", hash, owner)
	}
	set := func(secret string) string { return "UPDATE accounts SET factor_secret = '" + secret + "'" }
	hash := strings.Repeat("0a", 32)
	onBoth(t, func(t *testing.T, db *bun.DB) {
		db.SetMaxOpenConns(1)
		if db.Dialect().Name() == dialect.SQLite {
			exec(t, db, "PRAGMA foreign_keys = ON")
		}
		exec(t, db, "INSERT INTO accounts (id, name, role, password_hash) VALUES ('"+one+"', 'anna', 'editor', '$')",
			set(strings.Repeat("A2", 16)), set(""), code(hash, one))
		for _, secret := range []string{"A", strings.Repeat("a", 32), strings.Repeat("A", 31),
			strings.Repeat("A", 33), strings.Repeat("1", 32)} {
			wantRefused(t, db, set(secret), "factor_secret")
		}
		wantRefused(t, db, code(hash, one), "recovery_codes")
		wantRefused(t, db, code("a code", one), "hash")
		wantRefused(t, db, code(hash, "nobody"), "")
		exec(t, db, "DELETE FROM accounts")
		var left int
		if err := db.NewRaw("SELECT count(*) FROM recovery_codes").Scan(t.Context(), &left); err != nil || left != 0 {
			t.Errorf("%d codes without an account are left (%v)", left, err)
		}
	})
}
