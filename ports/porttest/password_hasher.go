package porttest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gable-listings/gable/ports"
)

// PasswordHasher checks the promises of ports.PasswordHasher that are visible from outside. It does not check the
// cost of hashing, nor how much of it is done at once. newHasher returns an idle hasher at each call.
func PasswordHasher(t *testing.T, newHasher func(t *testing.T) ports.PasswordHasher) {
	runCases(t, hasherCases, func(t *testing.T) mill { return mill{t, newHasher(t)} })
}

// mill is a password hasher under test with the steps that cases are made of.
type mill struct {
	t      reporter
	hasher ports.PasswordHasher
}

func (m mill) hash(password string) string {
	m.t.Helper()
	hash, err := m.hasher.Hash(m.t.Context(), password)
	if err != nil || hash == "" {
		m.t.Fatalf("hash %q: %q, %v", password, hash, err)
	}
	return hash
}

func (m mill) want(right bool, password, hash string) {
	m.t.Helper()
	if got, err := m.hasher.Verify(m.t.Context(), password, hash); got != right || err != nil {
		m.t.Fatalf("verify %q with %q: %t, %v", password, hash, got, err)
	}
}

const passphrase = "correct horse battery staple"

var hasherCases = []suiteCase[mill]{
	{"a_password_is_recognised_by_its_hash",
		"Verify is true for the hashed password, compared byte by byte, and false for any other.", func(m mill) {
			long := strings.Repeat("a long one ", 30)
			for _, password := range []string{passphrase, "pässwörter \x00 auch", long} {
				hash := m.hash(password)
				m.want(true, password, hash)
				for _, other := range []string{"", password + " ", password[:len(password)-1], strings.ToUpper(password)} {
					m.want(false, other, hash)
				}
			}
		}},
	{"a_hash_differs_each_time", "Hash of one password returns another text each time, and all of them verify.",
		func(m mill) {
			first, second := m.hash(passphrase), m.hash(passphrase)
			if first == second {
				m.t.Fatalf("one password has the same hash twice: %s", first)
			}
			m.want(true, passphrase, first)
			m.want(true, passphrase, second)
		}},
	{"a_hash_does_not_contain_the_password", "A hash never contains the password.", func(m mill) {
		if hash := m.hash(passphrase); strings.Contains(hash, "horse") {
			m.t.Fatalf("the hash of %q is %q", passphrase, hash)
		}
	}},
	{"an_invalid_hash_is_an_error",
		"Verify of a text that is not a hash is an error, but not ErrUnavailable.", func(m mill) {
			for _, nonsense := range []string{"", passphrase, "$", strings.Repeat("$", 5)} {
				right, err := m.hasher.Verify(m.t.Context(), passphrase, nonsense)
				if right || err == nil || errors.Is(err, ports.ErrUnavailable) {
					m.t.Fatalf("verify with %q: %t, %v", nonsense, right, err)
				}
			}
		}},
	{"a_cancelled_context_is_unavailable",
		"Hash and Verify with an ended context return ErrUnavailable, which wraps the context's own error.", func(m mill) {
			hash := m.hash(passphrase)
			ctx, cancel := context.WithCancel(m.t.Context())
			cancel()
			_, hashing := m.hasher.Hash(ctx, passphrase)
			right, verifying := m.hasher.Verify(ctx, passphrase, hash)
			for _, err := range []error{hashing, verifying} {
				if !errors.Is(err, ports.ErrUnavailable) || !errors.Is(err, context.Canceled) || right {
					m.t.Fatalf("with a cancelled context: %t, %v", right, err)
				}
			}
		}},
}
