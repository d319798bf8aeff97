package access_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gable-listings/gable/domain/access"
)

var now = time.Date(2024, 2, 29, 12, 0, 0, 123_456_789, time.FixedZone("", 3600))

func TestAKeyRecognisesItsSecretWithoutStoringIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var random [access.SecretBytes]byte
		copy(random[:], rapid.SliceOfN(rapid.Byte(), access.SecretBytes, access.SecretBytes).Draw(t, "random"))
		key, secret, err := access.NewKey("id", "name", access.ScopeWrite, random, now)
		if err != nil {
			t.Fatal(err)
		}
		if len(secret) != 49 || !strings.HasPrefix(secret, "gable_") || !access.LooksLikeSecret(secret) {
			t.Fatalf("the secret is %q", secret)
		}
		if access.HashSecret(secret) != key.Hash || strings.Contains(key.Hash, secret) {
			t.Fatalf("the secret %q has the hash %q in the key", secret, key.Hash)
		}
		if !strings.HasSuffix(secret, key.Hint) || len(key.Hint) != 4 {
			t.Fatalf("the hint at %q is %q", secret, key.Hint)
		}
		random[0]++
		if _, other, _ := access.NewKey("id", "name", access.ScopeWrite, random, now); other == secret {
			t.Fatal("other random bytes make the same secret")
		}
	})
}

func TestHashSecretIsSHA256InHexadecimal(t *testing.T) {
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got := access.HashSecret("abc"); got != want {
		t.Errorf("the hash of abc is %s, want %s", got, want)
	}
}

func TestANewKeyIsInForceFromNow(t *testing.T) {
	key, _, err := access.NewKey("id", "  office  ", access.ScopeAdmin, [access.SecretBytes]byte{}, now)
	if err != nil {
		t.Fatal(err)
	}
	if key.ID != "id" || key.Name != "office" || key.Scope != access.ScopeAdmin || !key.RevokedAt.IsZero() {
		t.Errorf("the key is %+v", key)
	}
	if want := time.Date(2024, 2, 29, 11, 0, 0, 123_456_000, time.UTC); key.CreatedAt != want {
		t.Errorf("it was made at %v, want %v", key.CreatedAt, want)
	}
}

func TestNamesHaveOneToAHundredCharacters(t *testing.T) {
	for name, fine := range map[string]bool{
		"a": true, strings.Repeat("é", 100): true, " " + strings.Repeat("x", 100) + " ": true,
		"": false, " \t ": false, strings.Repeat("x", 101): false, "\xff": false,
	} {
		key, secret, err := access.NewKey("id", name, access.ScopeWrite, [access.SecretBytes]byte{}, now)
		if fine != (err == nil) || !fine && (!errors.Is(err, access.ErrInvalidKey) || secret != "" || key != access.Key{}) {
			t.Errorf("name %q: key %+v, secret %q, error %v", name, key, secret, err)
		}
	}
}

func TestScopes(t *testing.T) {
	for _, c := range []struct {
		held, needed access.Scope
		allowed      bool
	}{
		{access.ScopeWrite, access.ScopeWrite, true},
		{access.ScopeWrite, access.ScopeAdmin, false},
		{access.ScopeAdmin, access.ScopeWrite, true},
		{access.ScopeAdmin, access.ScopeAdmin, true},
		{"", access.ScopeWrite, false},
		{"", access.ScopeAdmin, false},
	} {
		if got := c.held.Allows(c.needed); got != c.allowed {
			t.Errorf("scope %q allows %q: %t", c.held, c.needed, got)
		}
	}
	for _, scope := range []access.Scope{"", "Write", "root"} {
		if _, _, err := access.NewKey("id", "name", scope, [access.SecretBytes]byte{}, now); !errors.Is(err,
			access.ErrInvalidKey) {
			t.Errorf("scope %q: error %v", scope, err)
		}
	}
}

func TestNonsenseDoesNotLookLikeASecret(t *testing.T) {
	for _, text := range []string{
		"", "gable_", "gable_" + strings.Repeat("a", 42), "gable_" + strings.Repeat("a", 44),
		"Gable_" + strings.Repeat("a", 43), strings.Repeat("a", 49),
	} {
		if access.LooksLikeSecret(text) {
			t.Errorf("%q looks like a secret", text)
		}
	}
}
