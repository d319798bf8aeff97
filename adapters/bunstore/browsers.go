package bunstore

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

// BrowserRepository is a ports.BrowserRepository over a database whose schema is up to date.
type BrowserRepository struct{ db *DB }

var _ ports.BrowserRepository = (*BrowserRepository)(nil)

type browserRow struct {
	bun.BaseModel `bun:"table:known_browsers,alias:b"`

	TokenHash string  `bun:"token_hash,pk"`
	AccountID string  `bun:"account_id,pk"`
	ExpiresAt instant `bun:"expires_at"`
}

// RememberBrowser is described at ports.BrowserRepository.
func (r *BrowserRepository) RememberBrowser(
	ctx context.Context, tokenHash, accountID string, expires time.Time, atMost int,
) error {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	row := browserRow{TokenHash: tokenHash, AccountID: accountID, ExpiresAt: instant(expires)}
	err := r.db.atomically(ctx, func(ctx context.Context, tx bun.IDB) error {
		if err := r.db.dialect.lockTable(ctx, tx, "known_browsers"); err != nil {
			return err
		}
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (account_id, token_hash) DO UPDATE").
			Set("expires_at = excluded.expires_at").Exec(ctx)
		if err != nil {
			return err
		}
		return forgetOthers(ctx, tx, row, atMost-1)
	})
	if r.db.dialect.orphaned(err) {
		err = fmt.Errorf("%w: %w", access.ErrUnknownAccount, err)
	}
	return r.db.explain(ctx, "remember a browser", err)
}

// forgetOthers removes the account's other browsers that expire first, so that at most left remain.
func forgetOthers(ctx context.Context, tx bun.IDB, this browserRow, left int) error {
	var others []string // the last to expire first
	err := tx.NewSelect().Model((*browserRow)(nil)).Column("token_hash").
		Where("b.account_id = ? AND b.token_hash <> ?", this.AccountID, this.TokenHash).
		Order("b.expires_at DESC", "b.token_hash").Scan(ctx, &others)
	if err != nil || len(others) <= left {
		return err
	}
	_, err = tx.NewDelete().Model((*browserRow)(nil)).
		Where("account_id = ? AND token_hash IN (?)", this.AccountID, bun.List(others[left:])).Exec(ctx)
	return err
}

// KnowsBrowser is described at ports.BrowserRepository.
func (r *BrowserRepository) KnowsBrowser(
	ctx context.Context, tokenHash, accountID string, now time.Time,
) (known bool, err error) {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	err = r.db.retryRead(ctx, func() (err error) {
		known, err = r.db.read.NewSelect().Model((*browserRow)(nil)).
			Where("b.account_id = ? AND b.token_hash = ? AND b.expires_at > ?", accountID, tokenHash, instant(now)).Exists(ctx)
		return err
	})
	return known, r.db.explain(ctx, "look for a known browser", err)
}

// PruneBrowsers is described at ports.BrowserRepository.
func (r *BrowserRepository) PruneBrowsers(ctx context.Context, before time.Time) (removed int64, err error) {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	err = r.db.retryWrite(ctx, func() error {
		result, err := r.db.write.NewDelete().Model((*browserRow)(nil)).Where("expires_at < ?", instant(before)).Exec(ctx)
		if err == nil {
			removed, err = result.RowsAffected()
		}
		return err
	})
	return removed, r.db.explain(ctx, "prune known browsers", err)
}
