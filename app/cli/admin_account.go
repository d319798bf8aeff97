package cli

import (
	"context"
	"fmt"

	"github.com/gable-listings/gable/app/server"
	"github.com/gable-listings/gable/domain/access"
)

type adminCreateUserCmd struct {
	Name string      `arg:"" help:"The name to sign in with, such as an e-mail address: letters, digits, and . _ - @ +."`
	Role access.Role `enum:"administrator,editor" default:"administrator" help:"An editor changes listings, an administrator also manages accounts and keys (default ${default})."`
	passwordFlags
}

type adminResetPasswordCmd struct {
	Name string `arg:"" help:"The account's name."`
	passwordFlags
}

// Help is shown by --help.
func (adminCreateUserCmd) Help() string {
	return `The password has 12 to 256 characters. Common ones, rows of keys and the account's name are refused. The command
reads it from the terminal, or as a flag says; a generated one is printed alone on standard output and cannot be shown
again.

Examples:

	gable admin create-user anna@example.org
	gable admin create-user bob --role editor --generate
	gable admin create-user bob --password-stdin < password.txt`
}

// Help is shown by --help.
func (adminResetPasswordCmd) Help() string {
	return `For a password that is forgotten, or known to others. Running servers accept the new one at once, however many
wrong passwords were tried. The command reads it from the terminal, or as a flag says; a generated one is printed alone
on standard output and cannot be shown again.

Examples:

	gable admin reset-password anna@example.org
	gable admin reset-password bob --generate`
}

type adminRemoveSecondFactorCmd struct {
	Name string `arg:"" help:"The account's name."`
}

// Help is shown by --help.
func (adminRemoveSecondFactorCmd) Help() string {
	return `For a person who has lost both the authenticator app and the recovery codes. Verify their identity first. Where a
second factor is required, they set up another one at their next sign-in.

Example:

	gable admin remove-second-factor anna@example.org`
}

// Run removes the second factor.
func (r *adminRemoveSecondFactorCmd) Run(ctx context.Context, p *Process, a *adminFlags) error {
	return a.with(ctx, p, func(s *server.Store) error {
		if err := s.Accounts.RemoveSecondFactor(ctx, r.Name); err != nil {
			return err
		}
		_, err := fmt.Fprintf(p.Out, "Account %q has no second factor and is signed out everywhere.\n", r.Name)
		return err
	})
}

// Run creates the account.
func (u *adminCreateUserCmd) Run(ctx context.Context, p *Process, a *adminFlags) error {
	return a.with(ctx, p, func(s *server.Store) error {
		password, err := u.password(ctx, p, u.Name)
		if err != nil {
			return err
		}
		account, err := s.Accounts.Create(ctx, u.Name, password, u.Role)
		if err != nil {
			return err
		}
		return u.print(p, password, fmt.Sprintf("Created account %q with role %s.", account.Name, account.Role))
	})
}

// Run replaces the password.
func (r *adminResetPasswordCmd) Run(ctx context.Context, p *Process, a *adminFlags) error {
	return a.with(ctx, p, func(s *server.Store) error {
		password, err := r.password(ctx, p, r.Name)
		if err != nil {
			return err
		}
		if err := s.Accounts.ResetPassword(ctx, r.Name, password); err != nil {
			return err
		}
		return r.print(p, password, fmt.Sprintf("Account %q has a new password and is signed out everywhere.", r.Name))
	})
}
