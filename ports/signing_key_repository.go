package ports

import (
	"context"
	"time"
)

// SigningKey is a key with which the processes of a service sign their entries in a shared cache.
type SigningKey struct {
	ID        string // SigningKeyIDLength letters and digits, unique
	Secret    []byte // SigningSecretLength random bytes; never printed
	CreatedAt time.Time
}

// The lengths of a SigningKey's parts, in bytes.
const (
	SigningKeyIDLength  = 16
	SigningSecretLength = 32
)

// SigningKeyRepository stores the signing keys of a service. It is safe for concurrent use, by several processes, too,
// and reports an outage as ErrUnavailable.
type SigningKeyRepository interface {
	// RotateSigningKeys stores next, unless a stored key was created at renewed or later. It removes the keys
	// created before expired, but never next. It returns the stored keys, newest first, to the microsecond. Of
	// several callers at once one stores its key, and all of them get it.
	RotateSigningKeys(ctx context.Context, next SigningKey, renewed, expired time.Time) ([]SigningKey, error)
}
