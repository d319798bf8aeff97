package access

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Role is what the holder of an account may do.
type Role string

// The roles. RoleEditor may change listings. RoleAdministrator may also operate the service, and manage accounts and
// keys.
const (
	RoleAdministrator Role = "administrator"
	RoleEditor        Role = "editor"
)

// Roles returns all roles, the one with the most rights first.
func Roles() []Role { return []Role{RoleAdministrator, RoleEditor} }

// Known reports whether the role exists.
func (r Role) Known() bool { return slices.Contains(Roles(), r) }

// Allows reports whether the role includes the needed one.
func (r Role) Allows(needed Role) bool {
	return needed.Known() && (r == RoleAdministrator || r == needed)
}

// The errors of accounts and of signing in.
var (
	// ErrUnknownAccount means that no account has this name or id.
	ErrUnknownAccount = errors.New("no such account")
	// ErrAccountNameTaken means that an account of this name exists.
	ErrAccountNameTaken = errors.New("an account of that name exists")
	// ErrInvalidAccount means that an account breaks a rule; an *InvalidAccountError around it names the rule.
	ErrInvalidAccount = errors.New("invalid account")
	// ErrLastAdministrator means that no administrator would be left to manage accounts.
	ErrLastAdministrator = errors.New("this is the last administrator; make another one first")
	// ErrWrongCredentials is the only error of a refused sign-in, whether or not the account exists.
	ErrWrongCredentials = errors.New("the name or the password is wrong")
	// ErrUnknownSession means that the session does not exist: it has ended, or never began.
	ErrUnknownSession = errors.New("no such session")
)

// InvalidAccountError is what is wrong with one field of an account. It is an ErrInvalidAccount.
type InvalidAccountError struct {
	Field string // "name", "password" or "role"
	// Reason completes the sentence "The password …": it starts with a lower-case letter and has no full stop.
	Reason string
}

// Error names the field and the reason in one line.
func (e *InvalidAccountError) Error() string {
	return fmt.Sprintf("%v: the %s %s", ErrInvalidAccount, e.Field, e.Reason)
}

// Unwrap returns ErrInvalidAccount.
func (*InvalidAccountError) Unwrap() error { return ErrInvalidAccount }

// ThrottledError means too many wrong passwords for this name, or from this address, to accept another attempt now.
type ThrottledError struct {
	RetryAfter time.Duration // the wait until the next attempt is accepted; more than 0
}

// Error states how long to wait, in whole seconds.
func (e *ThrottledError) Error() string {
	const up = time.Second - 1
	return fmt.Sprintf("too many attempts; try again in %s", (e.RetryAfter + up).Truncate(time.Second))
}

// Account is a person who signs in with a name and a password. Only a hash of the password is stored.
type Account struct {
	ID                string // UUID text
	Name              string // as AccountName returns it, unique
	Role              Role
	PasswordHash      string // the password hasher's hash of the password
	CreatedAt         time.Time
	PasswordChangedAt time.Time
	FactorSecret      string // NewFactorSecret, shared with an authenticator app; "" without a second factor
	FactorStep        int64  // the last time step whose code was used
}

// HasSecondFactor reports whether the account also needs a code to sign in.
func (a *Account) HasSecondFactor() bool { return a.FactorSecret != "" }

// Visitor is the origin of a sign-in.
type Visitor struct {
	Address string // the client's, with or without a port
	Browser string // the browser's token, as NewBrowserToken makes it; "" or nonsense when it has none
}

// NewBrowserToken makes the token of a browser from random bytes.
func NewBrowserToken(random [SecretBytes]byte) string {
	return base64.RawURLEncoding.EncodeToString(random[:])
}

// LooksLikeBrowserToken reports whether a text has the shape of a browser's token, so that nonsense costs no
// lookup.
func LooksLikeBrowserToken(text string) bool {
	return len(text) == base64.RawURLEncoding.EncodedLen(SecretBytes)
}

const maxAccountName = 64

// NewAccount makes an account without its PasswordHash: hashing takes time, and CheckPassword comes first. The
// error is an *InvalidAccountError.
func NewAccount(id, name string, role Role, now time.Time) (Account, error) {
	name, err := AccountName(name)
	if err != nil {
		return Account{}, err
	}
	if err := CheckRole(role); err != nil {
		return Account{}, err
	}
	now = now.UTC().Truncate(time.Microsecond)
	return Account{ID: id, Name: name, Role: role, CreatedAt: now, PasswordChangedAt: now}, nil
}

// AccountName is the name as it is stored and compared: in lower case, without surrounding spaces. Names are 1 to
// 64 of the letters a to z, digits and . _ - @ +. These look alike and compare alike everywhere, so that no name
// can pass for another. The error is an *InvalidAccountError.
func AccountName(name string) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case len(name) < 1 || utf8.RuneCountInString(name) > maxAccountName:
		return "", &InvalidAccountError{"name", fmt.Sprintf("must have 1 to %d characters", maxAccountName)}
	case strings.ContainsFunc(name, func(r rune) bool { return !nameRune(r) }):
		return "", &InvalidAccountError{"name", "may have only the letters a to z, digits, and . _ - @ +"}
	}
	return strings.ToLower(name), nil
}

func nameRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("._-@+", r)
}

// CheckRole returns an *InvalidAccountError when the role does not exist.
func CheckRole(role Role) error {
	if role.Known() {
		return nil
	}
	return &InvalidAccountError{"role", fmt.Sprintf("must be %s or %s", RoleAdministrator, RoleEditor)}
}
