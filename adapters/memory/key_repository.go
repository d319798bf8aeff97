package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

// KeyRepository stores API keys in a map.
type KeyRepository struct {
	accounts *AccountRepository
	mu       sync.RWMutex // guards keys
	keys     map[string]access.Key
}

var _ ports.KeyRepository = (*KeyRepository)(nil)

// NewKeyRepository makes an empty repository for the API keys of these accounts.
func NewKeyRepository(accounts *AccountRepository) *KeyRepository {
	return &KeyRepository{accounts: accounts, keys: make(map[string]access.Key)}
}

// CreateKey implements ports.KeyRepository.
func (r *KeyRepository) CreateKey(ctx context.Context, key access.Key) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("create API key %q: %w", key.Name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, taken := r.keys[key.Name]; taken {
		return fmt.Errorf("create API key %q: %w", key.Name, access.ErrNameTaken)
	}
	r.keys[key.Name] = key
	return nil
}

// FindKey implements ports.KeyRepository.
func (r *KeyRepository) FindKey(ctx context.Context, hash string) (access.Key, error) {
	if err := ctx.Err(); err != nil {
		return access.Key{}, fmt.Errorf("find API key: %w", err)
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, key := range r.keys {
		if key.Hash != hash || !key.RevokedAt.IsZero() {
			continue
		}
		if key.Owner == "" {
			return key, nil
		}
		if _, err := r.accounts.AccountByID(ctx, key.Owner); err == nil {
			return key, nil
		}
	}
	return access.Key{}, fmt.Errorf("find API key: %w", access.ErrUnknownKey)
}

// ListKeys implements ports.KeyRepository.
func (r *KeyRepository) ListKeys(ctx context.Context) ([]access.Key, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("list API keys: %w", err)
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.SortedFunc(maps.Values(r.keys), func(a, b access.Key) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.Name, b.Name))
	}), nil
}

// RevokeKey implements ports.KeyRepository.
func (r *KeyRepository) RevokeKey(ctx context.Context, name string, at time.Time) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("revoke API key %q: %w", name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key, ok := r.keys[name]
	if !ok || !key.RevokedAt.IsZero() {
		return fmt.Errorf("revoke API key %q: %w", name, access.ErrUnknownKey)
	}
	key.RevokedAt = at.UTC().Truncate(time.Microsecond)
	r.keys[name] = key
	return nil
}

// HandOverKeys implements ports.KeyRepository.
func (r *KeyRepository) HandOverKeys(ctx context.Context, from, to string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("hand over the API keys of account %s: %w", from, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, key := range r.keys {
		if key.Owner != "" && key.Owner == from {
			key.Owner = to
			r.keys[name] = key
		}
	}
	return nil
}
