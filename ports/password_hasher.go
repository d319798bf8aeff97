package ports

import "context"

// PasswordHasher turns passwords into hashes that may be stored. Hashing is slow on purpose, so that guessing is
// slow. The number of passwords hashed at once is bounded, and so is the number that wait: the error is
// ErrUnavailable when the queue is full for a caller of this Standing, or when the context ends first. All methods
// are safe for concurrent use.
type PasswordHasher interface {
	// Hash returns text by which Verify recognises the password. The text differs each time, and never contains the
	// password.
	Hash(ctx context.Context, password string) (string, error)

	// Verify reports whether the hash was made of exactly this password. It costs what Hash costs, whatever the
	// result. An invalid hash is an error other than ErrUnavailable.
	Verify(ctx context.Context, password, hash string) (bool, error)
}

// Standing is how well a caller of a PasswordHasher is known. Places are reserved for the better known.
type Standing int

// The standings, from the best known to the least. Without WithStanding a caller is Known.
const (
	// Known is a person who has signed in, now or before from the same browser.
	Known Standing = iota
	// Stranger is any other caller.
	Stranger
	// Suspect is a stranger for whose name, or from whose address, other passwords are being tried or were wrong
	// recently.
	Suspect
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
