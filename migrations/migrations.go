// Package migrations holds the database schema: numbered SQL files, up and down, for Postgres and for SQLite. The change
// feed and the rules of versions are part of it, as triggers, so that hand-written SQL is versioned and seen like any
// other.
//
// The package only carries the files. It never opens a database; bun's migrator runs them, each in a transaction of its
// own (that is what .tx. in a name means). It must be told to record a migration only when it succeeded:
// migrate.WithMarkAppliedOnSuccess(true).
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed postgres/*.sql sqlite/*.sql
var files embed.FS

// Postgres is the schema for Postgres 14 and later: a flat folder of .tx.up.sql and .tx.down.sql files.
func Postgres() fs.FS { return folder("postgres") }

// SQLite is the same schema for SQLite 3.43 and later.
func SQLite() fs.FS { return folder("sqlite") }

func folder(name string) fs.FS {
	sub, err := fs.Sub(files, name)
	if err != nil {
		panic(err) // the name is a constant and valid
	}
	return sub
}
