// Package passwords hashes passwords with argon2id. A hash that makes guessing expensive makes a flood of sign-ins
// expensive too, so few passwords are hashed at once and few wait: a hundred at a time would take gigabytes. The
// package stores nothing and has no notion of accounts.
package passwords

import (
	"context"
	"fmt"
	"runtime"

	"github.com/alexedwards/argon2id"

	"github.com/gable-listings/gable/ports"
)

// parameters exceed the minimum of the OWASP password storage cheat sheet (19 MiB, 2 passes, 1 lane), and take some
// 60 ms. With one lane, each hashing stays on one processor.
var parameters = &argon2id.Params{Memory: 32 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// waitingEach is how many may wait for each running hashing. The longest wait is then not much more than a second.
const waitingEach = 20

// Hasher is a ports.PasswordHasher. A hash is the usual text, $argon2id$v=19$m=…,t=…,p=…$salt$key, and is
// verified with the parameters it names.
type Hasher struct{ gate *gate }

var _ ports.PasswordHasher = (*Hasher)(nil)

// New makes a hasher that uses at most half of the processors, but at least one, and 32 MiB on each.
func New() *Hasher { return &Hasher{newGate(atOnce(), waitingEach*atOnce())} }

func atOnce() int { return max(1, runtime.GOMAXPROCS(0)/2) }

// MaxBytes returns the most memory that a Hasher takes.
func MaxBytes() int64 { return int64(atOnce()) * int64(parameters.Memory) << 10 }

// Hash implements ports.PasswordHasher.
func (h *Hasher) Hash(ctx context.Context, password string) (hash string, err error) {
	if refused := h.gate.pass(ctx, func() { hash, err = argon2id.CreateHash(password, parameters) }); refused != nil {
		err = refused
	}
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// Verify implements ports.PasswordHasher.
func (h *Hasher) Verify(ctx context.Context, password, hash string) (right bool, err error) {
	refused := h.gate.pass(ctx, func() { right, err = argon2id.ComparePasswordAndHash(password, hash) })
	if refused != nil {
		err = refused
	}
	if err != nil {
		return false, fmt.Errorf("verify a password: %w", err)
	}
	return right, nil
}
