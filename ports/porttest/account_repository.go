package porttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

// AccountRepository checks that a repository keeps every promise of ports.AccountRepository, except for those about
// sessions, which SessionRepository checks. newRepo returns an empty repository at each call.
func AccountRepository(t *testing.T, newRepo func(t *testing.T) ports.AccountRepository) {
	runCases(t, accountCases, func(t *testing.T) staff { return staff{t, newRepo(t)} })
}

// staff is an account repository under test with the steps that cases are made of.
type staff struct {
	t    reporter
	repo ports.AccountRepository
}

// account returns an account that is not stored yet, with this name and role, created so many minutes after birth.
func (s staff) account(name string, role access.Role, minutes int) access.Account {
	s.t.Helper()
	id := numbered(minutes + 1000*len(name) + 100*int(name[0]))
	account, err := access.NewAccount(id.String(), name, role, birth.Add(time.Duration(minutes)*time.Minute))
	if err != nil {
		s.t.Fatalf("the case makes an invalid account: %v", err)
	}
	account.PasswordHash = "$hash$of=" + name
	return account
}

// hire stores an account and returns it.
func (s staff) hire(name string, role access.Role, minutes int) access.Account {
	s.t.Helper()
	account := s.account(name, role, minutes)
	s.wantDone("create account "+name, s.repo.CreateAccount(s.t.Context(), account))
	return account
}

func (s staff) wantDone(what string, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
}

func (s staff) wantError(what string, got, want error) {
	s.t.Helper()
	if !errors.Is(got, want) {
		s.t.Fatalf("%s: the error is %v, not %q", what, got, want)
	}
}

// wantStored checks that the account is found by its name and by its id, in every field.
func (s staff) wantStored(want access.Account) {
	s.t.Helper()
	byName, err := s.repo.FindAccount(s.t.Context(), want.Name)
	s.wantDone("find account "+want.Name, err)
	s.wantSame(byName, want)
	byID, err := s.repo.AccountByID(s.t.Context(), want.ID)
	s.wantDone("find account "+want.ID, err)
	s.wantSame(byID, want)
}

func (s staff) wantSame(got, want access.Account) {
	s.t.Helper()
	times := got.CreatedAt.Equal(want.CreatedAt) && got.PasswordChangedAt.Equal(want.PasswordChangedAt) &&
		got.CreatedAt.Location() == time.UTC && got.PasswordChangedAt.Location() == time.UTC
	got.CreatedAt, got.PasswordChangedAt = want.CreatedAt, want.PasswordChangedAt
	if !times || got != want {
		s.t.Fatalf("the account is\n%+v\nnot\n%+v", got, want)
	}
}

func (s staff) wantUnknown(account access.Account) {
	s.t.Helper()
	_, err := s.repo.FindAccount(s.t.Context(), account.Name)
	s.wantError("find an account by an unknown name", err, access.ErrUnknownAccount)
	_, err = s.repo.AccountByID(s.t.Context(), account.ID)
	s.wantError("find an account by an unknown id", err, access.ErrUnknownAccount)
}

func (s staff) list() []access.Account {
	s.t.Helper()
	accounts, err := s.repo.ListAccounts(s.t.Context())
	s.wantDone("list accounts", err)
	return accounts
}

func (s staff) wantListed(names ...string) {
	s.t.Helper()
	var listed []string
	for _, account := range s.list() {
		listed = append(listed, account.Name)
	}
	if !slices.Equal(listed, names) {
		s.t.Fatalf("the accounts are listed as %q, not %q", listed, names)
	}
}

// administrators returns how many of the accounts are administrators.
func (s staff) administrators() int {
	s.t.Helper()
	count := 0
	for _, account := range s.list() {
		if account.Role == access.RoleAdministrator {
			count++
		}
	}
	return count
}

var accountCases = concat(accountReads, accountWrites, administratorCases, factorCases)

