package memory

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gable-listings/gable/ports"
)

// SigningKeyRepository stores signing keys. The zero value is empty and ready.
type SigningKeyRepository struct {
	mu   sync.Mutex // guards keys
	keys []ports.SigningKey
}

var _ ports.SigningKeyRepository = (*SigningKeyRepository)(nil)

// RotateSigningKeys implements ports.SigningKeyRepository.
func (r *SigningKeyRepository) RotateSigningKeys(
	ctx context.Context, next ports.SigningKey, renewed, expired time.Time,
) ([]ports.SigningKey, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("rotate signing keys: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = slices.DeleteFunc(r.keys, func(k ports.SigningKey) bool { return k.CreatedAt.Before(expired) })
	if !slices.ContainsFunc(r.keys, func(k ports.SigningKey) bool { return !k.CreatedAt.Before(renewed) }) {
		next.Secret, next.CreatedAt = bytes.Clone(next.Secret), stamp(next.CreatedAt)
		r.keys = append(r.keys, next)
		slices.SortStableFunc(r.keys, func(a, b ports.SigningKey) int { return b.CreatedAt.Compare(a.CreatedAt) })
	}
	return slices.Clone(r.keys), nil
}
