package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

// AccountRepository stores accounts in a map, with their sessions, known browsers and recovery codes. Those end with
// their account.
type AccountRepository struct {
	mu       sync.RWMutex // guards all
	accounts map[string]access.Account
	sessions map[string]session
	browsers map[browser]time.Time // the time at which each expires
	recovery map[string][]string   // the hashes of the codes by account
}

var _ ports.AccountRepository = (*AccountRepository)(nil)

// NewAccountRepository makes an empty repository.
func NewAccountRepository() *AccountRepository {
	return &AccountRepository{
		accounts: make(map[string]access.Account), sessions: make(map[string]session), browsers: make(map[browser]time.Time),
		recovery: make(map[string][]string),
	}
}

// CreateAccount implements ports.AccountRepository.
func (r *AccountRepository) CreateAccount(ctx context.Context, account access.Account) error {
	return r.change(ctx, "create account "+account.Name, func() error {
		if _, taken := r.named(account.Name); taken {
			return access.ErrAccountNameTaken
		}
		account.CreatedAt, account.PasswordChangedAt = stamp(account.CreatedAt), stamp(account.PasswordChangedAt)
		r.accounts[account.ID] = account
		return nil
	})
}

// FindAccount implements ports.AccountRepository.
func (r *AccountRepository) FindAccount(ctx context.Context, name string) (access.Account, error) {
	return r.find(ctx, "find account "+name, func() (access.Account, bool) { return r.named(name) })
}

// AccountByID implements ports.AccountRepository.
func (r *AccountRepository) AccountByID(ctx context.Context, id string) (access.Account, error) {
	return r.find(ctx, "find account "+id, func() (access.Account, bool) {
		account, ok := r.accounts[id]
		return account, ok
	})
}

// ListAccounts implements ports.AccountRepository.
func (r *AccountRepository) ListAccounts(ctx context.Context) ([]access.Account, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.SortedFunc(maps.Values(r.accounts), func(a, b access.Account) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.Name, b.Name))
	}), nil
}

// SetPassword implements ports.AccountRepository.
func (r *AccountRepository) SetPassword(ctx context.Context, id, hash, was string, at time.Time) error {
	return r.change(ctx, "set the password of account "+id, func() error {
		account, ok := r.accounts[id]
		switch {
		case !ok:
			return access.ErrUnknownAccount
		case was != "" && was != account.PasswordHash:
			return access.ErrWrongCredentials
		}
		account.PasswordHash, account.PasswordChangedAt = hash, stamp(at)
		r.accounts[id] = account
		return nil
	})
}

// SetRole implements ports.AccountRepository.
func (r *AccountRepository) SetRole(ctx context.Context, id string, role access.Role) error {
	return r.change(ctx, "set the role of account "+id, func() error {
		account, ok := r.accounts[id]
		switch {
		case !ok:
			return access.ErrUnknownAccount
		case role != access.RoleAdministrator && r.lastAdministrator(account):
			return access.ErrLastAdministrator
		}
		account.Role = role
		r.accounts[id] = account
		return nil
	})
}

// SetSecondFactor implements ports.AccountRepository.
func (r *AccountRepository) SetSecondFactor(
	ctx context.Context, id, secret string, step int64, recoveryHashes []string,
) error {
	return r.change(ctx, "set the second factor of account "+id, func() error {
		account, ok := r.accounts[id]
		switch {
		case !ok:
			return access.ErrUnknownAccount
		case secret != "" && account.FactorSecret != "":
			return access.ErrHasSecondFactor
		}
		account.FactorSecret, account.FactorStep = secret, step
		r.accounts[id], r.recovery[id] = account, slices.Clone(recoveryHashes)
		return nil
	})
}

// UseStep implements ports.AccountRepository.
func (r *AccountRepository) UseStep(ctx context.Context, id, secret string, step int64) (unused bool, err error) {
	err = r.change(ctx, "use a code of account "+id, func() error {
		account, ok := r.accounts[id]
		if unused = ok && account.FactorSecret == secret && account.FactorStep < step; unused {
			account.FactorStep = step
			r.accounts[id] = account
		}
		return nil
	})
	return unused, err
}

// UseRecoveryCode implements ports.AccountRepository.
func (r *AccountRepository) UseRecoveryCode(ctx context.Context, id, hash string) (unused bool, err error) {
	err = r.change(ctx, "use a recovery code of account "+id, func() error {
		i := slices.Index(r.recovery[id], hash)
		if unused = i >= 0; unused {
			r.recovery[id] = slices.Delete(r.recovery[id], i, i+1)
		}
		return nil
	})
	return unused, err
}

// DeleteAccount implements ports.AccountRepository.
func (r *AccountRepository) DeleteAccount(ctx context.Context, id string) error {
	return r.change(ctx, "delete account "+id, func() error {
		account, ok := r.accounts[id]
		switch {
		case !ok:
			return access.ErrUnknownAccount
		case r.lastAdministrator(account):
			return access.ErrLastAdministrator
		}
		delete(r.accounts, id)
		delete(r.recovery, id)
		maps.DeleteFunc(r.sessions, func(_ string, s session) bool { return s.accountID == id })
		maps.DeleteFunc(r.browsers, func(b browser, _ time.Time) bool { return b.accountID == id })
		return nil
	})
}

// change runs a writing step under the lock.
func (r *AccountRepository) change(ctx context.Context, doing string, step func() error) error {
	err := ctx.Err()
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		err = step()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

func (r *AccountRepository) find(
	ctx context.Context, doing string, step func() (access.Account, bool),
) (access.Account, error) {
	if err := ctx.Err(); err != nil {
		return access.Account{}, fmt.Errorf("%s: %w", doing, err)
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	account, ok := step()
	if !ok {
		return access.Account{}, fmt.Errorf("%s: %w", doing, access.ErrUnknownAccount)
	}
	return account, nil
}

func (r *AccountRepository) named(name string) (access.Account, bool) {
	for _, account := range r.accounts {
		if account.Name == name {
			return account, true
		}
	}
	return access.Account{}, false
}

// lastAdministrator reports whether the account is the only administrator.
func (r *AccountRepository) lastAdministrator(account access.Account) bool {
	if account.Role != access.RoleAdministrator {
		return false
	}
	for _, other := range r.accounts {
		if other.Role == access.RoleAdministrator && other.ID != account.ID {
			return false
		}
	}
	return true
}

// stamp returns a time as stores hold it: in UTC, to the microsecond.
func stamp(at time.Time) time.Time { return at.UTC().Truncate(time.Microsecond) }
