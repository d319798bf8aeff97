// Package accounts holds the use cases around API keys: hand one out, recognise its holder, list and revoke; and around
// accounts: make one, sign in, change a password. A secret passes through here once, on its way to the person who asked
// for it; it is never stored, logged or shown again, and nor is a password.
package accounts

import (
	"context"
	"time"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// Options bring in what must not be decided here: identity, time and randomness.
type Options struct {
	NewID func() property.ID
	Now   func() time.Time
	// Random fills the bytes from a source fit for secrets, as crypto/rand.Read does, and cannot fail.
	Random func(p []byte)
}

// Keys are the use cases. Safe for concurrent use.
type Keys struct {
	repository ports.KeyRepository
	options    Options
}

// NewKeys makes the use cases over a repository. All options are needed.
func NewKeys(repository ports.KeyRepository, o Options) *Keys {
	return &Keys{repository: repository, options: o}
}

// Create makes and stores a key and returns it with its secret, which nobody can get again. The key ends with the
// account that owns it; an empty owner is nobody, and the key ends when it is revoked. Errors: access.ErrInvalidKey,
// access.ErrNameTaken, ports.ErrUnavailable.
func (k *Keys) Create(ctx context.Context, name string, scope access.Scope, owner string) (access.Key, string, error) {
	var random [access.SecretBytes]byte
	k.options.Random(random[:])
	key, secret, err := access.NewKey(k.options.NewID().String(), name, scope, random, k.options.Now())
	if err != nil {
		return access.Key{}, "", err
	}
	key.Owner = owner
	if err := k.repository.CreateKey(ctx, key); err != nil {
		return access.Key{}, "", err
	}
	return key, secret, nil
}

// Authenticate returns the key in force that has this secret. Errors: access.ErrUnknownKey, which says nothing of why;
// ports.ErrUnavailable when nobody can tell.
func (k *Keys) Authenticate(ctx context.Context, secret string) (access.Key, error) {
	if !access.LooksLikeSecret(secret) {
		return access.Key{}, access.ErrUnknownKey
	}
	return k.repository.FindKey(ctx, access.HashSecret(secret))
}

// List returns all keys, revoked ones included, oldest first. The error is ports.ErrUnavailable.
func (k *Keys) List(ctx context.Context) ([]access.Key, error) {
	return k.repository.ListKeys(ctx)
}

// Revoke ends the key of that name, at once and for good; its name stays taken. Errors: access.ErrUnknownKey,
// ports.ErrUnavailable.
func (k *Keys) Revoke(ctx context.Context, name string) error {
	return k.repository.RevokeKey(ctx, name, k.options.Now())
}

// HandOver makes an account the owner of all keys of another one. The error is ports.ErrUnavailable.
func (k *Keys) HandOver(ctx context.Context, from, to string) error {
	return k.repository.HandOverKeys(ctx, from, to)
}
