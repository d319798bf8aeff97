package accounts

import (
	"context"
	"strings"

	"github.com/gable-listings/gable/domain/access"
)

// OfferSecondFactor returns a secret and the address by which an authenticator app takes it over: the secret passed in
// if it looks like one, or else a new one. Nothing is stored.
func (a *Accounts) OfferSecondFactor(account access.Account, secret string) (offered, address string) {
	if !access.LooksLikeFactorSecret(secret) {
		var random [access.FactorSecretBytes]byte
		a.options.Random(random[:])
		secret = access.NewFactorSecret(random)
	}
	return secret, a.codes.Address(secret, account.Name)
}

// EnableSecondFactor makes an offered secret the account's second factor, for somebody who knows the password and whose
// app shows the code. It ends the account's other sessions, all but the one with this hash, and returns the recovery
// codes, which nobody can get again. Errors: access.ErrUnknownAccount, access.ErrHasSecondFactor; access.ErrWrongCode;
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
	step, ok := a.codes.Step(squeezed(code), secret, a.options.Now())
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

// CheckCode uses up a code of the account's second factor, from the app or a recovery code. Errors:
// access.ErrUnknownAccount, access.ErrWrongCode, *access.ThrottledError after too many wrong ones,
// ports.ErrUnavailable.
func (a *Accounts) CheckCode(ctx context.Context, id, code string) error {
	account, err := a.repository.AccountByID(ctx, id)
	if err != nil {
		return err
	}
	guess := attempt{known: "code " + id, password: account.PasswordChangedAt}
	return a.try(ctx, guess, func(ctx context.Context) error {
		unused, err := a.useCode(ctx, account, squeezed(code))
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

// squeezed is a code without the spaces that people type in it.
func squeezed(code string) string { return strings.Join(strings.Fields(code), "") }

// DisableSecondFactor takes the second factor off the account of somebody who knows the password and has a code, and
// ends the account's other sessions, all but the one with this hash. Errors as in EnableSecondFactor.
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
	return a.takeOff(ctx, id, exceptSessionTokenHash)
}

// RemoveSecondFactor takes the second factor off the account of this name, for somebody who has lost app and recovery
// codes, and ends all its sessions. Errors: access.ErrUnknownAccount, ports.ErrUnavailable.
func (a *Accounts) RemoveSecondFactor(ctx context.Context, name string) error {
	name, err := access.AccountName(name)
	if err != nil {
		return access.ErrUnknownAccount
	}
	account, err := a.repository.FindAccount(ctx, name)
	if err != nil {
		return err
	}
	return a.takeOff(ctx, account.ID, "")
}

func (a *Accounts) takeOff(ctx context.Context, id, exceptSessionTokenHash string) error {
	if err := a.repository.SetSecondFactor(ctx, id, "", 0, nil); err != nil {
		return err
	}
	return a.sessions.DeleteSessionsOf(ctx, id, exceptSessionTokenHash)
}
