package bunstore_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/domain/property"
)

// crowd inserts count listings of all sorts with the database's own means. They are all over the United States, a
// third of them without an area, a tenth of the source mls-a, created one a minute.
func crowd(t testing.TB, db *bunstore.DB, count int) {
	t.Helper()
	generator := `
WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < %[1]d)
INSERT INTO properties (id, title, description, price, location, kind, status, bedrooms, area_m2,
    latitude, longitude, source, created_at, updated_at)
SELECT format('%%08x-0000-7000-8000-000000000000', n), 'Listing ' || n,
    'A place with ' || n %% 7 || ' windows', 100000 + n * 7919 %% 900000 + 0.5,
    'Street ' || n %% 5000, CASE n %% 5 WHEN 0 THEN 'house' WHEN 1 THEN 'land' ELSE 'apartment' END,
    CASE n %% 3 WHEN 0 THEN 'sold' ELSE 'active' END, n %% 6, CASE WHEN n %% 3 > 0 THEN 20 + n * 31 %% 400 END,
    25 + n * 7 %% 2400 / 100.0, -124 + n * 13 %% 5700 / 100.0, CASE n %% 10 WHEN 0 THEN 'mls-a' END, at, at
FROM (SELECT n, strftime('%%Y-%%m-%%dT%%H:%%M:%%S.000000Z', 1700000000 + n * 60, 'unixepoch') AS at FROM n)`
	if db.IsPostgres() {
		generator = `
INSERT INTO properties (id, title, description, price, location, kind, status, bedrooms, area_m2,
    latitude, longitude, source, created_at, updated_at)
SELECT (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000')::uuid, 'Listing ' || n,
    'A place with ' || n %% 7 || ' windows', 100000 + n::bigint * 7919 %% 900000 + 0.5,
    'Street ' || n %% 5000, CASE n %% 5 WHEN 0 THEN 'house' WHEN 1 THEN 'land' ELSE 'apartment' END,
    CASE n %% 3 WHEN 0 THEN 'sold' ELSE 'active' END, n %% 6, CASE WHEN n %% 3 > 0 THEN 20 + n * 31 %% 400 END,
    25 + n * 7 %% 2400 / 100.0, -124 + n * 13 %% 5700 / 100.0, CASE n %% 10 WHEN 0 THEN 'mls-a' END,
    to_timestamp(1700000000 + n * 60), to_timestamp(1700000000 + n * 60)
FROM generate_series(1, %[1]d) AS n`
	}
	statements := []string{fmt.Sprintf(generator, count)}
	if db.IsPostgres() { // as autovacuum does; SQLite has no such thing
		statements = []string{"SET LOCAL statement_timeout = 0", statements[0], "ANALYZE properties"}
	}
	err := db.Writer().RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		for _, statement := range statements {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// parse reads a search in the form of the HTTP contract.
func parse(t testing.TB, query string) *property.Search {
	t.Helper()
	parameters, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	s, err := property.ParseSearch(parameters)
	if err != nil {
		t.Fatal(err)
	}
	return &s
}

// behind is the search for the page after the first rows listings.
func behind(t testing.TB, db *bunstore.DB, s *property.Search, rows int) *property.Search {
	t.Helper()
	next := *s
	next.Limit = rows
	page, _, err := db.Repository().Search(t.Context(), &next)
	if err != nil {
		t.Fatal(err)
	}
	next.After, next.Limit = next.Next(page), s.Limit
	if !next.After.Valid {
		t.Fatalf("search %q has no %d rows", s, rows)
	}
	return &next
}
