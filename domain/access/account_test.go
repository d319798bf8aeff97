package access_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gable-listings/gable/domain/access"
)

func TestRoles(t *testing.T) {
	for _, c := range []struct {
		held, needed access.Role
		allowed      bool
	}{
		{access.RoleAdministrator, access.RoleAdministrator, true},
		{access.RoleAdministrator, access.RoleEditor, true},
		{access.RoleEditor, access.RoleEditor, true},
		{access.RoleEditor, access.RoleAdministrator, false},
		{"", access.RoleEditor, false},
		{"", "", false},
		{"owner", "owner", false},
		{access.RoleAdministrator, "", false},
		{access.RoleAdministrator, "owner", false},
	} {
		if got := c.held.Allows(c.needed); got != c.allowed {
			t.Errorf("role %q allows %q: %t", c.held, c.needed, got)
		}
	}
	for _, role := range access.Roles() {
		if !role.Known() || access.CheckRole(role) != nil {
			t.Errorf("role %q is not known", role)
		}
	}
	for _, role := range []access.Role{"", "Editor", "root"} {
		if _, err := access.NewAccount("id", "anna", role, now); role.Known() || fieldOf(err) != "role" {
			t.Errorf("role %q: error %v", role, err)
		}
	}
}

// fieldOf is the field of an *InvalidAccountError, or "".
func fieldOf(err error) string {
	var wrong *access.InvalidAccountError
	if !errors.Is(err, access.ErrInvalidAccount) || !errors.As(err, &wrong) || wrong.Reason == "" {
		return ""
	}
	return wrong.Field
}

func TestANewAccountIsMadeNowUnderItsPlainName(t *testing.T) {
	account, err := access.NewAccount("id", "  Anna.B+x@Example.ORG\t", access.RoleEditor, now)
	if err != nil {
		t.Fatal(err)
	}
	made := time.Date(2024, 2, 29, 11, 0, 0, 123_456_000, time.UTC)
	want := access.Account{
		ID: "id", Name: "anna.b+x@example.org", Role: access.RoleEditor, CreatedAt: made, PasswordChangedAt: made,
	}
	if account != want {
		t.Errorf("the account is %+v, want %+v", account, want)
	}
}

func TestNamesOfAccounts(t *testing.T) {
	for name, fine := range map[string]bool{
		"a": true, "A": true, "0": true, "._-@+": true,
		strings.Repeat("x", 64): true, " " + strings.Repeat("x", 64) + "\n": true,
		"": false, " \t ": false, strings.Repeat("x", 65): false, "a b": false, "a\x00": false, "a\nb": false,
		"müller": false, "аnna": false, "a/b": false, "<b>": false, "\xff": false, "İ": false,
		"\u212a": false, "a\u200b": false,
	} {
		account, err := access.NewAccount("id", name, access.RoleEditor, now)
		if fine != (err == nil) || !fine && (fieldOf(err) != "name" || account != access.Account{}) {
			t.Errorf("name %q: account %+v, error %v", name, account, err)
		}
	}
}

func TestANameIsStoredInOneForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stored, err := access.AccountName(rapid.String().Draw(t, "name"))
		if err != nil {
			return
		}
		if again, err := access.AccountName(strings.ToUpper(stored) + " "); again != stored || err != nil {
			t.Fatalf("%q in capitals is %q, %v", stored, again, err)
		}
	})
}

func TestWhatIsWrongWithAnAccountIsAPlainSentence(t *testing.T) {
	for want, err := range map[string]error{
		"invalid account: the password must have 12 to 256 characters": access.CheckPassword("short", "anna"),
		"invalid account: the role must be administrator or editor":    access.CheckRole("root"),
		"too many attempts; try again in 3s":                           &access.ThrottledError{RetryAfter: 2*time.Second + 1},
		"too many attempts; try again in 15m0s":                        &access.ThrottledError{RetryAfter: 15 * time.Minute},
	} {
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
