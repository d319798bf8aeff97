package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

// BrowserRepository stores known browsers beside the accounts that they belong to.
type BrowserRepository struct{ accounts *AccountRepository }

var _ ports.BrowserRepository = (*BrowserRepository)(nil)

// browser identifies a known browser of one account.
type browser struct{ accountID, tokenHash string }

// NewBrowserRepository makes the repository of the browsers of these accounts. All made for one AccountRepository
// share their browsers.
func NewBrowserRepository(accounts *AccountRepository) *BrowserRepository {
	return &BrowserRepository{accounts: accounts}
}

// RememberBrowser implements ports.BrowserRepository.
func (r *BrowserRepository) RememberBrowser(
	ctx context.Context, tokenHash, accountID string, expires time.Time, atMost int,
) error {
	return r.accounts.change(ctx, "remember a browser", func() error {
		if _, ok := r.accounts.accounts[accountID]; !ok {
			return access.ErrUnknownAccount
		}
		known := r.accounts.browsers
		known[browser{accountID, tokenHash}] = stamp(expires)
		var others []browser // of the account, by expiry, the latest first
		for b := range known {
			if b.accountID == accountID && b.tokenHash != tokenHash {
				others = append(others, b)
			}
		}
		slices.SortFunc(others, func(a, b browser) int {
			return cmp.Or(known[b].Compare(known[a]), cmp.Compare(a.tokenHash, b.tokenHash))
		})
		for _, b := range others[min(len(others), atMost-1):] {
			delete(known, b)
		}
		return nil
	})
}

// KnowsBrowser implements ports.BrowserRepository.
func (r *BrowserRepository) KnowsBrowser(
	ctx context.Context, tokenHash, accountID string, now time.Time,
) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, fmt.Errorf("look for a known browser: %w", err)
	}
	r.accounts.mu.RLock()
	defer r.accounts.mu.RUnlock()
	return r.accounts.browsers[browser{accountID, tokenHash}].After(stamp(now)), nil
}

// PruneBrowsers implements ports.BrowserRepository.
func (r *BrowserRepository) PruneBrowsers(ctx context.Context, before time.Time) (removed int64, err error) {
	before = stamp(before)
	err = r.accounts.change(ctx, "prune known browsers", func() error {
		maps.DeleteFunc(r.accounts.browsers, func(_ browser, expires time.Time) bool {
			if !expires.Before(before) {
				return false
			}
			removed++
			return true
		})
		return nil
	})
	return removed, err
}
