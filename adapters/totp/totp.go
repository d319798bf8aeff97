// Package totp verifies the codes of authenticator apps. A code has six digits and changes every half minute (RFC
// 6238 with SHA-1, which all apps support). The package stores nothing and does not know which codes have been used.
package totp

import (
	"net/url"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const (
	issuer = "Gable"
	period = 30 // seconds
)

// Codes verifies codes. The zero value is ready.
type Codes struct{}

// Address returns the otpauth URL by which an app takes over the secret of the account of this name.
func (Codes) Address(secret, name string) string {
	query := url.Values{"secret": {secret}, "issuer": {issuer}}
	return (&url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + name, RawQuery: query.Encode()}).String()
}

// Step returns the time step of a code: the step of at, or one beside it, since clocks differ. It reports false when
// the code belongs to none of these steps.
func (Codes) Step(code, secret string, at time.Time) (step int64, ok bool) {
	options := hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	now := at.Unix() / period
	for _, step := range []int64{now, now - 1, now + 1} {
		if right, err := hotp.ValidateCustom(code, uint64(step), secret, options); err == nil && right {
			return step, true
		}
	}
	return 0, false
}
