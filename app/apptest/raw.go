package apptest

import (
	"database/sql"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib"
)

// Raw opens a connection to the server's database around the program.
func (s *Server) Raw() *sql.DB {
	s.T.Helper()
	driver, url := "pgx", string(s.Config.Database.URL)
	if s.Config.Embedded() {
		driver, url = "sqlite", "file:"+strings.TrimPrefix(url, "sqlite:")+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, url)
	if err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() { _ = db.Close() })
	return db
}
