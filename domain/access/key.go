// Package access knows who may write: API keys, their scopes, and how a key is recognised without being kept; accounts,
// their roles, and what a name and a password have to be. It is pure: randomness and time arrive as arguments.
package access

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Scope says what the holder of a key may do.
type Scope string

// ScopeWrite may change listings; ScopeAdmin may do that and steer the service (purge caches).
const (
	ScopeWrite Scope = "write"
	ScopeAdmin Scope = "admin"
)

// Allows reports whether the scope includes the other one.
func (s Scope) Allows(needed Scope) bool { return s == ScopeAdmin || s == needed }

// What can be wrong with a key.
var (
	// ErrUnknownKey says that no key in force has this secret.
	ErrUnknownKey = errors.New("no such API key, or it has ended")
	// ErrNameTaken says that a key of that name exists, be it in force or revoked.
	ErrNameTaken = errors.New("an API key of that name exists")
	// ErrInvalidKey says that a key's name or scope breaks a rule.
	ErrInvalidKey = errors.New("invalid API key")
)

// Key is what is kept of an API key: never the secret itself.
type Key struct {
	ID        string // UUID text
	Name      string // 1 to 100 characters, none of them a control character; unique
	Scope     Scope
	Hash      string // HashSecret of the secret
	Hint      string // the secret's last four characters
	CreatedAt time.Time
	RevokedAt time.Time // zero unless the key has been revoked
	// Owner is the id of the account whose key it is: the key ends with that account. "" for a key that belongs to nobody
	// and ends when it is revoked.
	Owner string
}

// OwnerAmong finds the key's owner in a list of all accounts. It returns false when the owner has gone, and the key is
// therefore not in force, whether revoked or not.
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
	// SecretBytes is how many random bytes a secret is made of.
	SecretBytes = 32
	maxName     = 100
)

// NewKey makes a key and its secret, "gable_" and 43 characters, from SecretBytes random bytes. The error is
// ErrInvalidKey, wrapped.
func NewKey(id, name string, scope Scope, random [SecretBytes]byte, now time.Time) (Key, string, error) {
	name = strings.TrimSpace(name)
	n := utf8.RuneCountInString(name)
	if n < 1 || n > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return Key{}, "",
			errors.Join(ErrInvalidKey, errors.New("a name has 1 to 100 characters, control characters not among them"))
	}
	if scope != ScopeWrite && scope != ScopeAdmin {
		return Key{}, "", errors.Join(ErrInvalidKey, errors.New("a scope is write or admin"))
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

// LooksLikeSecret reports whether a text has the shape of a secret, so that nonsense costs no look-up.
func LooksLikeSecret(text string) bool {
	return strings.HasPrefix(text, secretPrefix) && len(text) == len(secretPrefix)+base64.RawURLEncoding.EncodedLen(SecretBytes)
}
