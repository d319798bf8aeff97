// Package migrations holds the database schema: numbered SQL files, up and down, for Postgres and for SQLite. The
// change feed and the rules of versions are part of it, as triggers, so that hand-written SQL is versioned and
// recorded like any other.
//
// A release replaces processes one by one, so a migration runs while programs that do not know it serve. The first
// line of each migration after FirstRelease says which programs run beside it:
//
//	-- Programs since 20261123000006 run on this schema.
//
// A program is named after the newest migration that it brings. A migration that expands the schema (a new table, a
// column with a default, a trigger that records more) names the program before. A migration that contracts it (drops
// or renames what an older program uses) names the first program that no longer uses it; that program has to bring a
// migration of its own to have a name.
//
// The numbered files make tables and indexes. All functions and triggers are in one repeatable file a database,
// triggers.sql, which describes those in force: `gable migrate up` applies it again whenever its content has changed.
// It begins with the same line. So a new column of properties is, for each database, one ALTER in a numbered file
// (and its DROP in the down) and one word in triggers.sql. A release that changes triggers.sql brings a migration as
// well (a comment will do), because a program without one has the name of the program before. A migration never
// changes once it is released.
//
// The package only embeds and expands the files. It never opens a database; bunstore runs them, each in a transaction
// of its own (that is what .tx. in a name means).
package migrations

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

//go:embed postgres/*.sql sqlite/*.sql
var files embed.FS

// FirstRelease is the newest migration of the first release. That release compares the applied migrations with its
// own, and refuses to run when there are more.
const FirstRelease = "20261123000006"

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

var statement = regexp.MustCompile(`^-- Programs since (\d{14}) run on this schema\.\r?\n`)

// OldestProgram returns the oldest program that runs on the schema of a migration, as the number of that program's
// newest migration. The name of a migration is its number and words, such as 20261123000001_properties. The
// migrations up to FirstRelease name no program; no program from before them is in use.
func OldestProgram(files fs.FS, name string) (string, error) {
	number, _, _ := strings.Cut(name, "_")
	if number <= FirstRelease {
		return number, nil
	}
	sql, err := fs.ReadFile(files, name+".tx.up.sql")
	if err != nil {
		return "", err
	}
	oldest, err := statedProgram(sql)
	switch {
	case err != nil:
		return "", fmt.Errorf("migration %s: %w", name, err)
	case oldest > number:
		return "", fmt.Errorf("migration %s: program %s is newer than the migration", name, oldest)
	}
	return oldest, nil
}

// statedProgram returns the program in the first line of a file.
func statedProgram(sql []byte) (string, error) {
	said := statement.FindSubmatch(sql)
	if said == nil {
		return "", fmt.Errorf("the first line must be %q", "-- Programs since NUMBER run on this schema.")
	}
	return string(said[1]), nil
}
