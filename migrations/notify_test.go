package migrations_test

import (
	"io/fs"
	"regexp"
	"testing"

	"github.com/gable-listings/gable/migrations"
)

var (
	sqlComment = regexp.MustCompile(`--[^\n]*|(?s:/\*.*?\*/)`)
	notifying  = regexp.MustCompile(`(?i)\b(pg_)?notify\b`)
)

// NOTIFY takes a lock on the whole database when its transaction commits, so that all writers would wait for one
// another. The program notifies after the commit, from a connection of its own.
func TestNothingInTheSchemaNotifies(t *testing.T) {
	for name, files := range map[string]fs.FS{"postgres": migrations.Postgres(), "sqlite": migrations.SQLite()} {
		paths, err := fs.Glob(files, "*.sql")
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s has %d files, error %v", name, len(paths), err)
		}
		for _, path := range paths {
			sql, err := fs.ReadFile(files, path)
			if err != nil {
				t.Fatal(err)
			}
			if call := notifying.Find(sqlComment.ReplaceAll(sql, nil)); call != nil {
				t.Errorf("%s/%s has %q", name, path, call)
			}
		}
	}
	for sql, want := range map[string]bool{ // the search itself works
		"PERFORM pg_notify('gable', '')": true, "notify gable;": true, "-- NOTIFY is not for us\nSELECT 1": false,
		"/* NOTIFY\n */ RAISE NOTICE 'x'": false, "-- why\nNOTIFY gable": true,
	} {
		if got := notifying.MatchString(sqlComment.ReplaceAllString(sql, "")); got != want {
			t.Errorf("%q notifies: %t", sql, got)
		}
	}
}

// The functions are also read as the database has stored them.
func TestPostgresHasNoFunctionThatNotifies(t *testing.T) {
	db := openPostgres(t)
	var functions, triggers int
	var calling []string
	rows, err := db.QueryContext(t.Context(), `SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid) FROM pg_proc p
		WHERE pronamespace = current_schema()::regnamespace AND prokind IN ('f', 'p')
		AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			t.Fatal(err)
		}
		if functions++; notifying.MatchString(sqlComment.ReplaceAllString(text, "")) {
			calling = append(calling, name)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	// Every trigger is one of these functions.
	err = db.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
		WHERE NOT g.tgisinternal AND p.pronamespace <> current_schema()::regnamespace`).Scan(&triggers)
	if err != nil || triggers > 0 || functions < 6 || len(calling) > 0 {
		t.Errorf("of %d functions %q notify, and %d triggers call others (%v)", functions, calling, triggers, err)
	}
}
