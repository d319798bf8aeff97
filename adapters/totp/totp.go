// Package totp knows the codes that authenticator apps show: six digits, another one every half minute, by RFC 6238
// with SHA-1, which is what all apps can do. It stores nothing and does not know which codes have been used.
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

// Codes recognises codes. The zero value is ready.
type Codes struct{}

// Address returns the otpauth address by which an app takes over the secret of the account of this name.
func (Codes) Address(secret, name string) string {
	query := url.Values{"secret": {secret}, "issuer": {issuer}}
	return (&url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + name, RawQuery: query.Encode()}).String()
}

// Step returns which step of time a code is for: the one of the given time, or one beside it, since clocks differ. It
// reports false when the code is for none of them.
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
