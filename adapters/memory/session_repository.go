package memory

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

// SessionRepository keeps sessions beside the accounts that they belong to.
type SessionRepository struct{ accounts *AccountRepository }

var _ ports.SessionRepository = (*SessionRepository)(nil)

type session struct {
	accountID string
	data      []byte // never written to once it is here
	expires   time.Time
}

// NewSessionRepository makes an empty repository of sessions of these accounts. There is one for each AccountRepository;
// another one shows the same sessions.
func NewSessionRepository(accounts *AccountRepository) *SessionRepository {
	return &SessionRepository{accounts: accounts}
}

// FindSession implements ports.SessionRepository.
func (r *SessionRepository) FindSession(ctx context.Context, tokenHash string) ([]byte, time.Time, error) {
	if err := ctx.Err(); err != nil {
		return nil, time.Time{}, fmt.Errorf("find session: %w", err)
	}
	r.accounts.mu.RLock()
	defer r.accounts.mu.RUnlock()
	found, ok := r.accounts.sessions[tokenHash]
	if !ok {
		return nil, time.Time{}, fmt.Errorf("find session: %w", access.ErrUnknownSession)
	}
	return bytes.Clone(found.data), found.expires, nil
}

// SaveSession implements ports.SessionRepository.
func (r *SessionRepository) SaveSession(ctx context.Context, tokenHash, accountID string, data []byte, expires time.Time) error {
	return r.accounts.change(ctx, "save session", func() error {
		if _, ok := r.accounts.accounts[accountID]; !ok && accountID != "" {
			return access.ErrUnknownAccount
		}
		r.accounts.sessions[tokenHash] = session{accountID, bytes.Clone(data), stamp(expires)}
		return nil
	})
}

// DeleteSession implements ports.SessionRepository.
func (r *SessionRepository) DeleteSession(ctx context.Context, tokenHash string) (removed bool, err error) {
	err = r.accounts.change(ctx, "delete session", func() error {
		_, removed = r.accounts.sessions[tokenHash]
		delete(r.accounts.sessions, tokenHash)
		return nil
	})
	return removed, err
}

// DeleteSessionsOf implements ports.SessionRepository.
func (r *SessionRepository) DeleteSessionsOf(ctx context.Context, accountID, exceptTokenHash string) error {
	return r.accounts.change(ctx, "delete sessions of account "+accountID, func() error {
		maps.DeleteFunc(r.accounts.sessions, func(hash string, s session) bool {
			return accountID != "" && s.accountID == accountID && hash != exceptTokenHash
		})
		return nil
	})
}

// PruneSessions implements ports.SessionRepository.
func (r *SessionRepository) PruneSessions(ctx context.Context, before time.Time) (removed int64, err error) {
	before = stamp(before)
	err = r.accounts.change(ctx, "prune sessions", func() error {
		maps.DeleteFunc(r.accounts.sessions, func(_ string, s session) bool {
			if !s.expires.Before(before) {
				return false
			}
			removed++
			return true
		})
		return nil
	})
	return removed, err
}
