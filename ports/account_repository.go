package ports

import (
	"context"
	"time"

	"github.com/gable-listings/gable/domain/access"
)

// AccountRepository stores the accounts of the people who sign in to the web pages. All methods are safe for
// concurrent use and report an outage as ErrUnavailable. Names are compared as they are: callers pass them in the
// form of access.AccountName.
type AccountRepository interface {
	// CreateAccount stores an account. The error is access.ErrAccountNameTaken when the name exists.
	CreateAccount(ctx context.Context, account access.Account) error

	// FindAccount returns the account of this name. The error is access.ErrUnknownAccount when it does not exist.
	FindAccount(ctx context.Context, name string) (access.Account, error)

	// AccountByID returns the account with this id. The error is access.ErrUnknownAccount when it does not exist.
	AccountByID(ctx context.Context, id string) (access.Account, error)

	// ListAccounts returns all accounts, oldest first, ties by name.
	ListAccounts(ctx context.Context) ([]access.Account, error)

	// SetPassword replaces the account's password hash and its time of change. A non-empty was is the hash that the
	// account must still have; so a password that was just reset cannot be replaced with knowledge of the old one.
	// Errors: access.ErrUnknownAccount; access.ErrWrongCredentials when the account has another hash by now.
	SetPassword(ctx context.Context, id, hash, was string, at time.Time) error

	// SetRole replaces the account's role. Errors: access.ErrUnknownAccount; access.ErrLastAdministrator when no
	// administrator would be left, however many such calls and DeleteAccounts run at once.
	SetRole(ctx context.Context, id string, role access.Role) error

	// SetSecondFactor replaces the account's second factor and the hashes of its recovery codes; an empty secret
	// removes it. The codes of the step and of earlier ones are used up. Errors: access.ErrUnknownAccount;
	// access.ErrHasSecondFactor when the secret is not empty and the account has one.
	SetSecondFactor(ctx context.Context, id, secret string, step int64, recoveryHashes []string) error

	// UseStep uses up the secret's codes of this step and of earlier ones. It reports whether the account has this
	// secret and the step was unused: of several calls for a step at most one returns true.
	UseStep(ctx context.Context, id, secret string, step int64) (unused bool, err error)

	// UseRecoveryCode removes the account's recovery code with this hash, and reports whether it existed. Of
	// several calls for a code at most one returns true.
	UseRecoveryCode(ctx context.Context, id, hash string) (unused bool, err error)

	// DeleteAccount removes the account, its sessions and recovery codes; its name is free again. Errors as in SetRole.
	DeleteAccount(ctx context.Context, id string) error
}