var accountReads = []suiteCase[staff]{
	{"an_account_comes_back_as_stored", "FindAccount and AccountByID return the account in every field.", func(s staff) {
		first, second := s.hire("anna", access.RoleAdministrator, 1), s.hire("bob+x@example.org", access.RoleEditor, 2)
		third := s.account("a.b_c-d", access.RoleEditor, 3)
		third.PasswordHash, third.PasswordChangedAt = `$argon2id$v=19$m=1,t=2,p=1$"a+b/c"$ü%?`, birth.Add(time.Hour)
		s.wantDone("create account", s.repo.CreateAccount(s.t.Context(), third))
		s.wantStored(first)
		s.wantStored(second)
		s.wantStored(third)
	}},
	{"an_unknown_account_is_unknown",
		"FindAccount and AccountByID of an unknown name or id are ErrUnknownAccount, whatever it looks like.", func(s staff) {
			stored := s.hire("anna", access.RoleEditor, 1)
			s.wantUnknown(s.account("bob", access.RoleEditor, 1))
			for _, other := range []string{"", "ann", "anna2", "%", "ANNA", "anna ", "'"} {
				s.wantUnknown(access.Account{Name: other, ID: other})
			}
			s.wantUnknown(access.Account{Name: stored.ID, ID: stored.Name})
		}},
	{"accounts_are_listed_oldest_first", "ListAccounts returns all accounts in every field, oldest first, ties by name.",
		func(s staff) {
			s.wantListed()
			d := s.hire("d", access.RoleEditor, 1)
			s.hire("c", access.RoleAdministrator, 3)
			s.hire("b", access.RoleEditor, 2)
			a := s.hire("a", access.RoleAdministrator, 2)
			s.wantListed("d", "a", "b", "c")
			s.wantSame(s.list()[0], d)
			s.wantSame(s.list()[1], a)
		}},
}

