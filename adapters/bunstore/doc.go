// Package bunstore keeps listings, their changes, API keys, accounts and sessions in a SQL database: Postgres, or SQLite
// inside the process. It is one adapter with two dialects: the questions are built once with bun, and only what the two
// databases really do differently lives in the postgres and sqlite files.
//
// The package never caches, never publishes events, and never decides a rule about listings: what a filter lets through
// is said by property.Filter, and the SQL says the same. Triggers, not this package, record changes and count versions,
// so that writes which bypass the program are recorded alike.
//
// A new column of properties is, for each database, an ALTER up and down and a word in triggers.sql (see package
// migrations), and in row.go a field of row, a line of its table of columns, and a line in rowOf and in row.property.
package bunstore
