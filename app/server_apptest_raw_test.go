package main

import (
	"database/sql"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib"
)

// raw is a connection to the server's database that the program knows nothing of.
func (s *testServer) raw() *sql.DB {
	s.t.Helper()
	driver, url := "pgx", string(s.config.Database.URL)
	if s.config.embedded() {
		driver, url = "sqlite", "file:"+strings.TrimPrefix(url, "sqlite:")+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, url)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = db.Close() })
	return db
}
