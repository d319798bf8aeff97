package totp_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/pquerna/otp"

	"github.com/gable-listings/gable/adapters/totp"
)

// secret is the one of the examples of RFC 6238, appendix B, "12345678901234567890". The codes are the last six
// digits of theirs.
const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

func TestTheCodesOfTheStandard(t *testing.T) {
	for second, code := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924",
		2000000000: "279037", 20000000000: "353130",
	} {
		at := time.Unix(second, 0)
		for _, away := range []time.Duration{0, -30 * time.Second, 30 * time.Second} {
			if step, ok := (totp.Codes{}).Step(code, secret, at.Add(away)); !ok || step != second/30 {
				t.Errorf("%s at %d and %s: step %d, %t", code, second, away, step, ok)
			}
		}
		for _, away := range []time.Duration{-time.Minute, time.Minute} {
			if _, ok := (totp.Codes{}).Step(code, secret, at.Add(away)); ok && second > 60 {
				t.Errorf("%s is still good at %d and %s", code, second, away)
			}
		}
	}
	for _, nonsense := range []string{"", "28708", "2870820", "28708a", "abcdef", "\xff"} {
		if _, ok := (totp.Codes{}).Step(nonsense, secret, time.Unix(59, 0)); ok {
			t.Errorf("%q is a code", nonsense)
		}
	}
	for _, nonsense := range []string{"", "1", "not a secret"} {
		if _, ok := (totp.Codes{}).Step("000000", nonsense, time.Unix(59, 0)); ok && nonsense != "" {
			t.Errorf("%q is a secret", nonsense)
		}
	}
}

func TestAnAppUnderstandsTheAddress(t *testing.T) {
	key, err := otp.NewKeyFromURL((totp.Codes{}).Address(secret, "anna+x@example.org"))
	if err != nil {
		t.Fatal(err)
	}
	if key.Secret() != secret || key.Issuer() != "Gable" || key.AccountName() != "anna+x@example.org" ||
		key.Type() != "totp" {
		t.Errorf("the address is %s", key)
	}
	if _, err := url.Parse(key.URL()); err != nil {
		t.Error(err)
	}
}
