package access

import (
	"encoding/base32"
	"errors"
	"regexp"
	"slices"
	"strings"
)

// A second factor is a secret that an authenticator app shares with the service. From it both make a code of six digits
// every half minute (RFC 6238). A person without the app signs in with a recovery code; each code works once.

// The errors of second factors.
var (
	// ErrWrongCode means that a code is wrong, or has been used.
	ErrWrongCode = errors.New("the code is wrong or has been used")
	// ErrHasSecondFactor means that the account already has a second factor.
	ErrHasSecondFactor = errors.New("the account has a second factor already")
)

const (
	// FactorSecretBytes is the number of random bytes in a secret, as RFC 4226 recommends.
	FactorSecretBytes = 20
	// RecoveryCodeBytes is the number of random bytes in a recovery code: enough for a fast hash to be safe.
	RecoveryCodeBytes = 10
	// RecoveryCodes is the number of recovery codes of an account.
	RecoveryCodes = 10
)

var letters32 = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewFactorSecret makes a secret from random bytes, in the text form of authenticator apps.
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

// HashRecoveryCode is the hash of a recovery code. Case, spaces and hyphens make no difference.
func HashRecoveryCode(code string) string {
	return HashSecret(strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code)))
}

// FactorRule is the rule for which accounts need a second factor.
type FactorRule string

// FactorRules returns all rules.
func FactorRules() []FactorRule {
	return []FactorRule{"nobody", "administrators", "everybody"}
}

// Known reports whether the rule exists.
func (f FactorRule) Known() bool { return slices.Contains(FactorRules(), f) }

// Requires reports whether an account of this role needs a second factor.
func (f FactorRule) Requires(role Role) bool {
	return f == "everybody" || f == "administrators" && role == RoleAdministrator
}
