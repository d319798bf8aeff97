package porttest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

func TestWrongKeyRepositoriesAreNoticed(t *testing.T) {
	for _, w := range wrongKeys {
		testWrong(t, w, keyCases, func(r reporter, bend func(ports.KeyRepository) ports.KeyRepository) ring {
			accounts := memory.NewAccountRepository()
			return ring{r, bend(memory.NewKeyRepository(accounts)), accounts}
		})
	}
}

// miscut is a key repository with some of its methods replaced.
type miscut struct {
	ports.KeyRepository
	create func(context.Context, access.Key) error
	find   func(context.Context, string) (access.Key, error)
	list   func(context.Context) ([]access.Key, error)
	revoke func(context.Context, string, time.Time) error

	handOver func(ctx context.Context, from, to string) error
}

func (m miscut) HandOverKeys(ctx context.Context, from, to string) error {
	if m.handOver != nil {
		return m.handOver(ctx, from, to)
	}
	return m.KeyRepository.HandOverKeys(ctx, from, to)
}

func (m miscut) CreateKey(ctx context.Context, key access.Key) error {
	if m.create != nil {
		return m.create(ctx, key)
	}
	return m.KeyRepository.CreateKey(ctx, key)
}

func (m miscut) FindKey(ctx context.Context, hash string) (access.Key, error) {
	if m.find != nil {
		return m.find(ctx, hash)
	}
	return m.KeyRepository.FindKey(ctx, hash)
}

func (m miscut) ListKeys(ctx context.Context) ([]access.Key, error) {
	if m.list != nil {
		return m.list(ctx)
	}
	return m.KeyRepository.ListKeys(ctx)
}

func (m miscut) RevokeKey(ctx context.Context, name string, at time.Time) error {
	if m.revoke != nil {
		return m.revoke(ctx, name, at)
	}
	return m.KeyRepository.RevokeKey(ctx, name, at)
}

// withFind finds a key among all, revoked ones included.
func withFind(wanted func(key access.Key, hash string) bool) func(ports.KeyRepository) ports.KeyRepository {
	return func(right ports.KeyRepository) ports.KeyRepository {
		return miscut{KeyRepository: right, find: func(ctx context.Context, hash string) (access.Key, error) {
			keys, err := right.ListKeys(ctx)
			if at := slices.IndexFunc(keys, func(k access.Key) bool { return wanted(k, hash) }); at >= 0 {
				return keys[at], err
			}
			return access.Key{}, errors.Join(err, access.ErrUnknownKey)
		}}
	}
}

// withKeys changes the list of keys.
func withKeys(bend func([]access.Key) []access.Key) func(ports.KeyRepository) ports.KeyRepository {
	return func(right ports.KeyRepository) ports.KeyRepository {
		return miscut{KeyRepository: right, list: func(ctx context.Context) ([]access.Key, error) {
			keys, err := right.ListKeys(ctx)
			return bend(keys), err
		}}
	}
}

func revoked(k access.Key) bool { return !k.RevokedAt.IsZero() }

// ownership are the cases that fail when the owners of keys are ignored.
var ownership = []string{"a_key_ends_with_its_owner", "handed_over_keys_go_on"}

var wrongKeys = []wrong[ports.KeyRepository]{
	{"revoked keys are still found", withFind(func(k access.Key, hash string) bool { return k.Hash == hash }),
		[]string{"a_revoked_key_is_unknown", "a_future_revocation_holds_at_once"}, ownership},
	{"revoked keys live until their time", withFind(func(k access.Key, hash string) bool {
		return k.Hash == hash && (!revoked(k) || time.Now().Before(k.RevokedAt))
	}), []string{"a_future_revocation_holds_at_once"}, ownership},
	{"the start of a hash is enough",
		withFind(func(k access.Key, hash string) bool { return !revoked(k) && strings.HasPrefix(k.Hash, hash) }),
		[]string{"an_unknown_hash_is_unknown"}, ownership},
	{"any key is found", withFind(func(k access.Key, _ string) bool { return !revoked(k) }),
		[]string{"a_key_comes_back_as_stored", "an_unknown_hash_is_unknown", "a_revoked_key_is_unknown"}, []string{"*"}},
	{"a key loses its scope", func(right ports.KeyRepository) ports.KeyRepository {
		return miscut{KeyRepository: right, create: func(ctx context.Context, k access.Key) error {
			k.Scope = access.ScopeWrite
			return right.CreateKey(ctx, k)
		}}
	}, []string{"a_key_comes_back_as_stored"}, nil},
	{"a second key of a name is silently dropped", func(right ports.KeyRepository) ports.KeyRepository {
		return miscut{KeyRepository: right, create: func(ctx context.Context, k access.Key) error {
			if err := right.CreateKey(ctx, k); !errors.Is(err, access.ErrNameTaken) {
				return err
			}
			return nil
		}}
	}, []string{"a_name_is_taken_once", "one_creation_wins_a_name"}, nil},
	{"revoking an unknown key succeeds", func(right ports.KeyRepository) ports.KeyRepository {
		return miscut{KeyRepository: right, revoke: func(ctx context.Context, name string, at time.Time) error {
			if err := right.RevokeKey(ctx, name, at); !errors.Is(err, access.ErrUnknownKey) {
				return err
			}
			return nil
		}}
	}, []string{"revoking_what_is_not_in_force_is_an_error"}, nil},
	{"revoked keys are not listed",
		withKeys(func(keys []access.Key) []access.Key { return slices.DeleteFunc(keys, revoked) }),
		[]string{"all_keys_are_listed_oldest_first", "a_list_says_what_was_revoked"}, []string{"*"}},
	{"the newest key is listed first", withKeys(func(keys []access.Key) []access.Key {
		slices.Reverse(keys)
		return keys
	}), []string{"all_keys_are_listed_oldest_first"}, []string{"a_list_says_what_was_revoked"}},
	{"ties are not ordered", withKeys(func(keys []access.Key) []access.Key {
		slices.SortStableFunc(keys, func(a, b access.Key) int {
			if order := a.CreatedAt.Compare(b.CreatedAt); order != 0 {
				return order
			}
			return strings.Compare(b.Name, a.Name)
		})
		return keys
	}), []string{"all_keys_are_listed_oldest_first"}, nil},
	{"a list does not say what was revoked", withKeys(func(keys []access.Key) []access.Key {
		for i := range keys {
			keys[i].RevokedAt = time.Time{}
		}
		return keys
	}), []string{"a_list_says_what_was_revoked"}, []string{"revoking_what_is_not_in_force_is_an_error"}},
	{"keys outlive their owners", withFind(func(k access.Key, hash string) bool { return k.Hash == hash && !revoked(k) }),
		ownership, nil},
	{"keys are not handed over", func(right ports.KeyRepository) ports.KeyRepository {
		return miscut{KeyRepository: right, handOver: func(ctx context.Context, _, _ string) error { return ctx.Err() }}
	}, []string{"handed_over_keys_go_on"}, nil},
	{"contexts are ignored", func(right ports.KeyRepository) ports.KeyRepository {
		return miscut{KeyRepository: right, find: func(ctx context.Context, hash string) (access.Key, error) {
			return right.FindKey(context.WithoutCancel(ctx), hash)
		}}
	}, []string{"a_cancelled_context_ends_every_call"}, nil},
}
