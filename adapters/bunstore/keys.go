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

// KeyRepository is a ports.KeyRepository over a database whose schema is up to date.
type KeyRepository struct{ db *DB }

var _ ports.KeyRepository = (*KeyRepository)(nil)

type keyRow struct {
	bun.BaseModel `bun:"table:api_keys,alias:k"`

	ID        string   `bun:"id,pk"`
	Name      string   `bun:"name"`
	Scope     string   `bun:"scope"`
	Hash      string   `bun:"hash"`
	Hint      string   `bun:"hint"`
	CreatedAt instant  `bun:"created_at"`
	RevokedAt *instant `bun:"revoked_at"`
	Owner     string   `bun:"owner,nullzero"`
}

func keyRowOf(k access.Key) keyRow {
	r := keyRow{
		ID: k.ID, Name: k.Name, Scope: string(k.Scope), Hash: k.Hash, Hint: k.Hint, CreatedAt: instant(k.CreatedAt),
		Owner: k.Owner,
	}
	if !k.RevokedAt.IsZero() {
		r.RevokedAt = (*instant)(&k.RevokedAt)
	}
	return r
}

func (r *keyRow) key() access.Key {
	k := access.Key{
		ID: r.ID, Name: r.Name, Scope: access.Scope(r.Scope), Hash: r.Hash, Hint: r.Hint, CreatedAt: r.CreatedAt.time(),
		Owner: r.Owner,
	}
	if r.RevokedAt != nil {
		k.RevokedAt = r.RevokedAt.time()
	}
	return k
}

// CreateKey is described at ports.KeyRepository.
func (r *KeyRepository) CreateKey(ctx context.Context, key access.Key) error {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	stored := keyRowOf(key)
	_, err := r.db.write.NewInsert().Model(&stored).Exec(ctx)
	if r.db.dialect.violated(err) == uniqueColumn {
		err = fmt.Errorf("%w: %w", access.ErrNameTaken, err)
	}
	return r.db.explain(ctx, "create API key "+key.Name, err)
}

// FindKey is described at ports.KeyRepository.
func (r *KeyRepository) FindKey(ctx context.Context, hash string) (access.Key, error) {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	var found keyRow
	err := r.db.retryRead(ctx, func() error {
		return r.db.read.NewSelect().Model(&found).Where("k.hash = ? AND k.revoked_at IS NULL", hash).
			Where("k.owner IS NULL OR EXISTS (SELECT 1 FROM accounts AS a WHERE a.id = k.owner)").Scan(ctx)
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = access.ErrUnknownKey
	}
	if err != nil {
		return access.Key{}, r.db.explain(ctx, "find API key", err)
	}
	return found.key(), nil
}

// ListKeys is described at ports.KeyRepository.
func (r *KeyRepository) ListKeys(ctx context.Context) ([]access.Key, error) {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	var rows []keyRow
	if err := r.db.read.NewSelect().Model(&rows).Order("k.created_at", "k.name").Scan(ctx); err != nil {
		return nil, r.db.explain(ctx, "list API keys", err)
	}
	keys := make([]access.Key, len(rows))
	for i := range rows {
		keys[i] = rows[i].key()
	}
	return keys, nil
}

// RevokeKey is described at ports.KeyRepository.
func (r *KeyRepository) RevokeKey(ctx context.Context, name string, at time.Time) error {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	result, err := r.db.write.NewUpdate().Model((*keyRow)(nil)).
		Set("revoked_at = ?", instant(at)).Where("k.name = ? AND k.revoked_at IS NULL", name).Exec(ctx)
	if err == nil {
		var revoked int64
		if revoked, err = result.RowsAffected(); err == nil && revoked == 0 {
			err = access.ErrUnknownKey
		}
	}
	return r.db.explain(ctx, "revoke API key "+name, err)
}

// HandOverKeys is described at ports.KeyRepository.
func (r *KeyRepository) HandOverKeys(ctx context.Context, from, to string) error {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	_, err := r.db.write.NewUpdate().Model((*keyRow)(nil)).Set("owner = ?", to).Where("k.owner = ?", from).Exec(ctx)
	return r.db.explain(ctx, "hand over the API keys of account "+from, err)
}
