package access

import (
	"encoding/base32"
	"errors"
	"regexp"
	"slices"
	"strings"
)

// A second factor is a secret that an authenticator app shares with the service, from which both make a code of six
// digits every half minute (RFC 6238). Who has lost the app signs in with a recovery code, once each.

// What can be wrong with a second factor.
var (
	// ErrWrongCode says that a code is wrong, or has been used.
	ErrWrongCode = errors.New("the code is wrong or has been used")
	// ErrHasSecondFactor says that the account has a second factor already.
	ErrHasSecondFactor = errors.New("the account has a second factor already")
)

const (
	// FactorSecretBytes is how many random bytes a secret is made of: as many as RFC 4226 recommends.
	FactorSecretBytes = 20
	// RecoveryCodeBytes is how many random bytes a recovery code is made of: enough for a fast hash to be safe.
	RecoveryCodeBytes = 10
	// RecoveryCodes is how many recovery codes an account gets.
	RecoveryCodes = 10
)

var letters32 = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewFactorSecret makes a secret from random bytes, as authenticator apps take it.
func NewFactorSecret(random [FactorSecretBytes]byte) string {
	return letters32.EncodeToString(random[:])
}

var factorSecret = regexp.MustCompile(`^[A-Z2-7]{32}$`)

// LooksLikeFactorSecret reports whether a text has the shape of a secret.
func LooksLikeFactorSecret(text string) bool { return factorSecret.MatchString(text) }

// NewRecoveryCode makes a recovery code from random bytes, like abcd-efgh-ijkl-mnop.
func NewRecoveryCode(random [RecoveryCodeBytes]byte) string {
	text := strings.ToLower(letters32.EncodeToString(random[:]))
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
}

// HashRecoveryCode is the hash of a recovery code, however it is typed.
func HashRecoveryCode(code string) string {
	return HashSecret(strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code)))
}

// FactorRule says whose accounts need a second factor.
type FactorRule string

// FactorRules are all rules there are.
func FactorRules() []FactorRule {
	return []FactorRule{"nobody", "administrators", "everybody"}
}

// Known reports whether there is such a rule.
func (f FactorRule) Known() bool { return slices.Contains(FactorRules(), f) }

// Requires reports whether an account of this role needs a second factor.
func (f FactorRule) Requires(role Role) bool {
	return f == "everybody" || f == "administrators" && role == RoleAdministrator
}
