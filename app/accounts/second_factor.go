package accounts

import (
	"context"
	"strings"

	"github.com/gable-listings/gable/domain/access"
)

// OfferSecondFactor returns a secret and the address from which an authenticator app imports it. The secret is the
// one passed in if it looks like one, or else a new one. Nothing is stored.
func (a *Accounts) OfferSecondFactor(account access.Account, secret string) (offered, address string) {
	if !access.LooksLikeFactorSecret(secret) {
		var random [access.FactorSecretBytes]byte
		a.options.Random(random[:])
		secret = access.NewFactorSecret(random)
	}
	return secret, a.codes.Address(secret, account.Name)
}

// EnableSecondFactor stores an offered secret as the account's second factor, after checking password and code. It
// ends the account's other sessions, all but the one with this hash, and returns the recovery codes, which cannot be
// read again. Errors: access.ErrUnknownAccount, access.ErrHasSecondFactor; access.ErrWrongCode;
// access.ErrWrongCredentials and *access.ThrottledError as in SignIn; ports.ErrUnavailable.
func (a *Accounts) EnableSecondFactor(
	ctx context.Context, id, secret, password, code, exceptSessionTokenHash string,
) ([]string, error) {
	account, err := a.repository.AccountByID(ctx, id)
	if err != nil {
		return nil, err
	}
	if account.HasSecondFactor() {
		return nil, access.ErrHasSecondFactor
	}
	step, ok := a.codes.Step(withoutSpaces(code), secret, a.options.Now())
	if !ok || !access.LooksLikeFactorSecret(secret) {
		return nil, access.ErrWrongCode
	}
	if err := a.confirm(ctx, account, password); err != nil {
		return nil, err
	}
	recovery, hashes := a.newRecoveryCodes()
	if err := a.repository.SetSecondFactor(ctx, id, secret, step, hashes); err != nil {
		return nil, err
	}
	return recovery, a.sessions.DeleteSessionsOf(ctx, id, exceptSessionTokenHash)
}

func (a *Accounts) newRecoveryCodes() (codes, hashes []string) {
	for range access.RecoveryCodes {
		var random [access.RecoveryCodeBytes]byte
		a.options.Random(random[:])
		code := access.NewRecoveryCode(random)
		codes, hashes = append(codes, code), append(hashes, access.HashRecoveryCode(code))
	}
	return codes, hashes
}

// CheckCode uses up a code of the account's second factor: one from the app, or a recovery code. Errors:
// access.ErrUnknownAccount, access.ErrWrongCode, *access.ThrottledError after too many wrong ones,
// ports.ErrUnavailable.
func (a *Accounts) CheckCode(ctx context.Context, id, code string) error {
	account, err := a.repository.AccountByID(ctx, id)
	if err != nil {
		return err
	}
	guess := attempt{known: "code " + id, password: account.PasswordChangedAt}
	return a.try(ctx, guess, func(ctx context.Context) error {
		unused, err := a.useCode(ctx, account, withoutSpaces(code))
		if err == nil && !unused {
			err = access.ErrWrongCode
		}
		return err
	})
}

func (a *Accounts) useCode(ctx context.Context, account access.Account, code string) (bool, error) {
	if !account.HasSecondFactor() {
		return false, nil
	}
	if step, ok := a.codes.Step(code, account.FactorSecret, a.options.Now()); ok {
		return a.repository.UseStep(ctx, account.ID, account.FactorSecret, step)
	}
	return a.repository.UseRecoveryCode(ctx, account.ID, access.HashRecoveryCode(code))
}

// withoutSpaces removes the spaces that people type in a code.
func withoutSpaces(code string) string { return strings.Join(strings.Fields(code), "") }

// DisableSecondFactor removes an account's second factor, after checking password and code. It ends the account's
// other sessions, all but the one with this hash. Errors as in EnableSecondFactor.
func (a *Accounts) DisableSecondFactor(ctx context.Context, id, password, code, exceptSessionTokenHash string) error {
	account, err := a.repository.AccountByID(ctx, id)
	if err != nil {
		return err
	}
	if err := a.confirm(ctx, account, password); err != nil {
		return err
	}
	if err := a.CheckCode(ctx, id, code); err != nil {
		return err
	}
	return a.removeFactor(ctx, id, exceptSessionTokenHash)
}

// RemoveSecondFactor removes the second factor of the account of this name without a code, and ends all its sessions.
// It is for people who have lost app and recovery codes. Errors: access.ErrUnknownAccount, ports.ErrUnavailable.
func (a *Accounts) RemoveSecondFactor(ctx context.Context, name string) error {
	name, err := access.AccountName(name)
	if err != nil {
		return access.ErrUnknownAccount
	}
	account, err := a.repository.FindAccount(ctx, name)
	if err != nil {
		return err
	}
	return a.removeFactor(ctx, account.ID, "")
}

func (a *Accounts) removeFactor(ctx context.Context, id, exceptSessionTokenHash string) error {
	if err := a.repository.SetSecondFactor(ctx, id, "", 0, nil); err != nil {
		return err
	}
	return a.sessions.DeleteSessionsOf(ctx, id, exceptSessionTokenHash)
}
