package access_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/gable-listings/gable/domain/access"
)

func TestSecretsAndRecoveryCodesHaveTheirShape(t *testing.T) {
	secret := access.NewFactorSecret([access.FactorSecretBytes]byte{1, 2, 3})
	if !access.LooksLikeFactorSecret(secret) || access.LooksLikeFactorSecret(strings.ToLower(secret)) ||
		access.LooksLikeFactorSecret("") {
		t.Errorf("the secret is %q", secret)
	}
	code := access.NewRecoveryCode([access.RecoveryCodeBytes]byte{255, 2, 3})
	if !regexp.MustCompile(`^[a-z2-7]{4}(-[a-z2-7]{4}){3}$`).MatchString(code) {
		t.Errorf("the code is %q", code)
	}
	for _, typed := range []string{
		strings.ToUpper(code), strings.ReplaceAll(code, "-", ""), " " + strings.ReplaceAll(code, "-", " "),
	} {
		if access.HashRecoveryCode(typed) != access.HashRecoveryCode(code) {
			t.Errorf("typed as %q it has another hash", typed)
		}
	}
	if access.HashRecoveryCode(code[1:]) == access.HashRecoveryCode(code) {
		t.Error("a part of a code has the hash of the code")
	}
}

func TestRulesForSecondFactors(t *testing.T) {
	for rule, want := range map[access.FactorRule][2]bool{
		"nobody": {false, false}, "administrators": {true, false}, "everybody": {true, true}, "": {false, false},
	} {
		got := [2]bool{rule.Requires(access.RoleAdministrator), rule.Requires(access.RoleEditor)}
		if got != want || rule.Known() != (rule != "") {
			t.Errorf("%q: administrators and editors: %v", rule, got)
		}
	}
}
