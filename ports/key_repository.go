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

	// FindKey returns the key in force with this hash; access.ErrUnknownKey when there is none or it has been revoked.
	FindKey(ctx context.Context, hash string) (access.Key, error)

	// ListKeys returns all keys, revoked ones included, oldest first, ties by name.
	ListKeys(ctx context.Context) ([]access.Key, error)

	// RevokeKey ends the key of that name. The error is access.ErrUnknownKey when none of that name is in force.
	RevokeKey(ctx context.Context, name string, at time.Time) error
}
