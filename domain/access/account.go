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

// Role says what the holder of an account may do.
type Role string

// RoleEditor may change listings; RoleAdministrator may do that, steer the service, and look after accounts and keys.
const (
	RoleAdministrator Role = "administrator"
	RoleEditor        Role = "editor"
)

// Roles are all roles there are, the one that may do most first.
func Roles() []Role { return []Role{RoleAdministrator, RoleEditor} }

// Known reports whether there is such a role.
func (r Role) Known() bool { return slices.Contains(Roles(), r) }

// Allows reports whether the role includes the other one.
func (r Role) Allows(needed Role) bool {
	return needed.Known() && (r == RoleAdministrator || r == needed)
}

// What can be wrong with an account or with signing in.
var (
	// ErrUnknownAccount says that there is no account of that name or id.
	ErrUnknownAccount = errors.New("no such account")
	// ErrAccountNameTaken says that an account of that name exists.
	ErrAccountNameTaken = errors.New("an account of that name exists")
	// ErrInvalidAccount says that an account breaks a rule; an *InvalidAccountError around it says which.
	ErrInvalidAccount = errors.New("invalid account")
	// ErrLastAdministrator says that nobody would be left to look after accounts.
	ErrLastAdministrator = errors.New("this is the last administrator; make another one first")
	// ErrWrongCredentials is all that somebody is told who cannot sign in, whether or not there is such an account.
	ErrWrongCredentials = errors.New("the name or the password is wrong")
	// ErrUnknownSession says that there is no such session: it has ended, or never was.
	ErrUnknownSession = errors.New("no such session")
)

// InvalidAccountError says what is wrong with one field of an account. It is an ErrInvalidAccount.
type InvalidAccountError struct {
	Field string // "name", "password" or "role"
	// Reason completes the sentence "The password …": it starts small and has no full stop.
	Reason string
}

// Error names the field and the reason in one line.
func (e *InvalidAccountError) Error() string {
	return fmt.Sprintf("%v: the %s %s", ErrInvalidAccount, e.Field, e.Reason)
}

// Unwrap is ErrInvalidAccount.
func (*InvalidAccountError) Unwrap() error { return ErrInvalidAccount }

// ThrottledError says that there were too many wrong passwords for this name, or from this address, to try another one now.
type ThrottledError struct {
	RetryAfter time.Duration // when the next attempt will be looked at; more than 0
}

// Error says how long to wait, in whole seconds.
func (e *ThrottledError) Error() string {
	const up = time.Second - 1
	return fmt.Sprintf("too many attempts; try again in %s", (e.RetryAfter + up).Truncate(time.Second))
}

// Account is somebody who signs in with a name and a password. The password itself is not kept.
type Account struct {
	ID                string // UUID text
	Name              string // as AccountName returns it, unique
	Role              Role
	PasswordHash      string // what a password hasher made of the password
	CreatedAt         time.Time
	PasswordChangedAt time.Time
	FactorSecret      string // NewFactorSecret, shared with an authenticator app; "" without a second factor
	FactorStep        int64  // the last step of time whose code was used
}

// HasSecondFactor reports whether the account's owner signs in with a code, too.
func (a *Account) HasSecondFactor() bool { return a.FactorSecret != "" }

// Visitor is where somebody signs in from.
type Visitor struct {
	Address string // the client's, with or without a port
	Browser string // the token by which the browser is remembered, as NewBrowserToken makes it; "" or nonsense for none
}

// NewBrowserToken makes the token of a browser from random bytes.
func NewBrowserToken(random [SecretBytes]byte) string {
	return base64.RawURLEncoding.EncodeToString(random[:])
}

// LooksLikeBrowserToken reports whether a text has the shape of a browser's token, so that nonsense costs no look-up.
func LooksLikeBrowserToken(text string) bool {
	return len(text) == base64.RawURLEncoding.EncodedLen(SecretBytes)
}

const maxAccountName = 64

// NewAccount makes an account, all but its PasswordHash: hashing takes time, and CheckPassword comes first. The error is an
// *InvalidAccountError.
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

// AccountName is the name as it is kept and compared: in lower case, without spaces around it. Names are 1 to 64 of the
// letters a to z, digits and . _ - @ +, which look alike and compare alike everywhere, so that no name can pass for
// another. The error is an *InvalidAccountError.
func AccountName(name string) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case len(name) < 1 || utf8.RuneCountInString(name) > maxAccountName:
		return "", &InvalidAccountError{"name", fmt.Sprintf("must have 1 to %d characters", maxAccountName)}
	case strings.ContainsFunc(name, func(r rune) bool { return !nameRune(r) }):
		return "", &InvalidAccountError{"name", "may have the letters a to z, digits, and . _ - @ + only"}
	}
	return strings.ToLower(name), nil
}

func nameRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("._-@+", r)
}

// CheckRole returns an *InvalidAccountError when there is no such role.
func CheckRole(role Role) error {
	if role.Known() {
		return nil
	}
	return &InvalidAccountError{"role", fmt.Sprintf("must be %s or %s", RoleAdministrator, RoleEditor)}
}
