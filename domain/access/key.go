// Package access has the rules of write access: API keys and their scopes, accounts, their roles and passwords. A
// key is recognised by a hash; its secret is never stored. The package is pure: randomness and time arrive as
// arguments.
package access

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Scope is what the holder of a key may do.
type Scope string

// The scopes. ScopeWrite may change listings; ScopeAdmin may also operate the service (purge caches).
const (
	ScopeWrite Scope = "write"
	ScopeAdmin Scope = "admin"
)

// Allows reports whether the scope includes the needed one.
func (s Scope) Allows(needed Scope) bool { return s == ScopeAdmin || s == needed }

// The errors of API keys.
var (
	// ErrUnknownKey means that no key in force has this secret.
	ErrUnknownKey = errors.New("no such API key, or it has ended")
	// ErrNameTaken means that a key of this name exists, in force or revoked.
	ErrNameTaken = errors.New("an API key of that name exists")
	// ErrInvalidKey means that a key's name or scope breaks a rule.
	ErrInvalidKey = errors.New("invalid API key")
)

// Key is the stored form of an API key, without the secret.
type Key struct {
	ID        string // UUID text
	Name      string // 1 to 100 characters, none of them a control character; unique
	Scope     Scope
	Hash      string // HashSecret of the secret
	Hint      string // the secret's last four characters
	CreatedAt time.Time
	RevokedAt time.Time // zero unless the key has been revoked
	// Owner is the id of the account that owns the key: the key ends with that account. "" for a key without an
	// owner, which ends when it is revoked.
	Owner string
}

// OwnerAmong finds the key's owner in a list of all accounts. It returns false when the owner's account no longer
// exists: such a key is not in force, whether revoked or not.
func (k Key) OwnerAmong(accounts []Account) (name string, found bool) {
	if k.Owner == "" {
		return "", true
	}
	for _, a := range accounts {
		if a.ID == k.Owner {
			return a.Name, true
		}
	}
	return "", false
}

const (
	secretPrefix = "gable_"
	// SecretBytes is the number of random bytes in a secret.
	SecretBytes = 32
	maxName     = 100
)

// NewKey makes a key and its secret, "gable_" and 43 characters, from SecretBytes random bytes. The error wraps
// ErrInvalidKey.
func NewKey(id, name string, scope Scope, random [SecretBytes]byte, now time.Time) (Key, string, error) {
	name = strings.TrimSpace(name)
	n := utf8.RuneCountInString(name)
	if n < 1 || n > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return Key{}, "", fmt.Errorf("%w: the name must have 1 to 100 characters and no control characters", ErrInvalidKey)
	}
	if scope != ScopeWrite && scope != ScopeAdmin {
		return Key{}, "", fmt.Errorf("%w: the scope must be write or admin", ErrInvalidKey)
	}
	secret := secretPrefix + base64.RawURLEncoding.EncodeToString(random[:])
	key := Key{
		ID: id, Name: name, Scope: scope, Hash: HashSecret(secret), Hint: secret[len(secret)-4:],
		CreatedAt: now.UTC().Truncate(time.Microsecond),
	}
	return key, secret, nil
}

// HashSecret is the SHA-256 of a secret in hexadecimal digits. A secret has 256 random bits, so a fast hash is safe.
func HashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// LooksLikeSecret reports whether a text has the shape of a secret, so that nonsense costs no lookup.
func LooksLikeSecret(text string) bool {
	return strings.HasPrefix(text, secretPrefix) &&
		len(text) == len(secretPrefix)+base64.RawURLEncoding.EncodedLen(SecretBytes)
}
