package accounts_test

import (
	"errors"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/gable-listings/gable/adapters/totp"
	domain "github.com/gable-listings/gable/domain/access"
)

// appCode is what an authenticator app shows so many half minutes from now.
func (g *gatehouse) appCode(secret string, steps int64) string {
	g.t.Helper()
	options := hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	code, err := hotp.GenerateCodeCustom(secret, uint64(g.now.Unix()/30+steps), options)
	if err != nil {
		g.t.Fatal(err)
	}
	return code
}

// enrol gives the account a second factor and returns its secret and recovery codes.
func (g *gatehouse) enrol(account domain.Account) (secret string, recovery []string) {
	g.t.Helper()
	secret, _ = g.OfferSecondFactor(account, "")
	recovery, err := g.EnableSecondFactor(g.t.Context(), account.ID, secret, annasPassword, g.appCode(secret, 0), "")
	if err != nil {
		g.t.Fatal(err)
	}
	return secret, recovery
}

func (g *gatehouse) wantCode(account domain.Account, code string, want error) {
	g.t.Helper()
	if err := g.CheckCode(g.t.Context(), account.ID, code); !errors.Is(err, want) || (err == nil) != (want == nil) {
		g.t.Fatalf("code %s: %v, not %v", code, err, want)
	}
}

func TestASecondFactorNeedsThePasswordAndACode(t *testing.T) {
	g := newGatehouse(t)
	anna, bob := g.create("anna", domain.RoleEditor), g.create("bob", domain.RoleEditor)
	this, other, his := g.begin("this", anna), g.begin("other", anna), g.begin("his", bob)
	secret, address := g.OfferSecondFactor(anna, "nonsense")
	if again, _ := g.OfferSecondFactor(anna, secret); again != secret ||
		address != (totp.Codes{}).Address(secret, "anna") {
		t.Errorf("offered %s at %s, then %s", secret, address, again)
	}
	enable := func(secret, password, code string) error {
		_, err := g.EnableSecondFactor(t.Context(), anna.ID, secret, password, code, this)
		return err
	}
	for what, c := range map[string]struct {
		err, want error
	}{
		"a wrong password": {enable(secret, otherPassword, g.appCode(secret, 0)), domain.ErrWrongCredentials},
		"a wrong code":     {enable(secret, annasPassword, "000000"), domain.ErrWrongCode},
		"no secret":        {enable("A", annasPassword, g.appCode("A2A2A2A2", 0)), domain.ErrWrongCode},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("with %s: %v", what, c.err)
		}
	}
	g.wantSession(other, true)
	if err := enable(secret, annasPassword, " "+g.appCode(secret, 0)[:3]+" "+g.appCode(secret, 0)[3:]); err != nil {
		t.Fatal(err)
	}
	g.wantSession(this, true)
	g.wantSession(other, false)
	g.wantSession(his, true)
	if account := g.wantSignIn("anna", annasPassword, nil); !account.HasSecondFactor() {
		t.Error("the account has no second factor")
	}
	if err := enable(secret, annasPassword, g.appCode(secret, 1)); !errors.Is(err, domain.ErrHasSecondFactor) {
		t.Errorf("enabled again: %v", err)
	}
}

func TestACodeIsGoodOnceAndForAboutAMinute(t *testing.T) {
	g := newGatehouse(t)
	anna := g.create("anna", domain.RoleEditor)
	secret, _ := g.enrol(anna)
	g.wantCode(anna, g.appCode(secret, 0), domain.ErrWrongCode) // it has enabled the factor
	g.wantCode(anna, g.appCode(secret, 1), nil)
	g.wantCode(anna, g.appCode(secret, 1), domain.ErrWrongCode)
	g.wantCode(anna, g.appCode(secret, -1), domain.ErrWrongCode)
	g.now = g.now.Add(2 * time.Minute)
	g.wantCode(anna, g.appCode(secret, -2), domain.ErrWrongCode)
	g.wantCode(anna, g.appCode(secret, 2), domain.ErrWrongCode)
	g.wantCode(anna, g.appCode(secret, -1), nil)
	g.wantCode(anna, g.appCode(secret, 0), nil)
	g.wantCode(g.create("bob", domain.RoleEditor), g.appCode(secret, 1), domain.ErrWrongCode)
}

func TestARecoveryCodeIsGoodOnce(t *testing.T) {
	g := newGatehouse(t)
	anna := g.create("anna", domain.RoleEditor)
	_, recovery := g.enrol(anna)
	if len(recovery) != 10 {
		t.Fatalf("there are %d recovery codes", len(recovery))
	}
	for _, code := range recovery {
		g.wantCode(anna, code, nil)
		g.wantCode(anna, code, domain.ErrWrongCode)
	}
}

func TestGuessingCodesIsThrottled(t *testing.T) {
	g := newGatehouse(t)
	anna := g.create("anna", domain.RoleEditor)
	secret, _ := g.enrol(anna)
	for range 5 {
		g.wantCode(anna, "000000", domain.ErrWrongCode)
	}
	var throttled *domain.ThrottledError
	if err := g.CheckCode(t.Context(), anna.ID, g.appCode(secret, 1)); !errors.As(err, &throttled) {
		t.Errorf("after five wrong codes: %v", err)
	}
	g.wantSignIn("anna", annasPassword, nil) // the password comes first, and is right
	if err := g.CheckCode(t.Context(), anna.ID, g.appCode(secret, 1)); !errors.As(err, &throttled) {
		t.Errorf("the right password lets more codes be tried: %v", err)
	}
}

func TestASecondFactorIsTakenOffByItsOwnerOrAnAdministrator(t *testing.T) {
	g := newGatehouse(t)
	anna := g.create("anna", domain.RoleEditor)
	secret, _ := g.enrol(anna)
	this, other := g.begin("this", anna), g.begin("other", anna)
	disable := func(password, code string) error {
		return g.DisableSecondFactor(t.Context(), anna.ID, password, code, this)
	}
	if err := disable(otherPassword, g.appCode(secret, 1)); !errors.Is(err, domain.ErrWrongCredentials) {
		t.Errorf("with a wrong password: %v", err)
	}
	if err := disable(annasPassword, "000000"); !errors.Is(err, domain.ErrWrongCode) {
		t.Errorf("with a wrong code: %v", err)
	}
	g.wantSession(other, true)
	if err := disable(annasPassword, g.appCode(secret, 1)); err != nil {
		t.Fatal(err)
	}
	g.wantSession(this, true)
	g.wantSession(other, false)

	g.enrol(anna)
	if err := g.RemoveSecondFactor(t.Context(), "Anna"); err != nil {
		t.Fatal(err)
	}
	g.wantSession(this, false)
	if account := g.wantSignIn("anna", annasPassword, nil); account.HasSecondFactor() {
		t.Error("the second factor is still on")
	}
	for _, name := range []string{"nobody", "no name"} {
		if err := g.RemoveSecondFactor(t.Context(), name); !errors.Is(err, domain.ErrUnknownAccount) {
			t.Errorf("of %s: %v", name, err)
		}
	}
}
