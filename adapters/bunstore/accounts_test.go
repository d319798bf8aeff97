package bunstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/domain/access"
)

// One process has changed Anna and not yet committed:
//
//  1. it makes her an editor, or sets another password;
//  2. another process checks whether Bob is the last administrator, or whether her password is still the one;
//  3. the first commits;
//  4. the second acts on what it saw.
//
// So the second has to wait with its check until the first is done.
func TestAChangeOfAnAccountWaitsForOthersBeforeItsCheck(t *testing.T) {
	for what, c := range map[string]struct {
		statement string
		act       func(t *testing.T, accounts *bunstore.AccountRepository) error
		want      error
	}{
		"delete the last administrator": {"UPDATE accounts SET role = 'editor' WHERE id = 'anna'",
			func(t *testing.T, accounts *bunstore.AccountRepository) error {
				return accounts.DeleteAccount(t.Context(), "bob")
			}, access.ErrLastAdministrator},
		"make the last administrator an editor": {"UPDATE accounts SET role = 'editor' WHERE id = 'anna'",
			func(t *testing.T, accounts *bunstore.AccountRepository) error {
				return accounts.SetRole(t.Context(), "bob", access.RoleEditor)
			}, access.ErrLastAdministrator},
		"change a password that has been reset": {"UPDATE accounts SET password_hash = '$reset' WHERE id = 'anna'",
			func(t *testing.T, accounts *bunstore.AccountRepository) error {
				return accounts.SetPassword(t.Context(), "anna", "$new", "$old", birth)
			}, access.ErrWrongCredentials},
	} {
		t.Run(what, func(t *testing.T) {
			for _, kind := range databases[:2] {
				t.Run(kind.name, func(t *testing.T) {
					first := open(t, kind.url(t))
					second := open(t, first.URL()).Accounts()
					for _, name := range []string{"anna", "bob"} {
						account := access.Account{ID: name, Name: name, Role: access.RoleAdministrator, PasswordHash: "$old"}
						if err := second.CreateAccount(t.Context(), account); err != nil {
							t.Fatal(err)
						}
					}
					tx, err := first.Writer().BeginTx(t.Context(), nil)
					if err != nil {
						t.Fatal(err)
					}
					defer func() { _ = tx.Rollback() }()
					if _, err := tx.Exec(c.statement); err != nil {
						t.Fatal(err)
					}
					acted := make(chan error, 1)
					go func() { acted <- c.act(t, second) }()
					select {
					case err := <-acted:
						t.Fatalf("the second did not wait: %v", err)
					case <-time.After(200 * time.Millisecond): // long enough for one that does not
					}
					if err := tx.Commit(); err != nil {
						t.Fatal(err)
					}
					if err := <-acted; !errors.Is(err, c.want) {
						t.Errorf("the second: %v", err)
					}
				})
			}
		})
	}
}
