package accounts

import (
	"context"
	"errors"
	"time"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

// Ports are the repositories and services behind the use cases. All are required.
type Ports struct {
	Accounts ports.AccountRepository
	Sessions ports.SessionRepository
	Browsers ports.BrowserRepository
	Hasher   ports.PasswordHasher
	Codes    OneTimeCodes
}

// OneTimeCodes computes the codes that authenticator apps show.
type OneTimeCodes interface {
	// Address returns the otpauth address from which an app imports the secret of the account of this name.
	Address(secret, name string) string

	// Step returns the time step that a code belongs to: the one at this time, or an adjacent one. It reports false when
	// the code belongs to none of them.
	Step(code, secret string, at time.Time) (step int64, ok bool)
}

// Accounts are the use cases for the people who sign in to the web pages. Safe for concurrent use.
type Accounts struct {
	repository ports.AccountRepository
	sessions   ports.SessionRepository
	browsers   ports.BrowserRepository
	hasher     ports.PasswordHasher
	codes      OneTimeCodes
	throttle   *throttle
	options    Options
}

// NewAccounts makes the use cases over their ports. All options are required.
func NewAccounts(p Ports, o Options) *Accounts {
	return &Accounts{
		repository: p.Accounts, sessions: p.Sessions, browsers: p.Browsers, hasher: p.Hasher, codes: p.Codes,
		throttle: newThrottle(), options: o,
	}
}

// Create stores a new account. Errors: *access.InvalidAccountError, access.ErrAccountNameTaken, ports.ErrUnavailable.
func (a *Accounts) Create(ctx context.Context, name, password string, role access.Role) (access.Account, error) {
	account, err := access.NewAccount(a.options.NewID().String(), name, role, a.options.Now())
	if err != nil {
		return access.Account{}, err
	}
	if account.PasswordHash, err = a.hash(ctx, password, account.Name); err != nil {
		return access.Account{}, err
	}
	if err := a.repository.CreateAccount(ctx, account); err != nil {
		return access.Account{}, err
	}
	return account, nil
}

// SignIn returns the account of this name if the password is right. Wrong passwords of strangers are counted by name
// and address. Those from a browser that RememberBrowser has stored for the account are counted by that browser
// alone, so strangers cannot lock its owner out. Errors: access.ErrWrongCredentials, which does not say why and takes
// as long for a name without an account; *access.ThrottledError after too many wrong passwords, and then the password
// is not checked; ports.ErrUnavailable.
//
// The password may change while this runs, which ends the account's sessions before the caller begins a new one. So a
// session has to remember the account's PasswordChangedAt, and is over when Account returns another one. An account
// that HasSecondFactor is signed in only when CheckCode has returned nil as well.
func (a *Accounts) SignIn(ctx context.Context, name, password string, from access.Visitor) (access.Account, error) {
	name, invalid := access.AccountName(name)
	var account access.Account
	var err error
	if invalid == nil {
		account, err = a.repository.FindAccount(ctx, name)
	}
	if err != nil && !errors.Is(err, access.ErrUnknownAccount) {
		return access.Account{}, err
	}
	trying := attempt{name: name, address: addressKey(from.Address), password: account.PasswordChangedAt}
	if trying.known, err = a.known(ctx, account, from.Browser); err != nil {
		return access.Account{}, err
	}
	err = a.try(ctx, trying, func(ctx context.Context) error { return a.recognise(ctx, account, password) })
	if err != nil {
		return access.Account{}, err
	}
	return account, nil
}

// known returns the key by which attempts from a remembered browser are counted, or "" for other browsers. It does
// the same lookup for a missing account, so that the time of an answer does not reveal which names exist.
func (a *Accounts) known(ctx context.Context, account access.Account, token string) (string, error) {
	if !access.LooksLikeBrowserToken(token) {
		return "", nil
	}
	hash := access.HashSecret(token)
	known, err := a.browsers.KnowsBrowser(ctx, hash, account.ID, a.options.Now())
	if err != nil || !known {
		return "", err
	}
	return "browser " + hash + " " + account.ID, nil
}

// Bounds on the remembered browsers of an account; the time counts from the last sign-in.
const (
	mostBrowsers  = 10
	browserMemory = 90 * 24 * time.Hour
)

// RememberBrowser stores that the account's owner has signed in from a browser. It returns the browser's token,
// unchanged when it already has one, and how long the browser is remembered. Errors: access.ErrUnknownAccount,
// ports.ErrUnavailable.
func (a *Accounts) RememberBrowser(ctx context.Context, id, token string) (string, time.Duration, error) {
	if !access.LooksLikeBrowserToken(token) {
		var random [access.SecretBytes]byte
		a.options.Random(random[:])
		token = access.NewBrowserToken(random)
	}
	expires := a.options.Now().Add(browserMemory)
	err := a.browsers.RememberBrowser(ctx, access.HashSecret(token), id, expires, mostBrowsers)
	return token, browserMemory, err
}

// Account returns the account with this id. Errors: access.ErrUnknownAccount, ports.ErrUnavailable.
func (a *Accounts) Account(ctx context.Context, id string) (access.Account, error) {
	return a.repository.AccountByID(ctx, id)
}

// List returns all accounts, oldest first. The error is ports.ErrUnavailable.
func (a *Accounts) List(ctx context.Context) ([]access.Account, error) {
	return a.repository.ListAccounts(ctx)
}

// ChangePassword replaces the password of an account after checking the current one. It ends the account's other
// sessions, all but the one with this hash. Errors: access.ErrUnknownAccount; access.ErrWrongCredentials and
// *access.ThrottledError as in SignIn; *access.InvalidAccountError about the next password; ports.ErrUnavailable,
// after which the password may have been changed already.
func (a *Accounts) ChangePassword(ctx context.Context, id, current, next, exceptSessionTokenHash string) error {
	account, err := a.repository.AccountByID(ctx, id)
	if err != nil {
		return err
	}
	if err := access.CheckPassword(next, account.Name); err != nil {
		return err
	}
	if err := a.confirm(ctx, account, current); err != nil {
		return err
	}
	return a.setPassword(ctx, account, next, account.PasswordHash, exceptSessionTokenHash)
}

// ResetPassword replaces the password of the account of this name without the current one, and ends all its sessions.
// Earlier wrong passwords no longer count, in any process: they count for the password that they were tried against.
// Errors: access.ErrUnknownAccount, *access.InvalidAccountError; ports.ErrUnavailable, after which the password may
// have been changed already.
func (a *Accounts) ResetPassword(ctx context.Context, name, password string) error {
	name, err := access.AccountName(name)
	if err != nil {
		return access.ErrUnknownAccount
	}
	account, err := a.repository.FindAccount(ctx, name)
	if err != nil {
		return err
	}
	return a.setPassword(ctx, account, password, "", "")
}

// SetRole replaces the account's role; its sessions have the new role from their next request on. Errors:
// *access.InvalidAccountError, access.ErrUnknownAccount, access.ErrLastAdministrator, ports.ErrUnavailable.
func (a *Accounts) SetRole(ctx context.Context, id string, role access.Role) error {
	if err := access.CheckRole(role); err != nil {
		return err
	}
	return a.repository.SetRole(ctx, id, role)
}

// Remove deletes the account and its sessions. Errors: access.ErrUnknownAccount, access.ErrLastAdministrator,
// ports.ErrUnavailable.
func (a *Accounts) Remove(ctx context.Context, id string) error {
	return a.repository.DeleteAccount(ctx, id)
}

// try counts an attempt at a password or a code, unless it turns out right or its outcome is unknown. The check runs
// in a context with the caller's standing, by which the hasher assigns its places.
func (a *Accounts) try(ctx context.Context, trying attempt, check func(ctx context.Context) error) error {
	standing, err := a.throttle.begin(trying, a.options.Now())
	if err != nil {
		return err
	}
	err = check(ports.WithStanding(ctx, standing))
	switch {
	case err == nil:
		a.throttle.succeeded(trying)
	case !errors.Is(err, access.ErrWrongCredentials) && !errors.Is(err, access.ErrWrongCode):
		a.throttle.withdraw(trying)
	}
	return err
}

// confirm checks the account's password again for a person who is signed in. Errors: access.ErrWrongCredentials,
// *access.ThrottledError, ports.ErrUnavailable.
func (a *Accounts) confirm(ctx context.Context, account access.Account, password string) error {
	guess := attempt{known: "session " + account.ID, password: account.PasswordChangedAt}
	return a.try(ctx, guess, func(ctx context.Context) error { return a.recognise(ctx, account, password) })
}

// recognise returns access.ErrWrongCredentials unless the password is the account's own. For the zero account it
// hashes the password all the same, so that the time of an answer does not reveal which names exist.
func (a *Accounts) recognise(ctx context.Context, account access.Account, password string) error {
	var right bool
	var err error
	if account.ID == "" {
		_, err = a.hasher.Hash(ctx, password)
	} else {
		right, err = a.hasher.Verify(ctx, password, account.PasswordHash)
	}
	if err == nil && !right {
		err = access.ErrWrongCredentials
	}
	return err
}

// setPassword stores the hash of a password that differs from the current one, and ends the account's sessions but
// one.
func (a *Accounts) setPassword(
	ctx context.Context, account access.Account, password, was, exceptSessionTokenHash string,
) error {
	hash, err := a.hash(ctx, password, account.Name)
	if err != nil {
		return err
	}
	same, err := a.hasher.Verify(ctx, password, account.PasswordHash)
	if err != nil {
		return err
	}
	if same {
		return &access.InvalidAccountError{Field: "password", Reason: "must differ from the one before"}
	}
	now := a.options.Now().UTC().Truncate(time.Microsecond)
	if err := a.repository.SetPassword(ctx, account.ID, hash, was, now); err != nil {
		return err
	}
	return a.sessions.DeleteSessionsOf(ctx, account.ID, exceptSessionTokenHash)
}

// hash checks that a password is allowed for an account of this name, and hashes it.
func (a *Accounts) hash(ctx context.Context, password, name string) (string, error) {
	if err := access.CheckPassword(password, name); err != nil {
		return "", err
	}
	return a.hasher.Hash(ctx, password)
}
