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

// SessionRepository is a ports.SessionRepository over a database whose schema is up to date.
type SessionRepository struct{ db *DB }

var _ ports.SessionRepository = (*SessionRepository)(nil)

type sessionRow struct {
	bun.BaseModel `bun:"table:sessions,alias:s"`

	TokenHash string  `bun:"token_hash,pk"`
	AccountID string  `bun:"account_id,nullzero"`
	Data      []byte  `bun:"data"`
	ExpiresAt instant `bun:"expires_at"`
}

// FindSession is described at ports.SessionRepository.
func (r *SessionRepository) FindSession(ctx context.Context, tokenHash string) ([]byte, time.Time, error) {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	var found sessionRow
	err := r.db.retryRead(ctx, func() error {
		return r.db.read.NewSelect().Model(&found).Where("s.token_hash = ?", tokenHash).Scan(ctx)
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = access.ErrUnknownSession
	}
	if err != nil {
		return nil, time.Time{}, r.db.explain(ctx, "find session", err)
	}
	return found.Data, found.ExpiresAt.time(), nil
}

// SaveSession is described at ports.SessionRepository.
func (r *SessionRepository) SaveSession(
	ctx context.Context, tokenHash, accountID string, data []byte, expires time.Time,
) error {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	if data == nil {
		data = []byte{} // nil would be NULL
	}
	stored := sessionRow{TokenHash: tokenHash, AccountID: accountID, Data: data, ExpiresAt: instant(expires)}
	err := r.db.retryWrite(ctx, func() error {
		_, err := r.db.write.NewInsert().Model(&stored).On("CONFLICT (token_hash) DO UPDATE").
			Set("account_id = excluded.account_id").Set("data = excluded.data").Set("expires_at = excluded.expires_at").Exec(ctx)
		return err
	})
	if r.db.dialect.orphaned(err) {
		err = fmt.Errorf("%w: %w", access.ErrUnknownAccount, err)
	}
	return r.db.explain(ctx, "save session", err)
}

// ExtendSession is described at ports.SessionRepository.
func (r *SessionRepository) ExtendSession(ctx context.Context, tokenHash string, expires time.Time) error {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	return r.db.explain(ctx, "extend session", r.db.retryWrite(ctx, func() error {
		_, err := r.db.write.NewUpdate().Model((*sessionRow)(nil)).Set("expires_at = ?", instant(expires)).
			Where("token_hash = ? AND expires_at < ?", tokenHash, instant(expires)).Exec(ctx)
		return err
	}))
}

// ListSessionsOf is described at ports.SessionRepository.
func (r *SessionRepository) ListSessionsOf(ctx context.Context, accountID string) ([]ports.StoredSession, error) {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	var rows []sessionRow
	err := r.db.retryRead(ctx, func() error {
		rows = nil
		return r.db.read.NewSelect().Model(&rows).Where("s.account_id = ?", accountID).
			Order("s.expires_at DESC", "s.token_hash").Scan(ctx)
	})
	if err != nil {
		return nil, r.db.explain(ctx, "list sessions of account "+accountID, err)
	}
	sessions := make([]ports.StoredSession, len(rows))
	for i := range rows {
		sessions[i] = ports.StoredSession{
			TokenHash: rows[i].TokenHash, Data: rows[i].Data, Expires: rows[i].ExpiresAt.time(),
		}
	}
	return sessions, nil
}

// DeleteSession is described at ports.SessionRepository.
func (r *SessionRepository) DeleteSession(ctx context.Context, tokenHash string) (bool, error) {
	removed, err := r.remove(ctx, "delete session", "token_hash = ?", tokenHash)
	return removed > 0, err
}

// DeleteSessionsOf is described at ports.SessionRepository.
func (r *SessionRepository) DeleteSessionsOf(ctx context.Context, accountID, exceptTokenHash string) error {
	_, err := r.remove(ctx, "delete sessions of account "+accountID,
		"account_id = ? AND token_hash <> ?", accountID, exceptTokenHash)
	return err
}

// sessionBatch is how many sessions are pruned in one statement: few enough not to slow down others.
const sessionBatch = 5_000

// PruneSessions is described at ports.SessionRepository.
func (r *SessionRepository) PruneSessions(ctx context.Context, before time.Time) (int64, error) {
	oldest := r.db.read.NewSelect().Model((*sessionRow)(nil)).Column("token_hash").
		Where("s.expires_at < ?", instant(before)).Order("s.expires_at").Limit(sessionBatch)
	var total int64
	for {
		// expires_at is compared again outside the subquery: a session extended meanwhile stays.
		removed, err := r.remove(ctx, "prune sessions", "token_hash IN (?) AND expires_at < ?", oldest, instant(before))
		total += removed
		if removed < sessionBatch || err != nil {
			return total, err
		}
	}
}

// remove deletes the sessions that fulfil a condition, and returns how many.
func (r *SessionRepository) remove(
	ctx context.Context, doing, condition string, args ...any,
) (removed int64, err error) {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	err = r.db.retryWrite(ctx, func() error {
		result, err := r.db.write.NewDelete().Model((*sessionRow)(nil)).Where(condition, args...).Exec(ctx)
		if err == nil {
			removed, err = result.RowsAffected()
		}
		return err
	})
	return removed, r.db.explain(ctx, doing, err)
}
