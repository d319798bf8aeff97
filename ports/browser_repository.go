package ports

import (
	"context"
	"time"
)

// BrowserRepository stores from which browsers people have signed in, so that wrong passwords of strangers do not keep
// them out. A browser is known by the hash of its token, access.HashSecret, for each account apart. All methods are
// safe for concurrent use and report an outage as ErrUnavailable.
type BrowserRepository interface {
	// RememberBrowser stores the browser for the account, or replaces when it expires. Of the account's browsers those
	// that expire first are removed, so that at most so many are left, however many such calls run at once; this one
	// stays. The error is access.ErrUnknownAccount when there is no such account.
	RememberBrowser(ctx context.Context, tokenHash, accountID string, expires time.Time, atMost int) error

	// KnowsBrowser reports whether the browser is stored for the account and expires after the given time.
	KnowsBrowser(ctx context.Context, tokenHash, accountID string, now time.Time) (bool, error)

	// PruneBrowsers removes the browsers that expire before the given time, and returns how many.
	PruneBrowsers(ctx context.Context, before time.Time) (int64, error)
}
