package accounts_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/app/accounts"
	domain "github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func newKeys(repository ports.KeyRepository) *accounts.Keys {
	id := property.ID{}
	return accounts.NewKeys(repository, accounts.Options{
		NewID:  func() property.ID { id[15]++; return id },
		Now:    func() time.Time { return noon },
		Random: func(p []byte) { _, _ = rand.Read(p) },
	})
}

func mustCreate(t *testing.T, keys *accounts.Keys, name string, scope domain.Scope) string {
	t.Helper()
	_, secret, err := keys.Create(t.Context(), name, scope, "")
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestAKeyIsRecognisedByItsSecretUntilItIsRevoked(t *testing.T) {
	keys := newKeys(memory.NewKeyRepository(memory.NewAccountRepository()))
	secret := mustCreate(t, keys, "importer", domain.ScopeWrite)

	key, err := keys.Authenticate(t.Context(), secret)
	if err != nil || key.Name != "importer" || key.Scope != domain.ScopeWrite {
		t.Fatalf("with its secret: %+v, %v", key, err)
	}
	if err := keys.Revoke(t.Context(), "importer"); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Authenticate(t.Context(), secret); !errors.Is(err, domain.ErrUnknownKey) {
		t.Errorf("after it was revoked: %v", err)
	}
	if err := keys.Revoke(t.Context(), "importer"); !errors.Is(err, domain.ErrUnknownKey) {
		t.Errorf("revoked twice: %v", err)
	}
}

func TestSecretsAreLongDifferentAndNotStored(t *testing.T) {
	keys := newKeys(memory.NewKeyRepository(memory.NewAccountRepository()))
	first, second := mustCreate(t, keys, "one", domain.ScopeWrite), mustCreate(t, keys, "two", domain.ScopeAdmin)
	if first == second || !strings.HasPrefix(first, "gable_") || len(first) != len("gable_")+43 {
		t.Errorf("secrets %q and %q", first, second)
	}
	list, err := keys.List(t.Context())
	if err != nil || len(list) != 2 || list[0].Name != "one" || list[1].Scope != domain.ScopeAdmin ||
		!list[0].CreatedAt.Equal(noon) {
		t.Fatalf("list: %+v, %v", list, err)
	}
	if stored := fmt.Sprintf("%+v", list); strings.Contains(stored, first) || strings.Contains(stored, second) {
		t.Errorf("a secret is stored: %s", stored)
	}
}

func TestNamesAreUniqueAndScopesKnown(t *testing.T) {
	keys := newKeys(memory.NewKeyRepository(memory.NewAccountRepository()))
	mustCreate(t, keys, "importer", domain.ScopeWrite)
	for name, c := range map[string]struct {
		name  string
		scope domain.Scope
		want  error
	}{
		"taken":         {"importer", domain.ScopeWrite, domain.ErrNameTaken},
		"no name":       {" ", domain.ScopeWrite, domain.ErrInvalidKey},
		"unknown scope": {"other", "root", domain.ErrInvalidKey},
	} {
		if _, secret, err := keys.Create(t.Context(), c.name, c.scope, ""); !errors.Is(err, c.want) || secret != "" {
			t.Errorf("%s: %q, %v; want %v and no secret", name, secret, err, c.want)
		}
	}
}

// brokenRepository answers everything with an outage, and counts what it is asked.
type brokenRepository struct {
	ports.KeyRepository
	asked int
}

func (r *brokenRepository) FindKey(context.Context, string) (domain.Key, error) {
	r.asked++
	return domain.Key{}, ports.ErrUnavailable
}

func TestAnOutageIsNotTakenForAWrongKey(t *testing.T) {
	repository := &brokenRepository{}
	_, err := newKeys(repository).Authenticate(t.Context(), "gable_"+strings.Repeat("x", 43))
	if !errors.Is(err, ports.ErrUnavailable) || errors.Is(err, domain.ErrUnknownKey) {
		t.Errorf("during an outage: %v", err)
	}
}

func TestNonsenseIsRefusedWithoutALookUp(t *testing.T) {
	repository := &brokenRepository{}
	for _, nonsense := range []string{"", "gable_", "Basic x", "gable_" + strings.Repeat("x", 42)} {
		if _, err := newKeys(repository).Authenticate(t.Context(), nonsense); !errors.Is(err, domain.ErrUnknownKey) {
			t.Errorf("%q: %v", nonsense, err)
		}
	}
	if repository.asked != 0 {
		t.Errorf("the repository was asked %d times", repository.asked)
	}
}
