package porttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

// KeyRepository checks that a repository keeps every promise of ports.KeyRepository. newRepo returns an empty
// repository and the empty repository of its accounts at each call.
func KeyRepository(t *testing.T, newRepo func(t *testing.T) (ports.KeyRepository, ports.AccountRepository)) {
	runCases(t, keyCases, func(t *testing.T) ring {
		repo, accounts := newRepo(t)
		return ring{t, repo, accounts}
	})
}

// ring is a key repository under test with the steps that cases are made of.
type ring struct {
	t    reporter
	repo ports.KeyRepository

	accounts ports.AccountRepository
}

// account stores an administrator with this id.
func (r ring) account(id string) {
	r.t.Helper()
	account, err := access.NewAccount(id, id, access.RoleAdministrator, birth)
	if err == nil {
		err = r.accounts.CreateAccount(r.t.Context(), account)
	}
	if err != nil {
		r.t.Fatalf("create account %q: %v", id, err)
	}
}

// owned stores a key that belongs to an account.
func (r ring) owned(name, owner string) access.Key {
	r.t.Helper()
	key := r.key(name, 1)
	key.Owner = owner
	if err := r.repo.CreateKey(r.t.Context(), key); err != nil {
		r.t.Fatalf("create key %q: %v", name, err)
	}
	return key
}

func (r ring) removeAccount(id string) {
	r.t.Helper()
	if err := r.accounts.DeleteAccount(r.t.Context(), id); err != nil {
		r.t.Fatalf("delete account %q: %v", id, err)
	}
}

func (r ring) handOver(from, to string) {
	r.t.Helper()
	if err := r.repo.HandOverKeys(r.t.Context(), from, to); err != nil {
		r.t.Fatalf("hand over keys: %v", err)
	}
}

// add stores a key with this name, created so many minutes after birth, and returns it.
func (r ring) add(name string, minutes int) access.Key {
	r.t.Helper()
	key := r.key(name, minutes)
	if err := r.repo.CreateKey(r.t.Context(), key); err != nil {
		r.t.Fatalf("create key %q: %v", name, err)
	}
	return key
}

func (r ring) key(name string, minutes int) access.Key {
	r.t.Helper()
	random := [access.SecretBytes]byte{}
	copy(random[:], name)
	id := numbered(minutes + 1000*len(name) + 100*int(name[0]))
	key, _, err := access.NewKey(id.String(), name, access.ScopeWrite, random,
		birth.Add(time.Duration(minutes)*time.Minute))
	if err != nil {
		r.t.Fatalf("the case makes an invalid key: %v", err)
	}
	return key
}

func (r ring) revoke(name string, at time.Time) {
	r.t.Helper()
	if err := r.repo.RevokeKey(r.t.Context(), name, at); err != nil {
		r.t.Fatalf("revoke key %q: %v", name, err)
	}
}

func (r ring) wantInForce(want access.Key) {
	r.t.Helper()
	got, err := r.repo.FindKey(r.t.Context(), want.Hash)
	if err != nil {
		r.t.Fatalf("find key %q: %v", want.Name, err)
	}
	r.wantSame(got, want)
}

func (r ring) wantSame(got, want access.Key) {
	r.t.Helper()
	times := got.CreatedAt.Equal(want.CreatedAt) && got.RevokedAt.Equal(want.RevokedAt) &&
		got.CreatedAt.Location() == time.UTC
	got.CreatedAt, got.RevokedAt = want.CreatedAt, want.RevokedAt
	if !times || got != want {
		r.t.Fatalf("the key is\n%+v\nnot\n%+v", got, want)
	}
}

func (r ring) wantUnknown(key access.Key) {
	r.t.Helper()
	_, err := r.repo.FindKey(r.t.Context(), key.Hash)
	r.wantError("find a key that is not in force", err, access.ErrUnknownKey)
}

func (r ring) wantError(what string, got, want error) {
	r.t.Helper()
	if !errors.Is(got, want) {
		r.t.Fatalf("%s: the error is %v, not %q", what, got, want)
	}
}

func (r ring) list() []access.Key {
	r.t.Helper()
	keys, err := r.repo.ListKeys(r.t.Context())
	if err != nil {
		r.t.Fatalf("list keys: %v", err)
	}
	return keys
}

func (r ring) wantListed(names ...string) {
	r.t.Helper()
	var listed []string
	for _, key := range r.list() {
		listed = append(listed, key.Name)
	}
	if !slices.Equal(listed, names) {
		r.t.Fatalf("the keys are listed as %q, not %q", listed, names)
	}
}

