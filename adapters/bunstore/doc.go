// Package bunstore stores listings, their changes, API keys, accounts and sessions in Postgres, or in SQLite inside
// the process. It is one adapter with two dialects: bun builds the queries once, and only what the two databases do
// differently is in the postgres and sqlite files.
//
// The package never caches, never publishes events, and never decides a rule about listings: property.Filter says
// which listings a filter lets through, and the SQL does the same. Triggers, not this package, record changes and
// count versions, so that writes which bypass the program are recorded alike.
//
// A new column of properties is, for each database, an ALTER up and down and a word in triggers.sql (see package
// migrations), and in row.go a field of row, a line of its table of columns, and a line in rowOf and in row.property.
package bunstore
