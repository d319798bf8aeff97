package cached

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gable-listings/gable/ports"
)

// Keyring holds the keys that sign cached records. The newest key signs, and all of them are accepted. It is safe for
// concurrent use.
type Keyring struct {
	store   ports.SigningKeyRepository // nil for OwnKeyring
	ttl     time.Duration
	keys    atomic.Pointer[[]*signingKey] // newest first
	unknown chan struct{}                 // has an element after a record with an unknown key
}

// signingKey is a key that is ready for use.
type signingKey struct {
	id   string
	aead cipher.AEAD
}

const (
	signingKeyID  = ports.SigningKeyIDLength
	signatureSize = 12 + 16 // the nonce and the tag of AES-GCM
	// A key signs for a day. With random nonces a key may sign 2^32 records, 50,000 in each second of a day.
	signingPeriod = 24 * time.Hour
	// signingMargin is how much longer than necessary a key is accepted, for processes that are late to read a newer one.
	signingMargin = time.Hour
)

// OwnKeyring makes a keyring with one random key, for a cache that belongs to this process alone.
func OwnKeyring() *Keyring {
	k := &Keyring{unknown: make(chan struct{}, 1)}
	_ = k.use([]ports.SigningKey{newSigningKey()}) // its own key has the right length
	return k
}

// NewKeyring makes a keyring without keys, for a cache that several processes share. Refresh loads the keys; without a
// key nothing is cached and no cached record is used. ttl is the longest time that a record is cached.
func NewKeyring(store ports.SigningKeyRepository, ttl time.Duration) *Keyring {
	k := &Keyring{store: store, ttl: ttl, unknown: make(chan struct{}, 1)}
	_ = k.use(nil) // no key can be wrong
	return k
}

// Refresh reads the keys from the store. When the newest is a day old Refresh adds a new one, and it removes keys whose
// records have all expired. After an error the keyring holds the keys that it had before.
func (k *Keyring) Refresh(ctx context.Context) error {
	if k.store == nil {
		return nil
	}
	now := time.Now()
	renew := now.Add(-signingPeriod)
	keys, err := k.store.RotateSigningKeys(ctx, newSigningKey(), renew, renew.Add(-k.ttl-signingMargin))
	if err != nil {
		return fmt.Errorf("read the signing keys of the cache: %w", err)
	}
	return k.use(keys)
}

// Unknown delivers an element when a record was signed with an unknown key: another process may have made the key since
// the last Refresh.
func (k *Keyring) Unknown() <-chan struct{} { return k.unknown }

// use replaces the keys.
func (k *Keyring) use(keys []ports.SigningKey) error {
	ready := make([]*signingKey, len(keys))
	for i := range keys {
		block, err := aes.NewCipher(keys[i].Secret)
		if err != nil {
			return fmt.Errorf("use the signing key %s: %w", keys[i].ID, err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return fmt.Errorf("use the signing key %s: %w", keys[i].ID, err)
		}
		ready[i] = &signingKey{keys[i].ID, aead}
	}
	k.keys.Store(&ready)
	return nil
}

// newest returns the key that signs, or nil without keys.
func (k *Keyring) newest() *signingKey {
	if keys := *k.keys.Load(); len(keys) > 0 {
		return keys[0]
	}
	return nil
}

// find returns the key with the id, or nil. A missing key is reported through Unknown.
func (k *Keyring) find(id []byte) *signingKey {
	for _, key := range *k.keys.Load() { // two or three
		if key.id == string(id) {
			return key
		}
	}
	select {
	case k.unknown <- struct{}{}:
	default:
	}
	return nil
}

func newSigningKey() ports.SigningKey {
	key := ports.SigningKey{
		ID: rand.Text()[:signingKeyID], Secret: make([]byte, ports.SigningSecretLength), CreatedAt: time.Now(),
	}
	_, _ = rand.Read(key.Secret) // never fails
	return key
}
