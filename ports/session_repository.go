package ports

import (
	"context"
	"time"
)

// StoredSession is a session as it is stored.
type StoredSession struct {
	TokenHash string
	Data      []byte
	Expires   time.Time
}

// SessionRepository stores the state of a browser's session between two requests. A session is identified by the
// hash of its token, access.HashSecret, so that a reader of the store cannot take one over. All methods are safe
// for concurrent use and report an outage as ErrUnavailable.
type SessionRepository interface {
	// FindSession returns the session's data and its expiry, to the microsecond. It also finds expired sessions
	// until they are pruned: the caller compares the time. The error is access.ErrUnknownSession when the session
	// does not exist.
	FindSession(ctx context.Context, tokenHash string) (data []byte, expires time.Time, err error)

	// SaveSession stores the session, or replaces all of it. It belongs to the account, and ends with it; with an
	// empty accountID it belongs to no account. When the account does not exist the error is
	// access.ErrUnknownAccount, and nothing has changed.
	SaveSession(ctx context.Context, tokenHash, accountID string, data []byte, expires time.Time) error

	// ExtendSession sets the session's expiry, unless it already expires later. It is not an error when the session
	// does not exist: an ended session does not come back.
	ExtendSession(ctx context.Context, tokenHash string, expires time.Time) error

	// ListSessionsOf returns the account's sessions, expired ones included, the last to expire first, ties by hash.
	ListSessionsOf(ctx context.Context, accountID string) ([]StoredSession, error)

	// DeleteSession removes the session, and reports whether it existed; it is not an error when it did not. Of
	// several calls at once a single one returns true.
	DeleteSession(ctx context.Context, tokenHash string) (removed bool, err error)

	// DeleteSessionsOf removes the account's sessions, except the one with this hash.
	DeleteSessionsOf(ctx context.Context, accountID, exceptTokenHash string) error

	// PruneSessions removes the sessions that expire before the time, and returns how many.
	PruneSessions(ctx context.Context, before time.Time) (int64, error)
}
