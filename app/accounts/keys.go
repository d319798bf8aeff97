// Package accounts holds the use cases for API keys and for the accounts of people. Keys are created, authenticated,
// listed and revoked; accounts are created, sign in and change their passwords. A secret passes through here once, on
// its way to the person who asked for it; secrets and passwords are never stored, logged or shown again.
package accounts

import (
	"context"
	"time"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// Options supply identity, time and randomness.
type Options struct {
	NewID func() property.ID
	Now   func() time.Time
	// Random fills the bytes from a source fit for secrets, as crypto/rand.Read does, and cannot fail.
	Random func(p []byte)
}

// Keys are the use cases for API keys. Safe for concurrent use.
type Keys struct {
	repository ports.KeyRepository
	options    Options
}

// NewKeys makes the use cases over a repository. All options are needed.
func NewKeys(repository ports.KeyRepository, o Options) *Keys {
	return &Keys{repository: repository, options: o}
}

// Create stores a new key and returns it with its secret, which cannot be read again. The key ends with the account
// that owns it; with an empty owner it ends when it is revoked. Errors: access.ErrInvalidKey, access.ErrNameTaken,
// ports.ErrUnavailable.
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

// Authenticate returns the key in force that has this secret. Errors: access.ErrUnknownKey, without the reason;
// ports.ErrUnavailable when the store does not answer.
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
