package memory

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

// SessionRepository stores sessions beside the accounts that they belong to.
type SessionRepository struct{ accounts *AccountRepository }

var _ ports.SessionRepository = (*SessionRepository)(nil)

type session struct {
	accountID string
	data      []byte // never written to once stored
	expires   time.Time
}

// NewSessionRepository makes the repository of the sessions of these accounts. All made for one AccountRepository
// share their sessions.
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
func (r *SessionRepository) SaveSession(
	ctx context.Context, tokenHash, accountID string, data []byte, expires time.Time,
) error {
	return r.accounts.change(ctx, "save session", func() error {
		if _, ok := r.accounts.accounts[accountID]; !ok && accountID != "" {
			return access.ErrUnknownAccount
		}
		r.accounts.sessions[tokenHash] = session{accountID, bytes.Clone(data), stamp(expires)}
		return nil
	})
}

// ExtendSession implements ports.SessionRepository.
func (r *SessionRepository) ExtendSession(ctx context.Context, tokenHash string, expires time.Time) error {
	return r.accounts.change(ctx, "extend session", func() error {
		if s, ok := r.accounts.sessions[tokenHash]; ok && s.expires.Before(stamp(expires)) {
			s.expires = stamp(expires)
			r.accounts.sessions[tokenHash] = s
		}
		return nil
	})
}

// ListSessionsOf implements ports.SessionRepository.
func (r *SessionRepository) ListSessionsOf(ctx context.Context, accountID string) ([]ports.StoredSession, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("list sessions of account %s: %w", accountID, err)
	}
	r.accounts.mu.RLock()
	defer r.accounts.mu.RUnlock()
	var list []ports.StoredSession
	for hash, s := range r.accounts.sessions {
		if s.accountID == accountID && accountID != "" {
			list = append(list, ports.StoredSession{TokenHash: hash, Data: bytes.Clone(s.data), Expires: s.expires})
		}
	}
	slices.SortFunc(list, func(a, b ports.StoredSession) int {
		return cmp.Or(b.Expires.Compare(a.Expires), cmp.Compare(a.TokenHash, b.TokenHash))
	})
	return list, nil
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
