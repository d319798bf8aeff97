package ports

import (
	"context"
	"time"

	"github.com/gable-listings/gable/domain/access"
)

// KeyRepository keeps API keys. All methods are safe for concurrent use and report an outage as ErrUnavailable.
type KeyRepository interface {
	// CreateKey stores a key. The error is access.ErrNameTaken when the name exists.
	CreateKey(ctx context.Context, key access.Key) error

	// FindKey returns the key in force with this hash. The error is access.ErrUnknownKey when there is none, when it has
	// been revoked, or when it has an Owner and there is no such account.
	FindKey(ctx context.Context, hash string) (access.Key, error)

	// ListKeys returns all keys, revoked ones included, oldest first, ties by name.
	ListKeys(ctx context.Context) ([]access.Key, error)

	// RevokeKey ends the key of that name. The error is access.ErrUnknownKey when none of that name is in force.
	RevokeKey(ctx context.Context, name string, at time.Time) error

	// HandOverKeys makes an account the Owner of all keys that another one owns. Keys that belong to nobody stay so.
	HandOverKeys(ctx context.Context, from, to string) error
}