var accountWrites = []suiteCase[staff]{
	{"an_account_name_is_taken_once",
		"CreateAccount with a name in use is ErrAccountNameTaken, and stores nothing.", func(s staff) {
			first := s.hire("anna", access.RoleEditor, 1)
			second := s.account("anna", access.RoleAdministrator, 2)
			s.wantError("create a second account of the name", s.repo.CreateAccount(s.t.Context(), second),
				access.ErrAccountNameTaken)
			s.wantStored(first)
			s.wantListed("anna")
		}},
	{"one_creation_wins_an_account_name",
		"Of concurrent creations of one name exactly one stores; the others are ErrAccountNameTaken.", func(s staff) {
			winners := 0
			for i, err := range together(8, func(i int) error {
				return s.repo.CreateAccount(s.t.Context(), s.account("anna", access.RoleEditor, i))
			}) {
				if err == nil {
					winners++
					continue
				}
				s.wantError(fmt.Sprintf("creation %d", i), err, access.ErrAccountNameTaken)
			}
			if winners != 1 || len(s.list()) != 1 {
				s.t.Fatalf("%d creations of one name won, and %d accounts are stored", winners, len(s.list()))
			}
		}},
	{"a_password_is_replaced",
		"SetPassword replaces the hash and its time, and changes nothing else, nor other accounts.", func(s staff) {
			account, other := s.hire("anna", access.RoleEditor, 1), s.hire("bob", access.RoleEditor, 1)
			account.PasswordHash, account.PasswordChangedAt = "$another", birth.Add(time.Hour)
			s.wantDone("set the password", s.repo.SetPassword(s.t.Context(), account.ID, account.PasswordHash, "",
				account.PasswordChangedAt))
			s.wantStored(account)
			s.wantStored(other)
		}},
	{"a_password_is_replaced_if_it_is_still_the_one",
		"SetPassword with the current hash replaces it; with another one it is ErrWrongCredentials, and changes nothing.",
		func(s staff) {
			account := s.hire("anna", access.RoleEditor, 1)
			was := account.PasswordHash
			account.PasswordHash, account.PasswordChangedAt = "$another", birth.Add(time.Hour)
			s.wantDone("set the password", s.repo.SetPassword(s.t.Context(), account.ID, "$another", was,
				account.PasswordChangedAt))
			s.wantStored(account)
			err := s.repo.SetPassword(s.t.Context(), account.ID, "$third", was, birth.Add(2*time.Hour))
			s.wantError("replace a hash that is gone", err, access.ErrWrongCredentials)
			s.wantStored(account)
		}},
	{"one_change_wins_a_password",
		"Of concurrent SetPasswords that replace the same hash exactly one does; the others are ErrWrongCredentials.",
		func(s staff) {
			account := s.hire("anna", access.RoleEditor, 1)
			winners := 0
			for i, err := range together(6, func(i int) error {
				return s.repo.SetPassword(s.t.Context(), account.ID, fmt.Sprint("$", i), account.PasswordHash, birth)
			}) {
				if err == nil {
					winners++
					continue
				}
				s.wantError(fmt.Sprintf("change %d", i), err, access.ErrWrongCredentials)
			}
			if winners != 1 {
				s.t.Fatalf("%d changes of one password won", winners)
			}
		}},
	{"changing_an_unknown_account_is_an_error",
		"SetPassword, SetRole and DeleteAccount of an unknown id are ErrUnknownAccount, and change nothing.", func(s staff) {
			stored := s.hire("anna", access.RoleAdministrator, 1)
			for _, id := range []string{s.account("bob", access.RoleEditor, 1).ID, stored.Name, ""} {
				s.wantError("SetPassword", s.repo.SetPassword(s.t.Context(), id, "$", "", birth), access.ErrUnknownAccount)
				s.wantError("SetPassword from a hash", s.repo.SetPassword(s.t.Context(), id, "$", "$", birth),
					access.ErrUnknownAccount)
				s.wantError("SetRole", s.repo.SetRole(s.t.Context(), id, access.RoleEditor), access.ErrUnknownAccount)
				s.wantError("DeleteAccount", s.repo.DeleteAccount(s.t.Context(), id), access.ErrUnknownAccount)
			}
			s.wantStored(stored)
			s.wantListed("anna")
		}},
	{"a_deleted_account_is_unknown",
		"DeleteAccount removes the account; its name is free again, and other accounts stay.", func(s staff) {
			account, other := s.hire("anna", access.RoleEditor, 1), s.hire("bob", access.RoleEditor, 2)
			s.wantDone("delete account", s.repo.DeleteAccount(s.t.Context(), account.ID))
			s.wantUnknown(account)
			s.wantStored(other)
			s.wantListed("bob")
			s.wantStored(s.hire("anna", access.RoleEditor, 3))
		}},
	{"a_cancelled_context_ends_every_call_about_accounts",
		"Every method returns with an error that wraps context.Canceled when its context is cancelled.", func(s staff) {
			stored := s.hire("anna", access.RoleEditor, 1)
			ctx, cancel := context.WithCancel(s.t.Context())
			cancel()
			_, err := s.repo.FindAccount(ctx, stored.Name)
			s.wantError("FindAccount", err, context.Canceled)
			_, err = s.repo.AccountByID(ctx, stored.ID)
			s.wantError("AccountByID", err, context.Canceled)
			_, err = s.repo.ListAccounts(ctx)
			s.wantError("ListAccounts", err, context.Canceled)
			s.wantError("CreateAccount", s.repo.CreateAccount(ctx, s.account("bob", access.RoleEditor, 1)), context.Canceled)
			s.wantError("SetPassword", s.repo.SetPassword(ctx, stored.ID, "$", "", birth), context.Canceled)
			s.wantError("SetRole", s.repo.SetRole(ctx, stored.ID, access.RoleAdministrator), context.Canceled)
			s.wantError("SetSecondFactor", s.repo.SetSecondFactor(ctx, stored.ID, oneSecret, 1, nil), context.Canceled)
			_, err = s.repo.UseStep(ctx, stored.ID, "", 1)
			s.wantError("UseStep", err, context.Canceled)
			_, err = s.repo.UseRecoveryCode(ctx, stored.ID, access.HashRecoveryCode("a"))
			s.wantError("UseRecoveryCode", err, context.Canceled)
			s.wantError("DeleteAccount", s.repo.DeleteAccount(ctx, stored.ID), context.Canceled)
			s.wantStored(stored)
			s.wantListed("anna")
		}},
}

