package porttest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

func TestWrongAccountRepositoriesAreNoticed(t *testing.T) {
	for _, w := range wrongAccounts {
		testWrong(t, w, accountCases, func(r reporter, bend func(ports.AccountRepository) ports.AccountRepository) staff {
			return staff{r, bend(memory.NewAccountRepository())}
		})
	}
}

// misfiled is an account repository with some of its methods replaced.
type misfiled struct {
	ports.AccountRepository
	create   func(context.Context, access.Account) error
	find     func(context.Context, string) (access.Account, error)
	byID     func(context.Context, string) (access.Account, error)
	list     func(context.Context) ([]access.Account, error)
	password func(ctx context.Context, id, hash, was string, at time.Time) error
	role     func(context.Context, string, access.Role) error
	remove   func(context.Context, string) error
}

func (m misfiled) CreateAccount(ctx context.Context, account access.Account) error {
	if m.create != nil {
		return m.create(ctx, account)
	}
	return m.AccountRepository.CreateAccount(ctx, account)
}

func (m misfiled) FindAccount(ctx context.Context, name string) (access.Account, error) {
	if m.find != nil {
		return m.find(ctx, name)
	}
	return m.AccountRepository.FindAccount(ctx, name)
}

func (m misfiled) AccountByID(ctx context.Context, id string) (access.Account, error) {
	if m.byID != nil {
		return m.byID(ctx, id)
	}
	return m.AccountRepository.AccountByID(ctx, id)
}

func (m misfiled) ListAccounts(ctx context.Context) ([]access.Account, error) {
	if m.list != nil {
		return m.list(ctx)
	}
	return m.AccountRepository.ListAccounts(ctx)
}

func (m misfiled) SetPassword(ctx context.Context, id, hash, was string, at time.Time) error {
	if m.password != nil {
		return m.password(ctx, id, hash, was, at)
	}
	return m.AccountRepository.SetPassword(ctx, id, hash, was, at)
}

func (m misfiled) SetRole(ctx context.Context, id string, role access.Role) error {
	if m.role != nil {
		return m.role(ctx, id, role)
	}
	return m.AccountRepository.SetRole(ctx, id, role)
}

func (m misfiled) DeleteAccount(ctx context.Context, id string) error {
	if m.remove != nil {
		return m.remove(ctx, id)
	}
	return m.AccountRepository.DeleteAccount(ctx, id)
}

// silently returns the error, or nil if it is the hidden one.
func silently(err, hidden error) error {
	if errors.Is(err, hidden) {
		return nil
	}
	return err
}

// withAccounts changes the list of accounts.
func withAccounts(bend func([]access.Account)) func(ports.AccountRepository) ports.AccountRepository {
	return func(right ports.AccountRepository) ports.AccountRepository {
		return misfiled{AccountRepository: right, list: func(ctx context.Context) ([]access.Account, error) {
			accounts, err := right.ListAccounts(ctx)
			bend(accounts)
			return accounts, err
		}}
	}
}

// shadowed lets the last administrator go, since it has another one that is never listed.
func shadowed(right ports.AccountRepository) misfiled {
	shadow, _ := access.NewAccount("shadow", "shadow", access.RoleAdministrator, birth)
	_ = right.CreateAccount(context.Background(), shadow)
	return misfiled{AccountRepository: right, list: func(ctx context.Context) ([]access.Account, error) {
		accounts, err := right.ListAccounts(ctx)
		return slices.DeleteFunc(accounts, func(a access.Account) bool { return a.ID == shadow.ID }), err
	}}
}

