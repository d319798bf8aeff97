package ports

import (
	"context"
	"time"
)

// BrowserRepository stores the browsers from which people have signed in, so that wrong passwords of strangers do
// not lock them out. A browser is identified by the hash of its token, access.HashSecret, separately for each
// account. All methods are safe for concurrent use and report an outage as ErrUnavailable.
type BrowserRepository interface {
	// RememberBrowser stores the browser for the account, or replaces its expiry. Then at most atMost of the
	// account's browsers are left, however many such calls run at once: those that expire first are removed, but
	// never this one. The error is access.ErrUnknownAccount when the account does not exist.
	RememberBrowser(ctx context.Context, tokenHash, accountID string, expires time.Time, atMost int) error

	// KnowsBrowser reports whether the browser is stored for the account and expires after now.
	KnowsBrowser(ctx context.Context, tokenHash, accountID string, now time.Time) (bool, error)

	// PruneBrowsers removes the browsers that expire before the time, and returns how many.
	PruneBrowsers(ctx context.Context, before time.Time) (int64, error)
}
