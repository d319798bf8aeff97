package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

// AccountRepository is a ports.AccountRepository over a database whose schema is up to date.
type AccountRepository struct{ db *DB }

var _ ports.AccountRepository = (*AccountRepository)(nil)

// accountDialect is what Postgres and SQLite do differently when accounts change: lock the table, and recognize a
// missing account.
type accountDialect interface {
	// lockTable makes other writers of the table wait until the transaction ends; readers do not wait.
	lockTable(ctx context.Context, tx bun.IDB, table string) error
	// orphaned reports whether a row was refused because the row it refers to does not exist.
	orphaned(err error) bool
}

type accountRow struct {
	bun.BaseModel `bun:"table:accounts,alias:a"`

	ID                string  `bun:"id,pk"`
	Name              string  `bun:"name"`
	Role              string  `bun:"role"`
	PasswordHash      string  `bun:"password_hash"`
	CreatedAt         instant `bun:"created_at"`
	PasswordChangedAt instant `bun:"password_changed_at"`
	FactorSecret      string  `bun:"factor_secret"`
	FactorStep        int64   `bun:"factor_step"`
}

type recoveryCodeRow struct {
	bun.BaseModel `bun:"table:recovery_codes,alias:c"`

	AccountID string `bun:"account_id,pk"`
	CodeHash  string `bun:"code_hash,pk"`
}

func accountRowOf(a access.Account) accountRow {
	return accountRow{
		ID: a.ID, Name: a.Name, Role: string(a.Role), PasswordHash: a.PasswordHash,
		CreatedAt: instant(a.CreatedAt), PasswordChangedAt: instant(a.PasswordChangedAt),
		FactorSecret: a.FactorSecret, FactorStep: a.FactorStep,
	}
}

func (r *accountRow) account() access.Account {
	return access.Account{
		ID: r.ID, Name: r.Name, Role: access.Role(r.Role), PasswordHash: r.PasswordHash,
		CreatedAt: r.CreatedAt.time(), PasswordChangedAt: r.PasswordChangedAt.time(),
		FactorSecret: r.FactorSecret, FactorStep: r.FactorStep,
	}
}

// CreateAccount is described at ports.AccountRepository.
func (r *AccountRepository) CreateAccount(ctx context.Context, account access.Account) error {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	stored := accountRowOf(account)
	_, err := r.db.write.NewInsert().Model(&stored).Exec(ctx)
	if r.db.dialect.violated(err) == uniqueColumn {
		err = fmt.Errorf("%w: %w", access.ErrAccountNameTaken, err)
	}
	return r.db.explain(ctx, "create account "+account.Name, err)
}

// FindAccount is described at ports.AccountRepository.
func (r *AccountRepository) FindAccount(ctx context.Context, name string) (access.Account, error) {
	return r.find(ctx, "a.name = ?", name)
}

// AccountByID is described at ports.AccountRepository.
func (r *AccountRepository) AccountByID(ctx context.Context, id string) (access.Account, error) {
	return r.find(ctx, "a.id = ?", id)
}