var keyCases = []suiteCase[ring]{
	{"a_key_comes_back_as_stored", "FindKey returns the key in force with this hash, in every field.", func(r ring) {
		other := r.add("other", 1)
		key := r.key("schlüssel \"1\" %", 2)
		key.Scope = access.ScopeAdmin
		if err := r.repo.CreateKey(r.t.Context(), key); err != nil {
			r.t.Fatalf("create key: %v", err)
		}
		r.wantInForce(key)
		r.wantInForce(other)
	}},
	{"an_unknown_hash_is_unknown", "FindKey of an unknown hash is ErrUnknownKey.", func(r ring) {
		key := r.add("a", 1)
		r.wantUnknown(r.key("b", 1))
		key.Hash = key.Hash[:len(key.Hash)-1]
		r.wantUnknown(key)
		key.Hash = ""
		r.wantUnknown(key)
	}},
	{"a_name_is_taken_once",
		"CreateKey with the name of a key, in force or revoked, is ErrNameTaken, and stores nothing.", func(r ring) {
			first := r.add("a", 1)
			second := r.key("a", 2)
			second.Hash = access.HashSecret("another secret")
			r.wantError("create a second key of the name", r.repo.CreateKey(r.t.Context(), second), access.ErrNameTaken)
			r.wantUnknown(second)
			r.wantInForce(first)
			r.revoke("a", birth)
			r.wantError("create a key of a revoked name", r.repo.CreateKey(r.t.Context(), second), access.ErrNameTaken)
			r.wantListed("a")
		}},
	{"a_revoked_key_is_unknown",
		"FindKey of a revoked key is ErrUnknownKey as soon as RevokeKey has returned; other keys stay in force.",
		func(r ring) {
			key, other := r.add("a", 1), r.add("b", 1)
			r.revoke("a", birth.Add(time.Hour))
			r.wantUnknown(key)
			r.wantInForce(other)
		}},
	{"a_future_revocation_holds_at_once", "A revoked key is unknown at once, whatever its time of revocation.",
		func(r ring) {
			key := r.add("a", 1)
			r.revoke("a", birth.AddDate(1_000, 0, 0))
			r.wantUnknown(key)
		}},
	{"revoking_what_is_not_in_force_is_an_error",
		"RevokeKey of a name that does not exist or is revoked already is ErrUnknownKey, and changes nothing.", func(r ring) {
			key := r.add("a", 1)
			r.wantError("revoke an unknown name", r.repo.RevokeKey(r.t.Context(), "b", birth), access.ErrUnknownKey)
			r.wantInForce(key)
			r.revoke("a", birth)
			r.wantError("revoke again", r.repo.RevokeKey(r.t.Context(), "a", birth.Add(time.Hour)), access.ErrUnknownKey)
			key.RevokedAt = birth
			r.wantSame(r.list()[0], key)
		}},
	{"all_keys_are_listed_oldest_first", "ListKeys returns all keys, revoked ones included, oldest first, ties by name.",
		func(r ring) {
			r.wantListed()
			r.add("d", 1)
			r.add("c", 3)
			r.add("b", 2)
			r.add("a", 2)
			r.wantListed("d", "a", "b", "c")
			r.revoke("b", birth.Add(time.Hour))
			r.wantListed("d", "a", "b", "c")
		}},
	{"a_list_says_what_was_revoked", "A listed key has every field, and RevokedAt exactly when it is revoked.",
		func(r ring) {
			first, second := r.add("a", 1), r.add("b", 2)
			first.RevokedAt = birth.Add(90 * time.Minute)
			r.revoke("a", first.RevokedAt)
			keys := r.list()
			r.wantSame(keys[0], first)
			r.wantSame(keys[1], second)
		}},
	{"one_creation_wins_a_name", "Of concurrent creations of one name exactly one stores; the others are ErrNameTaken.",
		func(r ring) {
			winners := 0
			for i, err := range together(8, func(i int) error {
				key := r.key("a", i)
				key.Hash = access.HashSecret(fmt.Sprint(i))
				return r.repo.CreateKey(r.t.Context(), key)
			}) {
				if err == nil {
					winners++
					continue
				}
				r.wantError(fmt.Sprintf("creation %d", i), err, access.ErrNameTaken)
			}
			if winners != 1 || len(r.list()) != 1 {
				r.t.Fatalf("%d creations of one name won, and %d keys are stored", winners, len(r.list()))
			}
		}},
	{"a_key_ends_with_its_owner",
		"FindKey of a key whose Owner is not an account is ErrUnknownKey; other keys stay in force.", func(r ring) {
			r.account("anna")
			r.account("bob")
			hers, his, unowned := r.owned("a", "anna"), r.owned("b", "bob"), r.add("c", 2)
			early := r.owned("d", "carol")
			r.wantInForce(hers)
			r.wantUnknown(early)
			r.removeAccount("anna")
			r.wantUnknown(hers)
			r.wantInForce(his)
			r.wantInForce(unowned)
		}},
	{"handed_over_keys_go_on",
		"HandOverKeys makes another account the Owner of all keys of an account, and of no others.", func(r ring) {
			r.account("anna")
			r.account("bob")
			r.account("carol")
			first, second, his, unowned := r.owned("a", "anna"), r.owned("b", "anna"), r.owned("c", "bob"), r.add("d", 2)
			r.handOver("anna", "carol")
			r.removeAccount("anna")
			r.removeAccount("bob")
			first.Owner, second.Owner = "carol", "carol"
			r.wantInForce(first)
			r.wantInForce(second)
			r.wantUnknown(his)
			r.wantInForce(unowned)
			r.handOver("", "carol")
			r.handOver("unknown", "carol")
			r.wantInForce(unowned)
		}},
	{"a_cancelled_context_ends_every_call",
		"Every method returns with an error that wraps context.Canceled when its context is cancelled.", func(r ring) {
			key := r.add("a", 1)
			ctx, cancel := context.WithCancel(r.t.Context())
			cancel()
			_, err := r.repo.FindKey(ctx, key.Hash)
			r.wantError("FindKey", err, context.Canceled)
			_, err = r.repo.ListKeys(ctx)
			r.wantError("ListKeys", err, context.Canceled)
			r.wantError("CreateKey", r.repo.CreateKey(ctx, r.key("b", 1)), context.Canceled)
			r.wantError("RevokeKey", r.repo.RevokeKey(ctx, "a", birth), context.Canceled)
			r.wantError("HandOverKeys", r.repo.HandOverKeys(ctx, "x", "y"), context.Canceled)
			r.wantInForce(key)
		}},
}
