package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/server"
	"github.com/gable-listings/gable/domain/access"
)

type adminCmd struct {
	adminFlags
	CreateUser    adminCreateUserCmd    `cmd:"" help:"Create an account for the web pages."`
	ResetPassword adminResetPasswordCmd `cmd:"" help:"Set a new password of an account, and sign it out."`
	CreateKey     adminCreateKeyCmd     `cmd:"" help:"Create an API key and print its secret, once."`
	List          adminListCmd          `cmd:"" help:"List the API keys and the accounts."`
	Revoke        adminRevokeCmd        `cmd:"" help:"Revoke an API key for good."`

	RemoveSecondFactor adminRemoveSecondFactorCmd `cmd:"" help:"Remove an account's second factor, and sign it out."`
}

func newAdminCmd() adminCmd { return adminCmd{adminFlags: adminFlags{config.NewFlags("database")}} }

type adminCreateKeyCmd struct {
	Name  string       `arg:"" help:"What the key is for, such as the name of the program that will use it."`
	Scope access.Scope `enum:"write,admin" default:"write" help:"write changes listings, admin also empties caches (default ${default})."`
}

type adminListCmd struct{}

type adminRevokeCmd struct {
	Name string `arg:"" help:"The key's name."`
}

// Help is shown by --help.
func (adminCreateKeyCmd) Help() string {
	return `The secret is printed alone on standard output, ready for redirection; it cannot be shown again. The key has no
owner and ends when it is revoked; a key made on the pages ends with the account that made it.

Example:

	gable admin create-key nightly-import > key.txt`
}

// Help is shown by --help.
func (adminListCmd) Help() string {
	return `Ended keys are listed too. Secrets are not stored; the hint is a secret's last four characters. The accounts follow
after an empty line, if there are any.

Example:

	gable admin list`
}

// Help is shown by --help.
func (adminRevokeCmd) Help() string {
	return `The name stays taken, so that a list of keys never means two things.

Example:

	gable admin revoke nightly-import`
}

// Run prints the secret on standard output and everything else on standard error.
func (k *adminCreateKeyCmd) Run(ctx context.Context, p *Process, a *adminFlags) error {
	return a.with(ctx, p, func(s *server.Store) error {
		key, secret, err := s.Keys.Create(ctx, k.Name, k.Scope, "")
		if err != nil {
			return err
		}
		fmt.Fprintf(p.Err, "Created API key %q with scope %s. Store the secret: it is not shown again.\n", key.Name, key.Scope)
		_, err = fmt.Fprintln(p.Out, secret)
		return err
	})
}

// Run prints a table, or two.
func (*adminListCmd) Run(ctx context.Context, p *Process, a *adminFlags) error {
	return a.with(ctx, p, func(s *server.Store) error {
		keys, err := s.Keys.List(ctx)
		if err != nil {
			return err
		}
		accounts, err := s.Accounts.List(ctx)
		if err != nil {
			return err
		}
		if err := writeKeys(p.Out, keys, accounts); err != nil || len(accounts) == 0 {
			return err
		}
		fmt.Fprintln(p.Out)
		return writeAccounts(p.Out, accounts)
	})
}

func writeKeys(w io.Writer, keys []access.Key, accounts []access.Account) error {
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "NAME\tSCOPE\tHINT\tOWNER\tCREATED\tENDED")
	for _, k := range keys {
		owner, found := k.OwnerAmong(accounts)
		ended := "–"
		switch {
		case !k.RevokedAt.IsZero():
			ended = k.RevokedAt.Format(time.RFC3339)
		case !found:
			ended = "with its owner"
		}
		fmt.Fprintf(table, "%s\t%s\t…%s\t%s\t%s\t%s\n",
			server.EscapeControls(k.Name), k.Scope, k.Hint, cmp.Or(owner, "–"), k.CreatedAt.Format(time.RFC3339), ended)
	}
	return table.Flush()
}

func writeAccounts(w io.Writer, accounts []access.Account) error {
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "ACCOUNT\tROLE\tCREATED\tPASSWORD CHANGED\tSECOND FACTOR")
	for _, a := range accounts {
		factor := "–"
		if a.HasSecondFactor() {
			factor = "on"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n",
			a.Name, a.Role, a.CreatedAt.Format(time.RFC3339), a.PasswordChangedAt.Format(time.RFC3339), factor)
	}
	return table.Flush()
}

// Run revokes the key.
func (r *adminRevokeCmd) Run(ctx context.Context, p *Process, a *adminFlags) error {
	return a.with(ctx, p, func(s *server.Store) error {
		if err := s.Keys.Revoke(ctx, r.Name); err != nil {
			return err
		}
		_, err := fmt.Fprintf(p.Out, "Revoked API key %q.\n", r.Name)
		return err
	})
}