func (r *AccountRepository) find(ctx context.Context, condition, value string) (access.Account, error) {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	var found accountRow
	err := r.db.retryRead(ctx, func() error {
		return r.db.read.NewSelect().Model(&found).Where(condition, value).Scan(ctx)
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = access.ErrUnknownAccount
	}
	if err != nil {
		return access.Account{}, r.db.explain(ctx, "find account "+value, err)
	}
	return found.account(), nil
}

// ListAccounts is described at ports.AccountRepository.
func (r *AccountRepository) ListAccounts(ctx context.Context) ([]access.Account, error) {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	var rows []accountRow
	if err := r.db.read.NewSelect().Model(&rows).Order("a.created_at", "a.name").Scan(ctx); err != nil {
		return nil, r.db.explain(ctx, "list accounts", err)
	}
	accounts := make([]access.Account, len(rows))
	for i := range rows {
		accounts[i] = rows[i].account()
	}
	return accounts, nil
}

// SetPassword is described at ports.AccountRepository.
func (r *AccountRepository) SetPassword(ctx context.Context, id, hash, was string, at time.Time) error {
	doing := "set the password of account " + id
	return r.change(ctx, doing, id, func(ctx context.Context, tx bun.IDB, found accountRow) error {
		if was != "" && was != found.PasswordHash {
			return access.ErrWrongCredentials
		}
		_, err := tx.NewUpdate().Model((*accountRow)(nil)).Set("password_hash = ?", hash).
			Set("password_changed_at = ?", instant(at)).Where("a.id = ?", id).Exec(ctx)
		return err
	})
}

// SetRole is described at ports.AccountRepository.
func (r *AccountRepository) SetRole(ctx context.Context, id string, role access.Role) error {
	return r.change(ctx, "set the role of account "+id, id, func(ctx context.Context, tx bun.IDB, found accountRow) error {
		if role != access.RoleAdministrator {
			if err := othersAdminister(ctx, tx, found); err != nil {
				return err
			}
		}
		_, err := tx.NewUpdate().Model((*accountRow)(nil)).Set("role = ?", string(role)).Where("a.id = ?", id).Exec(ctx)
		return err
	})
}

// SetSecondFactor is described at ports.AccountRepository.
func (r *AccountRepository) SetSecondFactor(
	ctx context.Context, id, secret string, step int64, recoveryHashes []string,
) error {
	doing := "set the second factor of account " + id
	return r.change(ctx, doing, id, func(ctx context.Context, tx bun.IDB, found accountRow) error {
		if secret != "" && found.FactorSecret != "" {
			return access.ErrHasSecondFactor
		}
		_, err := tx.NewUpdate().Model((*accountRow)(nil)).Set("factor_secret = ?", secret).Set("factor_step = ?", step).
			Where("a.id = ?", id).Exec(ctx)
		if err == nil {
			_, err = tx.NewDelete().Model((*recoveryCodeRow)(nil)).Where("account_id = ?", id).Exec(ctx)
		}
		if err != nil || len(recoveryHashes) == 0 {
			return err
		}
		rows := make([]recoveryCodeRow, len(recoveryHashes))
		for i, hash := range recoveryHashes {
			rows[i] = recoveryCodeRow{AccountID: id, CodeHash: hash}
		}
		_, err = tx.NewInsert().Model(&rows).Exec(ctx)
		return err
	})
}

// UseStep is described at ports.AccountRepository.
func (r *AccountRepository) UseStep(ctx context.Context, id, secret string, step int64) (bool, error) {
	return r.use(ctx, "use a code of account "+id, r.db.write.NewUpdate().Model((*accountRow)(nil)).
		Set("factor_step = ?", step).Where("id = ? AND factor_secret = ? AND factor_step < ?", id, secret, step))
}

// UseRecoveryCode is described at ports.AccountRepository.
func (r *AccountRepository) UseRecoveryCode(ctx context.Context, id, hash string) (bool, error) {
	return r.use(ctx, "use a recovery code of account "+id, r.db.write.NewDelete().Model((*recoveryCodeRow)(nil)).
		Where("account_id = ? AND code_hash = ?", id, hash))
}

// use runs a statement that uses something up, and reports whether there was something. The statement runs once:
// after an outage it is unknown whether this call has used it up.
func (r *AccountRepository) use(
	ctx context.Context, doing string, statement interface {
		Exec(ctx context.Context, dest ...any) (sql.Result, error)
	},
) (bool, error) {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	result, err := statement.Exec(ctx)
	if err != nil {
		return false, r.db.explain(ctx, doing, err)
	}
	used, err := result.RowsAffected()
	return used > 0, r.db.explain(ctx, doing, err)
}

// DeleteAccount is described at ports.AccountRepository.
func (r *AccountRepository) DeleteAccount(ctx context.Context, id string) error {
	return r.change(ctx, "delete account "+id, id, func(ctx context.Context, tx bun.IDB, found accountRow) error {
		if err := othersAdminister(ctx, tx, found); err != nil {
			return err
		}
		_, err := tx.NewDelete().Model((*accountRow)(nil)).Where("a.id = ?", id).Exec(ctx)
		return err
	})
}

// change loads an account and runs a step on it, while no other transaction can change an account.
func (r *AccountRepository) change(
	ctx context.Context, doing, id string, step func(ctx context.Context, tx bun.IDB, found accountRow) error,
) error {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	return r.db.explain(ctx, doing, r.db.atomically(ctx, func(ctx context.Context, tx bun.IDB) error {
		if err := r.db.dialect.lockTable(ctx, tx, "accounts"); err != nil {
			return err
		}
		var found accountRow
		err := tx.NewSelect().Model(&found).Where("a.id = ?", id).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return access.ErrUnknownAccount
		}
		if err != nil {
			return err
		}
		return step(ctx, tx, found)
	}))
}

// othersAdminister returns access.ErrLastAdministrator when this is an administrator and no other one is.
func othersAdminister(ctx context.Context, tx bun.IDB, this accountRow) error {
	if this.Role != string(access.RoleAdministrator) {
		return nil
	}
	others, err := tx.NewSelect().Model((*accountRow)(nil)).
		Where("a.role = ? AND a.id <> ?", string(access.RoleAdministrator), this.ID).Exists(ctx)
	if err == nil && !others {
		err = access.ErrLastAdministrator
	}
	return err
}
