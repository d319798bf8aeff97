package ports

import (
	"context"
	"time"
)

// StoredSession is a session as the store has it.
type StoredSession struct {
	TokenHash string
	Data      []byte
	Expires   time.Time
}

// SessionRepository keeps what the web pages remember of a browser between two requests. A session is known by the hash of
// its token, access.HashSecret, so that nobody who reads the store can take one over. All methods are safe for concurrent
// use and report an outage as ErrUnavailable.
type SessionRepository interface {
	// FindSession returns the session's data and when it expires, to the microsecond. Expired sessions are found until they
	// are pruned: what time it is is the caller's to say. The error is access.ErrUnknownSession when there is none.
	FindSession(ctx context.Context, tokenHash string) (data []byte, expires time.Time, err error)

	// SaveSession stores the session, or replaces all of it. It belongs to the account, and ends with it; to nobody when
	// accountID is empty. The error is access.ErrUnknownAccount when there is no such account, and nothing has changed then.
	SaveSession(ctx context.Context, tokenHash, accountID string, data []byte, expires time.Time) error

	// ExtendSession sets when the session expires, unless it expires later already. That there is no such session is no
	// error: one that has ended does not come back.
	ExtendSession(ctx context.Context, tokenHash string, expires time.Time) error

	// ListSessionsOf returns the account's sessions, expired ones included, the last to expire first, ties by hash.
	ListSessionsOf(ctx context.Context, accountID string) ([]StoredSession, error)

	// DeleteSession removes the session, and reports whether there was one; that there is none is no error. Of several calls
	// at once, one is told that it has removed it.
	DeleteSession(ctx context.Context, tokenHash string) (removed bool, err error)

	// DeleteSessionsOf removes the account's sessions, all but the one with this hash.
	DeleteSessionsOf(ctx context.Context, accountID, exceptTokenHash string) error

	// PruneSessions removes the sessions that expire before the given time, and says how many.
	PruneSessions(ctx context.Context, before time.Time) (int64, error)
}
