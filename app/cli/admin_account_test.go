package cli

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/domain/access"
)

const testPassword = "correct horse battery staple"

// typing runs one command line with this on standard input, which is no terminal.
func typing(t *testing.T, input string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = Run(t.Context(), &Process{In: strings.NewReader(input), Out: &out, Err: &err}, args)
	return code, out.String(), err.String()
}

// wantSignIn says whether a password is an account's, for the database of the commands.
func wantSignIn(t *testing.T, name, password string, want error) access.Account {
	t.Helper()
	flags := config.NewFlags("database")
	s, err := openConfigured(t.Context(), &Process{}, &flags)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	account, err := s.Accounts.SignIn(t.Context(), name, password, access.Visitor{Address: "192.0.2.1"})
	if !errors.Is(err, want) || (err == nil) != (want == nil) {
		t.Fatalf("signing in as %s: %v", name, err)
	}
	return account
}

func TestCreateUserTakesThePasswordFromStandardInput(t *testing.T) {
	for what, end := range map[string]string{"a line": "\nnot this", "a line of Windows": "\r\n", "no end of line": ""} {
		t.Run(what, func(t *testing.T) {
			inNewDatabase(t)
			code, out, err := typing(t, testPassword+end, "admin", "create-user", "Anna@Example.org", "--password-stdin")
			created, err, _ := strings.Cut(err, "\n")
			if !strings.HasPrefix(created, "gable: created the database sqlite:") {
				t.Errorf("the command does not name the new database: %q", created)
			}
			if code != 0 || out != "" || err != "Created account \"anna@example.org\" with role administrator.\n" {
				t.Fatalf("code %d, stdout %q, stderr %q", code, out, err)
			}
			if account := wantSignIn(t, "anna@example.org", testPassword, nil); account.Role != access.RoleAdministrator {
				t.Errorf("the account is %+v", account)
			}
		})
	}
}

func TestAGeneratedPasswordIsPrintedAloneOnStandardOutput(t *testing.T) {
	inNewDatabase(t)
	code, first, err := gable(t, "admin", "create-user", "bob", "--role", "editor", "--generate")
	if code != 0 || !regexp.MustCompile(`^[A-Z2-7]{26}\n$`).MatchString(first) {
		t.Fatalf("code %d, stdout %q, stderr %q", code, first, err)
	}
	if !strings.Contains(err, `"bob" with role editor`) || strings.Contains(err, strings.TrimSpace(first)) ||
		strings.Count(err, "\n") != 2 { // with the line about the new database
		t.Errorf("stderr %q", err)
	}
	wantSignIn(t, "bob", strings.TrimSpace(first), nil)

	code, second, err := gable(t, "admin", "reset-password", "bob", "--generate")
	if code != 0 || second == first || !strings.Contains(err, "new password") {
		t.Fatalf("reset: code %d, stdout %q, stderr %q", code, second, err)
	}
	wantSignIn(t, "bob", strings.TrimSpace(first), access.ErrWrongCredentials)
	wantSignIn(t, "bob", strings.TrimSpace(second), nil)
}

func TestAccountsAreListedBehindTheKeys(t *testing.T) {
	inNewDatabase(t)
	gable(t, "admin", "create-key", "importer")
	_, keysAlone, _ := gable(t, "admin", "list")
	typing(t, testPassword, "admin", "create-user", "anna", "--password-stdin")
	typing(t, testPassword, "admin", "create-user", "bob", "--password-stdin", "--role", "editor")
	_, list, _ := gable(t, "admin", "list")
	tables := strings.Split(list, "\n\n")
	if len(tables) != 2 || tables[0]+"\n" != keysAlone {
		t.Fatalf("the keys alone:\n%s\nwith accounts:\n%s", keysAlone, list)
	}
	lines := strings.Split(strings.TrimSpace(tables[1]), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "ACCOUNT") || !strings.HasPrefix(lines[1], "anna ") ||
		!strings.HasPrefix(lines[2], "bob ") ||
		!strings.Contains(lines[2], "editor") || strings.Contains(list, "argon2id") {
		t.Errorf("the accounts:\n%s", tables[1])
	}
}

func TestWhatIsWrongWithAnAccountIsSaidInOneLine(t *testing.T) {
	inNewDatabase(t)
	typing(t, testPassword, "admin", "create-user", "anna", "--password-stdin")
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"name taken":      {[]string{"create-user", "ANNA", "--generate"}, 1, "an account of that name exists"},
		"impossible name": {[]string{"create-user", "an na", "--generate"}, 1, "the name may have"},
		"unknown role":    {[]string{"create-user", "bob", "--generate", "--role", "root"}, 2, "--role must be one of"},
		"short password": {[]string{"create-user", "bob", "--password-stdin"}, 1,
			"the password must have 12 to 256 characters"},
		"unknown name": {[]string{"reset-password", "nobody", "--generate"}, 1, "no such account"},
		"nobody to ask": {[]string{"create-user", "bob"}, 2,
			"use --password-stdin or --generate; see gable admin create-user --help"},
		"nobody to ask, too": {[]string{"reset-password", "anna"}, 2,
			"use --password-stdin or --generate; see gable admin reset-password --help"},
		"two sources":    {[]string{"create-user", "bob", "--password-stdin", "--generate"}, 2, "can't be used together"},
		"no name at all": {[]string{"create-user", "--generate"}, 2, `expected "<name>"`},
	} {
		code, out, err := typing(t, "short", append([]string{"admin"}, c.args...)...)
		if code != c.code || out != "" || !strings.Contains(err, c.want) || strings.Count(err, "\n") != 1 {
			t.Errorf("%s: code %d, stdout %q, stderr %q", name, code, out, err)
		}
	}
	wantSignIn(t, "anna", testPassword, nil)
}

func TestAPasswordThatNobodySeesIsAskedForTwice(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		first, second string
		err           error
		want          string
	}{
		"the same":      {"a", "a", nil, ""},
		"not the same":  {"a", "b", nil, "the two passwords differ"},
		"cannot answer": {"a", "a", broken, "broken"},
	} {
		var questions []string
		got, err := askTwice(func(question string) (string, error) {
			if questions = append(questions, question); len(questions) == 1 {
				return c.first, nil
			}
			return c.second, c.err
		})
		if len(questions) != 2 || (err == nil) != (c.want == "") || err != nil && (err.Error() != c.want || got != "") ||
			err == nil && got != c.first {
			t.Errorf("%s: %q, %v after %q", name, got, err, questions)
		}
	}
}
