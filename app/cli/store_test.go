package cli

import (
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// inNewDatabase points the commands at an SQLite file that does not exist yet.
func inNewDatabase(t *testing.T) {
	t.Setenv("GABLE_DATABASE_URL", "sqlite:"+filepath.Join(t.TempDir(), "gable.db"))
}

func TestCreateKeyPrintsTheSecretAloneOnStandardOutput(t *testing.T) {
	inNewDatabase(t)
	code, out, err := gable(t, "admin", "create-key", "nightly-import", "--scope", "admin")
	if code != 0 || !regexp.MustCompile(`^gable_[A-Za-z0-9_-]{43}\n$`).MatchString(out) {
		t.Fatalf("code %d, stdout %q, stderr %q", code, out, err)
	}
	if !strings.Contains(err, `"nightly-import" with scope admin`) || strings.Contains(err, strings.TrimSpace(out)) {
		t.Errorf("stderr %q", err)
	}
}

func TestKeysAreListedAndRevokedByName(t *testing.T) {
	inNewDatabase(t)
	_, secret, _ := gable(t, "admin", "create-key", "importer")
	_, list, _ := gable(t, "admin", "list")
	hint := "…" + strings.TrimSpace(secret)[45:]
	if lines := strings.Split(list, "\n"); len(lines) != 3 || !strings.Contains(lines[1], hint) ||
		!strings.HasSuffix(lines[1], "–") {
		t.Errorf("list:\n%s", list)
	}
	if code, out, err := gable(t, "admin", "revoke", "importer"); code != 0 ||
		out != "Revoked API key \"importer\".\n" {
		t.Errorf("code %d, %q, %q", code, out, err)
	}
	if _, list, _ := gable(t, "admin", "list"); strings.Contains(list, "–\n") {
		t.Errorf("still in force:\n%s", list)
	}
}

func TestWhatIsWrongWithAKeyIsSaidInOneLine(t *testing.T) {
	inNewDatabase(t)
	gable(t, "admin", "create-key", "importer")
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"name taken":     {[]string{"create-key", "importer"}, 1, "an API key of that name exists"},
		"unknown name":   {[]string{"revoke", "nobody"}, 1, "no such API key"},
		"unknown scope":  {[]string{"create-key", "x", "--scope", "root"}, 2, "--scope must be one of"},
		"no name at all": {[]string{"create-key"}, 2, `expected "<name>"`},
	} {
		code, out, err := gable(t, append([]string{"admin"}, c.args...)...)
		if code != c.code || out != "" || !strings.Contains(err, c.want) || strings.Count(err, "\n") != 1 {
			t.Errorf("%s: code %d, stdout %q, stderr %q", name, code, out, err)
		}
	}
}

func TestMigrationsGoUpAndDownAndSayWhatTheyDid(t *testing.T) {
	inNewDatabase(t)
	if _, out, _ := gable(t, "migrate", "status"); !strings.Contains(out, "not applied") {
		t.Errorf("a new database:\n%s", out)
	}
	if code, out, err := gable(t, "migrate", "up"); code != 0 || !strings.HasPrefix(out, "applied 2") {
		t.Errorf("up: code %d, %q, %q", code, out, err)
	}
	if code, out, _ := gable(t, "migrate", "up"); code != 0 || out != "The schema is up to date; nothing to do.\n" {
		t.Errorf("up again: code %d, %q", code, out)
	}
	if _, out, _ := gable(t, "migrate", "status"); strings.Contains(out, "not applied") {
		t.Errorf("after up:\n%s", out)
	}
	if code, out, err := gable(t, "migrate", "down", "1"); code != 1 || out != "" || !strings.Contains(err, "--yes") {
		t.Errorf("down without --yes: code %d, %q, %q", code, out, err)
	}
	if code, out, err := gable(t, "migrate", "down", "--yes"); code != 2 || out != "" ||
		!strings.Contains(err, "<count>") {
		t.Errorf("down without a number: code %d, %q, %q", code, out, err)
	}
	if code, out, err := gable(t, "migrate", "down", "2", "--yes"); code != 0 || strings.Count(out, "rolled back 2") != 2 {
		t.Errorf("down: code %d, %q, %q", code, out, err)
	}
	_, out, _ := gable(t, "migrate", "status")
	if lines := strings.Split(strings.TrimSpace(out), "\n"); strings.Count(out, "not applied") != 2 ||
		!strings.Contains(lines[len(lines)-3], "not applied") || !strings.Contains(lines[len(lines)-2], "not applied") ||
		!strings.HasPrefix(lines[len(lines)-1], "triggers  ") {
		t.Errorf("after taking two back:\n%s", out)
	}
	if code, out, err := gable(t, "migrate", "down", "99", "--yes"); code != 1 || out != "" ||
		!strings.Contains(err, "applied") {
		t.Errorf("down by more than there are: code %d, %q, %q", code, out, err)
	}
}

func TestMigrateSaysNothingIsUpToDateThatItCouldNotSee(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "gable.db")
	t.Setenv("GABLE_DATABASE_URL", "sqlite:"+path)
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"up"}, {"down", "1", "--yes"}, {"status"}} {
		if code, out, err := gable(t, append([]string{"migrate"}, args...)...); code != 1 || out != "" || err == "" {
			t.Errorf("%v: code %d, %q, %q", args, code, out, err)
		}
	}
}

func TestMigrateTellsANewerSchemaFromItsOwn(t *testing.T) {
	inNewDatabase(t)
	gable(t, "migrate", "up")
	apply := func(number, oldest string) {
		t.Helper()
		db, err := sql.Open("sqlite", strings.TrimPrefix(os.Getenv("GABLE_DATABASE_URL"), "sqlite:"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec("INSERT INTO gable_schema_migrations (name, oldest_program) VALUES (?, ?)",
			number, oldest); err != nil {
			t.Fatal(err)
		}
	}
	apply("29990101000001_expands", "20261123000006")
	if code, out, err := gable(t, "migrate", "up"); code != 0 ||
		!strings.Contains(out, "newer than this program and compatible (it has 29990101000001_expands)") {
		t.Errorf("up on a newer schema: code %d, %q, %q", code, out, err)
	}
	if code, out, err := gable(t, "migrate", "status"); code != 0 ||
		!regexp.MustCompile(`29990101000001_expands +applied .* by another program`).MatchString(out) {
		t.Errorf("status on a newer schema: code %d, %q, %q", code, out, err)
	}
	if code, _, err := gable(t, "admin", "list"); code != 0 {
		t.Errorf("a command on a newer schema: code %d, %q", code, err)
	}
	apply("29990101000002_contracts", "29990101000001")
	for _, args := range [][]string{
		{"migrate", "up"}, {"migrate", "down", "1", "--yes"}, {"migrate", "status"}, {"admin", "list"}, {"serve"},
	} {
		if code, _, err := gable(t, args...); code != 1 || !strings.Contains(err, "run the newer program") {
			t.Errorf("%v on a schema that is not compatible: code %d, %q", args, code, err)
		}
	}
}

func TestADatabaseThatCannotBeReachedIsCode1AndShowsNoPassword(t *testing.T) {
	code, out, err := gable(t, "admin", "list", "--database-url",
		"postgres://gable:s3cret@127.0.0.1:1/gable?sslmode=disable")
	if code != 1 || out != "" || strings.Contains(err, "s3cret") || strings.Count(err, "\n") != 1 {
		t.Errorf("code %d, stdout %q, stderr %q", code, out, err)
	}
}
