package ports

import "context"

// PasswordHasher turns passwords into what may be kept of them. Hashing is slow on purpose, so that guessing is; how many
// passwords are hashed at once is bounded, and whoever cannot be served soon, or whose context ends while they wait, is
// told ErrUnavailable. All methods are safe for concurrent use.
type PasswordHasher interface {
	// Hash returns text that Verify recognises the password by. It is another one each time, and never holds the password.
	Hash(ctx context.Context, password string) (string, error)

	// Verify reports whether the password is the one, to the byte, that the hash was made of. It costs what Hash costs,
	// whatever the answer. What is no hash is an error, and no ErrUnavailable.
	Verify(ctx context.Context, password, hash string) (bool, error)
}
