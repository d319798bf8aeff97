package bunstore

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/ports"
)

// SigningKeyRepository is a ports.SigningKeyRepository over a database whose schema is up to date.
type SigningKeyRepository struct{ db *DB }

var _ ports.SigningKeyRepository = (*SigningKeyRepository)(nil)

type signingKeyRow struct {
	bun.BaseModel `bun:"table:signing_keys,alias:k"`

	ID        string  `bun:"id,pk"`
	Secret    []byte  `bun:"secret"`
	CreatedAt instant `bun:"created_at"`
}

// RotateSigningKeys is described at ports.SigningKeyRepository.
func (r *SigningKeyRepository) RotateSigningKeys(
	ctx context.Context, next ports.SigningKey, renewed, expired time.Time,
) (keys []ports.SigningKey, err error) {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	err = r.db.retryRead(ctx, func() (err error) { keys, err = signingKeys(ctx, r.db.read); return err })
	if err == nil && !settled(keys, renewed, expired) {
		err = r.db.atomically(ctx, func(ctx context.Context, tx bun.IDB) (err error) {
			keys, err = r.rotate(ctx, tx, next, renewed, expired)
			return err
		})
	}
	if err != nil {
		return nil, r.db.explain(ctx, "rotate signing keys", err)
	}
	return keys, nil
}

// rotate adds and removes keys while no other process can.
func (r *SigningKeyRepository) rotate(
	ctx context.Context, tx bun.IDB, next ports.SigningKey, renewed, expired time.Time,
) ([]ports.SigningKey, error) {
	if err := r.db.dialect.lockTable(ctx, tx, "signing_keys"); err != nil {
		return nil, err
	}
	_, err := tx.NewDelete().Model((*signingKeyRow)(nil)).Where("created_at < ?", instant(expired)).Exec(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := signingKeys(ctx, tx)
	if err != nil || settled(keys, renewed, expired) {
		return keys, err
	}
	row := signingKeyRow{ID: next.ID, Secret: next.Secret, CreatedAt: instant(next.CreatedAt)}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return nil, err
	}
	return signingKeys(ctx, tx)
}

// settled reports whether the keys, newest first, need no change.
func settled(keys []ports.SigningKey, renewed, expired time.Time) bool {
	return len(keys) > 0 && !keys[0].CreatedAt.Before(renewed) && !keys[len(keys)-1].CreatedAt.Before(expired)
}

func signingKeys(ctx context.Context, db bun.IDB) ([]ports.SigningKey, error) {
	var rows []signingKeyRow
	if err := db.NewSelect().Model(&rows).Order("k.created_at DESC", "k.id").Scan(ctx); err != nil {
		return nil, err
	}
	keys := make([]ports.SigningKey, len(rows))
	for i := range rows {
		keys[i] = ports.SigningKey{ID: rows[i].ID, Secret: rows[i].Secret, CreatedAt: rows[i].CreatedAt.time()}
	}
	return keys, nil
}
