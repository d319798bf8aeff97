package cli

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// byHand runs SQL on the configured SQLite file.
func byHand(t *testing.T, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(os.Getenv("GABLE_DATABASE_URL"), "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func deleteAll(t *testing.T) {
	t.Helper()
	byHand(t, "DELETE FROM properties")
}

func TestAMoveSaysWhatItHasMoved(t *testing.T) {
	inNewDatabase(t)
	restored(t, fileWith(t, "x.ndjson", exported))
	gable(t, "admin", "create-key", "importer")
	to := "sqlite:" + filepath.Join(t.TempDir(), "new.db")
	code, out, err := gable(t, "move", os.Getenv("GABLE_DATABASE_URL"), to)
	for _, want := range []string{
		"the same on both sides", "2 listings (digest ", "2 changes (digest ", "1 API keys (digest ",
	} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("code %d: %q is not in\n%s%s", code, want, out, err)
		}
	}
	if !strings.Contains(err, "5 rows copied in") || !strings.Contains(err, "10 rows checked in") {
		t.Errorf("the progress ends with\n%s", err)
	}
	if got, want := exportedAs(t, "--database-url", to), exportedAs(t); got != want {
		t.Errorf("the new database has\n%s", got)
	}
}

func TestAMoveThatCannotBeginSaysWhy(t *testing.T) {
	inNewDatabase(t)
	full := os.Getenv("GABLE_DATABASE_URL")
	restored(t, fileWith(t, "x.ndjson", exported))
	missing := filepath.Join(t.TempDir(), "missing.db")
	for name, c := range map[string]struct{ from, to, want string }{
		"a source that does not exist": {"sqlite:" + missing, full, missing},
		"a full database":              {full, full, "is not empty: it has 2 changes, 2 listings"},
		"in memory":                    {"sqlite::memory:", full, "FROM is a database in memory"},
		"into memory":                  {full, "sqlite::memory:", "TO is a database in memory"},
		"no URL":                       {full, "new.db", "TO: open database: invalid database URL"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, err := gable(t, "move", c.from, c.to)
			if code != 1 || out != "" || !strings.Contains(err, c.want) || strings.Count(err, "\n") != 1 {
				t.Errorf("code %d, %q, %q", code, out, err)
			}
			if _, err := os.Stat(missing); err == nil {
				t.Error("a file is made for a source that does not exist")
			}
		})
	}
}