// checkThenAct refuses to remove the last administrator, but checks before it acts, and others act in between.
func checkThenAct(right ports.AccountRepository) ports.AccountRepository {
	unsafe := shadowed(right)
	last := func(ctx context.Context, id string) bool {
		administrators, _ := unsafe.ListAccounts(ctx)
		administrators = slices.DeleteFunc(administrators,
			func(a access.Account) bool { return a.Role != access.RoleAdministrator })
		time.Sleep(time.Millisecond)
		return len(administrators) == 1 && administrators[0].ID == id
	}
	unsafe.role = func(ctx context.Context, id string, role access.Role) error {
		if role != access.RoleAdministrator && last(ctx, id) {
			return access.ErrLastAdministrator
		}
		return right.SetRole(ctx, id, role)
	}
	unsafe.remove = func(ctx context.Context, id string) error {
		if last(ctx, id) {
			return access.ErrLastAdministrator
		}
		return right.DeleteAccount(ctx, id)
	}
	return unsafe
}

var wrongAccounts = []wrong[ports.AccountRepository]{
	{"an account loses its role", func(right ports.AccountRepository) ports.AccountRepository {
		return misfiled{AccountRepository: right, create: func(ctx context.Context, a access.Account) error {
			a.Role = access.RoleEditor
			return right.CreateAccount(ctx, a)
		}}
	}, []string{"an_account_comes_back_as_stored"}, []string{"*"}},
	{"a hash is cut", func(right ports.AccountRepository) ports.AccountRepository {
		return misfiled{AccountRepository: right, create: func(ctx context.Context, a access.Account) error {
			a.PasswordHash = a.PasswordHash[:min(len(a.PasswordHash), 20)]
			return right.CreateAccount(ctx, a)
		}}
	}, []string{"an_account_comes_back_as_stored"}, nil},
	{"names are compared without case", func(right ports.AccountRepository) ports.AccountRepository {
		return misfiled{AccountRepository: right, find: func(ctx context.Context, name string) (access.Account, error) {
			return right.FindAccount(ctx, strings.ToLower(name))
		}}
	}, []string{"an_unknown_account_is_unknown"}, nil},
	{"a name is accepted as an id", func(right ports.AccountRepository) ports.AccountRepository {
		return misfiled{AccountRepository: right, byID: func(ctx context.Context, id string) (access.Account, error) {
			account, err := right.AccountByID(ctx, id)
			if errors.Is(err, access.ErrUnknownAccount) {
				return right.FindAccount(ctx, id)
			}
			return account, err
		}}
	}, []string{"an_unknown_account_is_unknown"}, nil},
	{"the newest account is listed first", withAccounts(slices.Reverse[[]access.Account]),
		[]string{"accounts_are_listed_oldest_first"}, nil},
	{"accounts that tie are not ordered", withAccounts(func(accounts []access.Account) {
		slices.SortStableFunc(accounts, func(a, b access.Account) int {
			if order := a.CreatedAt.Compare(b.CreatedAt); order != 0 {
				return order
			}
			return strings.Compare(b.Name, a.Name)
		})
	}), []string{"accounts_are_listed_oldest_first"}, nil},
	{"a list leaves the hash out", withAccounts(func(accounts []access.Account) {
		for i := range accounts {
			accounts[i].PasswordHash = ""
		}
	}), []string{"accounts_are_listed_oldest_first"}, nil},
	{"a second account of a name is silently dropped", func(right ports.AccountRepository) ports.AccountRepository {
		return misfiled{AccountRepository: right, create: func(ctx context.Context, a access.Account) error {
			return silently(right.CreateAccount(ctx, a), access.ErrAccountNameTaken)
		}}
	}, []string{"an_account_name_is_taken_once", "one_creation_wins_an_account_name"}, nil},
	{"a password changes without its time", func(right ports.AccountRepository) ports.AccountRepository {
		return misfiled{AccountRepository: right, password: func(ctx context.Context, id, hash, was string,
			_ time.Time) error {
			account, err := right.AccountByID(ctx, id)
			if err != nil {
				return err
			}
			return right.SetPassword(ctx, id, hash, was, account.PasswordChangedAt)
		}}
	}, []string{"a_password_is_replaced", "a_password_is_replaced_if_it_is_still_the_one"}, nil},
	{"the hash before is ignored", func(right ports.AccountRepository) ports.AccountRepository {
		return misfiled{AccountRepository: right, password: func(ctx context.Context, id, hash, _ string,
			at time.Time) error {
			return right.SetPassword(ctx, id, hash, "", at)
		}}
	}, []string{"a_password_is_replaced_if_it_is_still_the_one", "one_change_wins_a_password"}, nil},
	{"the hash before is always required", func(right ports.AccountRepository) ports.AccountRepository {
		return misfiled{AccountRepository: right, password: func(ctx context.Context, id, hash, was string,
			at time.Time) error {
			if was == "" {
				was = "none"
			}
			return right.SetPassword(ctx, id, hash, was, at)
		}}
	}, []string{"a_password_is_replaced"}, nil},
	{"the hash before is checked too early", func(right ports.AccountRepository) ports.AccountRepository {
		return misfiled{AccountRepository: right, password: func(ctx context.Context, id, hash, was string,
			at time.Time) error {
			account, err := right.AccountByID(ctx, id)
			time.Sleep(time.Millisecond)
			switch {
			case err != nil:
				return err
			case was != "" && was != account.PasswordHash:
				return access.ErrWrongCredentials
			}
			return right.SetPassword(ctx, id, hash, "", at)
		}}
	}, []string{"one_change_wins_a_password"}, nil},
	{"changing nothing succeeds", func(right ports.AccountRepository) ports.AccountRepository {
		return misfiled{AccountRepository: right,
			password: func(ctx context.Context, id, hash, was string, at time.Time) error {
				return silently(right.SetPassword(ctx, id, hash, was, at), access.ErrUnknownAccount)
			},
			remove: func(ctx context.Context, id string) error {
				return silently(right.DeleteAccount(ctx, id), access.ErrUnknownAccount)
			},
		}
	}, []string{"changing_an_unknown_account_is_an_error"}, nil},
	{"deleted accounts stay", func(right ports.AccountRepository) ports.AccountRepository {
		return misfiled{AccountRepository: right, remove: func(context.Context, string) error { return nil }}
	}, []string{"a_deleted_account_is_unknown"}, []string{"*"}},
	{"a new role also resets the password", func(right ports.AccountRepository) ports.AccountRepository {
		return misfiled{AccountRepository: right, role: func(ctx context.Context, id string, role access.Role) error {
			return errors.Join(right.SetRole(ctx, id, role), right.SetPassword(ctx, id, "", "", birth))
		}}
	}, []string{"a_role_is_replaced"}, []string{"*"}},
	{"the last administrator may go",
		func(right ports.AccountRepository) ports.AccountRepository { return shadowed(right) },
		[]string{"the_last_administrator_stays", "an_administrator_among_others_may_go",
			"administrators_never_all_go_at_once"}, nil},
	{"the last administrator may become an editor", func(right ports.AccountRepository) ports.AccountRepository {
		return misfiled{AccountRepository: right, role: func(ctx context.Context, id string, role access.Role) error {
			return silently(right.SetRole(ctx, id, role), access.ErrLastAdministrator)
		}}
	}, []string{"the_last_administrator_stays"}, []string{"administrators_never_all_go_at_once"}},
	{"no role of an administrator changes", func(right ports.AccountRepository) ports.AccountRepository {
		return misfiled{AccountRepository: right, role: func(ctx context.Context, id string, role access.Role) error {
			if account, err := right.AccountByID(ctx, id); err == nil && account.Role == access.RoleAdministrator {
				return access.ErrLastAdministrator
			}
			return right.SetRole(ctx, id, role)
		}}
	}, []string{"an_administrator_may_stay_one", "an_administrator_among_others_may_go"}, []string{"*"}},
	{"administrators are counted before the act", checkThenAct,
		[]string{"administrators_never_all_go_at_once"}, nil},
	{"contexts are ignored", func(right ports.AccountRepository) ports.AccountRepository {
		return misfiled{AccountRepository: right, find: func(ctx context.Context, name string) (access.Account, error) {
			return right.FindAccount(context.WithoutCancel(ctx), name)
		}}
	}, []string{"a_cancelled_context_ends_every_call_about_accounts"}, nil},
}
