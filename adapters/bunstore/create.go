package bunstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// idempotencyRow is a row of idempotency_keys. Response is the listing as the first request stored it, in the JSON of
// an image.
type idempotencyRow struct {
	bun.BaseModel `bun:"table:idempotency_keys,alias:k"`

	Owner      string `bun:"api_key_id,pk"`
	Key        string `bun:"key,pk"`
	Request    string `bun:"request_hash"`
	PropertyID uuid   `bun:"property_id"`
	Response   string `bun:"response"`
}

// keyBatch is how many idempotency keys are pruned in one statement: few enough not to slow down others.
const keyBatch = 5_000

// PruneIdempotencyKeys is described at ports.IdempotencyKeyRepository.
func (r *PropertyRepository) PruneIdempotencyKeys(ctx context.Context, before time.Time) (int64, error) {
	var total int64
	for {
		removed, err := r.pruneKeys(ctx, instant(before))
		total += removed
		if removed < keyBatch || err != nil {
			return total, err
		}
	}
}

func (r *PropertyRepository) pruneKeys(ctx context.Context, before instant) (removed int64, err error) {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	oldest := r.db.write.NewSelect().Model((*idempotencyRow)(nil)).Column("api_key_id", "key").
		Where("k.created_at < ?", before).Order("k.created_at").Limit(keyBatch)
	err = r.db.retryWrite(ctx, func() error {
		result, err := r.db.write.NewDelete().Model((*idempotencyRow)(nil)).
			Where("(api_key_id, key) IN (?)", oldest).Exec(ctx)
		if err == nil {
			removed, err = result.RowsAffected()
		}
		return err
	})
	return removed, r.db.explain(ctx, "prune idempotency keys", err)
}

// Create is described at ports.PropertyRepository.
func (r *PropertyRepository) Create(
	ctx context.Context, p property.Property, key *ports.IdempotencyKey,
) (ports.Creation, error) {
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	var creation ports.Creation
	var err error
	if key == nil {
		err = r.db.singly(ctx, func(ctx context.Context, tx bun.IDB) (err error) {
			creation.Change, err = r.db.dialect.insert(ctx, tx, p)
			return err
		})
	} else {
		err = r.db.atomically(ctx, func(ctx context.Context, tx bun.IDB) (err error) {
			creation, err = r.createOnce(ctx, tx, p, key)
			return err
		})
	}
	if err != nil {
		return ports.Creation{}, r.db.explain(ctx, "create property "+p.ID.String(), r.db.domainError(err))
	}
	r.db.recordCommit(ctx, creation.Change.Tx)
	return creation, nil
}

// createOnce stores the key before the listing. A second request with the same key waits there until the first has
// ended, and then finds its result.
func (r *PropertyRepository) createOnce(
	ctx context.Context, tx bun.IDB, p property.Property, key *ports.IdempotencyKey,
) (ports.Creation, error) {
	use := idempotencyRow{Owner: key.Owner, Key: key.Key, Request: key.Request, PropertyID: uuid(p.ID)}
	result, err := tx.NewInsert().Model(&use).On("CONFLICT DO NOTHING").Exec(ctx)
	if err != nil {
		return ports.Creation{}, fmt.Errorf("store idempotency key: %w", err)
	}
	if stored, err := result.RowsAffected(); err != nil || stored == 0 {
		return replay(ctx, tx, use, err)
	}
	change, err := r.db.dialect.insert(ctx, tx, p)
	if err != nil {
		return ports.Creation{}, err
	}
	response, err := json.Marshal(rowOf(*change.After))
	if err != nil {
		return ports.Creation{}, err
	}
	use.Response = string(response)
	_, err = tx.NewUpdate().Model(&use).Column("response").WherePK().Exec(ctx)
	return ports.Creation{Change: change}, err
}

// replay answers with what the first request with this key stored.
func replay(ctx context.Context, tx bun.IDB, use idempotencyRow, err error) (ports.Creation, error) {
	if err != nil {
		return ports.Creation{}, err
	}
	first := idempotencyRow{Owner: use.Owner, Key: use.Key}
	if err := tx.NewSelect().Model(&first).WherePK().Scan(ctx); err != nil {
		return ports.Creation{}, fmt.Errorf("read idempotency key: %w", err)
	}
	if first.Request != use.Request {
		return ports.Creation{}, ports.ErrIdempotencyKeyReused
	}
	var stored image
	if _ = stored.Scan(first.Response); stored.broken != nil {
		return ports.Creation{}, stored.broken
	}
	return ports.Creation{Change: property.Inserted(0, *stored.property()), Replayed: true}, nil
}
