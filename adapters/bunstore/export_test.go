package bunstore

import (
	"encoding/base64"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// SearchSQL is the statement that a search becomes.
func (db *DB) SearchSQL(s *property.Search) string {
	return searchQuery(db.read.NewSelect().Model(&[]row{}), db.dialect, s).String()
}

// HistorySQL is the statement that reads a listing's history.
func (db *DB) HistorySQL(id property.ID, limit int) string {
	return db.History().query(id, 0, limit).String()
}

// FeedSQL is the statement by which Postgres tells what is behind a cursor of its feed.
func (db *DB) FeedSQL(after ports.FeedCursor, limit int) (string, error) {
	cursor, err := base64.RawURLEncoding.DecodeString(string(after))
	if err != nil {
		return "", err
	}
	at, err := parseStretch(string(cursor))
	statement, args := at.sql(limit)
	return db.feed.NewRaw(statement, args...).String(), err
}

// Writer is the pool that writes, for tests that write SQL by hand.
func (db *DB) Writer() *bun.DB { return db.write }

// IsPostgres says which dialect the database speaks.
func (db *DB) IsPostgres() bool {
	_, is := db.dialect.(postgresDialect)
	return is
}

// URL is what the database was opened with.
func (db *DB) URL() string { return db.options.URL }