var administratorCases = []suiteCase[staff]{
	{"a_role_is_replaced", "SetRole replaces the role, and changes nothing else, nor other accounts.", func(s staff) {
		account, other := s.hire("anna", access.RoleEditor, 1), s.hire("bob", access.RoleEditor, 1)
		for _, role := range []access.Role{access.RoleAdministrator, access.RoleAdministrator} {
			s.wantDone("set the role", s.repo.SetRole(s.t.Context(), account.ID, role))
			account.Role = role
			s.wantStored(account)
			s.wantStored(other)
		}
	}},
	{"the_last_administrator_stays",
		"DeleteAccount and SetRole of the last administrator are ErrLastAdministrator, and change nothing; editors do not " +
			"count.", func(s staff) {
			last := s.hire("anna", access.RoleAdministrator, 1)
			editor := s.hire("bob", access.RoleEditor, 2)
			s.wantError("DeleteAccount", s.repo.DeleteAccount(s.t.Context(), last.ID), access.ErrLastAdministrator)
			s.wantError("SetRole", s.repo.SetRole(s.t.Context(), last.ID, access.RoleEditor), access.ErrLastAdministrator)
			s.wantStored(last)
			s.wantStored(editor)
		}},
	{"an_administrator_may_stay_one", "SetRole of the last administrator to the role it has succeeds.", func(s staff) {
		last := s.hire("anna", access.RoleAdministrator, 1)
		s.wantDone("SetRole", s.repo.SetRole(s.t.Context(), last.ID, access.RoleAdministrator))
		s.wantStored(last)
	}},
	{"an_administrator_among_others_may_go",
		"While there is another administrator, one may be deleted or made an editor.", func(s staff) {
			first, second := s.hire("anna", access.RoleAdministrator, 1), s.hire("bob", access.RoleAdministrator, 2)
			third := s.hire("cleo", access.RoleAdministrator, 3)
			s.wantDone("DeleteAccount", s.repo.DeleteAccount(s.t.Context(), first.ID))
			s.wantDone("SetRole", s.repo.SetRole(s.t.Context(), second.ID, access.RoleEditor))
			second.Role = access.RoleEditor
			s.wantStored(second)
			s.wantError("DeleteAccount of the last", s.repo.DeleteAccount(s.t.Context(), third.ID), access.ErrLastAdministrator)
			s.wantDone("DeleteAccount of an editor", s.repo.DeleteAccount(s.t.Context(), second.ID))
			s.wantListed("cleo")
		}},
	{"administrators_never_all_go_at_once",
		"However many DeleteAccounts and SetRoles run at once, one administrator is left.", func(s staff) {
			const many = 6
			var all []access.Account
			for i := range many {
				all = append(all, s.hire(string(rune('a'+i)), access.RoleAdministrator, i))
			}
			refusals := 0
			for i, err := range together(many, func(i int) error {
				if i%2 == 0 {
					return s.repo.DeleteAccount(s.t.Context(), all[i].ID)
				}
				return s.repo.SetRole(s.t.Context(), all[i].ID, access.RoleEditor)
			}) {
				if err != nil {
					s.wantError(fmt.Sprintf("step %d", i), err, access.ErrLastAdministrator)
					refusals++
				}
			}
			if left := s.administrators(); left != 1 || refusals != 1 {
				s.t.Fatalf("%d administrators are left after %d refusals", left, refusals)
			}
		}},
}
