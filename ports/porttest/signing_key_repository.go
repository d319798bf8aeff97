package porttest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gable-listings/gable/ports"
)

// SigningKeyRepository checks that a repository keeps every promise of ports.SigningKeyRepository. newRepo returns an
// empty repository at each call.
func SigningKeyRepository(t *testing.T, newRepo func(t *testing.T) ports.SigningKeyRepository) {
	runCases(t, signingKeyCases, func(t *testing.T) mint { return mint{t, newRepo(t)} })
}

// mint is a signing key repository under test with the steps that cases are made of.
type mint struct {
	t    reporter
	repo ports.SigningKeyRepository
}

// signingKey returns the nth key, created so many hours after birth.
func signingKey(n, hours int) ports.SigningKey {
	secret := bytes.Repeat([]byte{byte(n), 0, 255, '\''}, ports.SigningSecretLength/4)
	return ports.SigningKey{
		ID: fmt.Sprintf("KEY%0*d", ports.SigningKeyIDLength-3, n), Secret: secret,
		CreatedAt: birth.Add(time.Duration(hours)*time.Hour + 123*time.Microsecond),
	}
}

// rotate offers a key so many hours after birth: a key lasts a day and is removed after three.
func (m mint) rotate(next ports.SigningKey, hours int) []ports.SigningKey {
	m.t.Helper()
	at := birth.Add(time.Duration(hours) * time.Hour)
	keys, err := m.repo.RotateSigningKeys(m.t.Context(), next, at.Add(-24*time.Hour), at.Add(-72*time.Hour))
	if err != nil {
		m.t.Fatalf("rotate the signing keys: %v", err)
	}
	return keys
}

func sameSigningKey(a, b ports.SigningKey) bool {
	return a.ID == b.ID && bytes.Equal(a.Secret, b.Secret) && a.CreatedAt.Equal(b.CreatedAt)
}

func (m mint) wantKeys(what string, got []ports.SigningKey, want ...ports.SigningKey) {
	m.t.Helper()
	if !slices.EqualFunc(got, want, sameSigningKey) {
		m.t.Fatalf("%s the keys are %v, want %v", what, signingKeyIDs(got), signingKeyIDs(want))
	}
}

func signingKeyIDs(keys []ports.SigningKey) (ids []string) {
	for _, k := range keys {
		ids = append(ids, k.ID)
	}
	return ids
}

var signingKeyCases = []suiteCase[mint]{
	{"the_first_key_is_stored",
		"An empty repository stores the key, and returns it to the byte and the microsecond.", func(m mint) {
			first := signingKey(1, 0)
			m.wantKeys("at first", m.rotate(first, 0), first)
		}},
	{"a_young_key_stays_alone", "While the newest key is young enough, no other is stored.", func(m mint) {
		first := signingKey(1, 0)
		m.rotate(first, 0)
		m.wantKeys("an hour later", m.rotate(signingKey(2, 1), 1), first)
		m.wantKeys("to the last moment", m.rotate(signingKey(3, 24), 24), first)
	}},
	{"an_older_key_is_joined",
		"When the newest key is too old, the next is stored; the older ones stay, newest first.", func(m mint) {
			first, second, third := signingKey(3, 0), signingKey(1, 25), signingKey(2, 50)
			m.rotate(first, 0)
			m.wantKeys("a day later", m.rotate(second, 25), second, first)
			m.wantKeys("two days later", m.rotate(third, 50), third, second, first)
		}},
	{"an_expired_key_is_removed",
		"A key that was created before the time is removed, even while another one is young.", func(m mint) {
			first, second := signingKey(1, 0), signingKey(2, 60)
			m.rotate(first, 0)
			m.rotate(second, 60)
			m.wantKeys("to the last moment", m.rotate(signingKey(3, 72), 72), second, first)
			m.wantKeys("after three days", m.rotate(signingKey(3, 73), 73), second)
			m.wantKeys("after a week", m.rotate(signingKey(4, 200), 200), signingKey(4, 200))
		}},
	{"one_of_many_is_stored", "Of several callers at once exactly one stores its key, and all get it.", func(m mint) {
		got := together(8, func(i int) []ports.SigningKey {
			keys, err := m.repo.RotateSigningKeys(m.t.Context(), signingKey(i, 0), birth.Add(-time.Hour),
				birth.Add(-2*time.Hour))
			if err != nil {
				return nil
			}
			return keys
		})
		for _, keys := range got {
			if len(keys) != 1 {
				m.t.Fatalf("a caller gets %v", signingKeyIDs(keys))
			}
			m.wantKeys("for every caller", keys, got[0]...)
		}
	}},
	{"a_caller_that_has_left_stores_nothing", "A call with a cancelled context changes nothing.", func(m mint) {
		ctx, cancel := context.WithCancel(m.t.Context())
		cancel()
		if keys, err := m.repo.RotateSigningKeys(ctx, signingKey(1, 0), birth, birth); err == nil || keys != nil {
			m.t.Fatalf("a cancelled caller gets %v, %v", signingKeyIDs(keys), err)
		}
		second := signingKey(2, 0)
		m.wantKeys("afterwards", m.rotate(second, 0), second)
	}},
}
