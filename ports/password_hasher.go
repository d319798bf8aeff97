package ports

import "context"

// PasswordHasher turns passwords into what may be kept of them. Hashing is slow on purpose, so that guessing is; how
// many passwords are hashed at once is bounded, and so is how many wait: the error is ErrUnavailable when there is no
// place for a caller of this Standing, or when the context ends first. All methods are safe for concurrent use.
type PasswordHasher interface {
	// Hash returns text that Verify recognises the password by. It is another one each time, and never holds the password.
	Hash(ctx context.Context, password string) (string, error)

	// Verify reports whether the password is the one, to the byte, that the hash was made of. It costs what Hash costs,
	// whatever the answer. What is no hash is an error, and no ErrUnavailable.
	Verify(ctx context.Context, password, hash string) (bool, error)
}

// Standing says how well a caller of a PasswordHasher is known. The better known have places that others cannot take.
type Standing int

// From the best known to the least. Without WithStanding a caller is Known.
const (
	// Known is somebody who has signed in, now or before from the same browser.
	Known Standing = iota
	// Stranger is anybody else.
	Stranger
	// Doubtful is a stranger for whose name, or from whose address, other passwords are being tried or were wrong
	// lately.
	Doubtful
)

type standingKey struct{}

// WithStanding returns a context in which passwords are hashed for a caller of this standing.
func WithStanding(ctx context.Context, s Standing) context.Context {
	return context.WithValue(ctx, standingKey{}, s)
}

// StandingOf returns the caller's standing.
func StandingOf(ctx context.Context) Standing {
	s, _ := ctx.Value(standingKey{}).(Standing)
	return s
}
