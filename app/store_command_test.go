package main

import (
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
	if lines := strings.Split(list, "\n"); len(lines) != 3 || !strings.Contains(lines[1], hint) || !strings.HasSuffix(lines[1], "–") {
		t.Errorf("list:\n%s", list)
	}
	if code, out, err := gable(t, "admin", "revoke", "importer"); code != 0 || out != "API key \"importer\" is revoked.\n" {
		t.Errorf("code %d, %q, %q", code, out, err)
	}
	if _, list, _ := gable(t, "admin", "list"); strings.Contains(list, "–") {
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
	if code, out, err := gable(t, "migrate", "down"); code != 1 || out != "" || !strings.Contains(err, "--yes") {
		t.Errorf("down without --yes: code %d, %q, %q", code, out, err)
	}
	if code, out, err := gable(t, "migrate", "down", "--yes"); code != 0 || !strings.HasPrefix(out, "taken back 2") {
		t.Errorf("down: code %d, %q, %q", code, out, err)
	}
	if code, out, err := gable(t, "migrate", "down", "--yes"); code != 0 || !strings.HasPrefix(out, "No migration is applied") {
		t.Errorf("down again: code %d, %q, %q", code, out, err)
	}
}

func TestADatabaseThatCannotBeReachedIsCode1AndShowsNoPassword(t *testing.T) {
	code, out, err := gable(t, "admin", "list", "--database-url", "postgres://gable:s3cret@127.0.0.1:1/gable?sslmode=disable")
	if code != 1 || out != "" || strings.Contains(err, "s3cret") || strings.Count(err, "\n") != 1 {
		t.Errorf("code %d, stdout %q, stderr %q", code, out, err)
	}
}
