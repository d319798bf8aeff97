package ports

import (
	"context"
	"time"

	"github.com/gable-listings/gable/domain/access"
)

// KeyRepository stores API keys. All methods are safe for concurrent use and report an outage as ErrUnavailable.
type KeyRepository interface {
	// CreateKey stores a key. The error is access.ErrNameTaken when the name exists.
	CreateKey(ctx context.Context, key access.Key) error

	// FindKey returns the key in force with this hash. The error is access.ErrUnknownKey when it does not exist, is
	// revoked, or has an Owner whose account does not exist.
	FindKey(ctx context.Context, hash string) (access.Key, error)

	// ListKeys returns all keys, revoked ones included, oldest first, ties by name.
	ListKeys(ctx context.Context) ([]access.Key, error)

	// RevokeKey ends the key of that name. The error is access.ErrUnknownKey when no key in force has the name.
	RevokeKey(ctx context.Context, name string, at time.Time) error

	// HandOverKeys makes an account the Owner of all keys that another one owns. Keys without an owner stay so.
	HandOverKeys(ctx context.Context, from, to string) error
}
