package porttest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/ports"
)

func TestWrongSigningKeyRepositoriesAreNoticed(t *testing.T) {
	for _, w := range wrongSigningKeys {
		testWrong(t, w, signingKeyCases,
			func(r reporter, bend func(ports.SigningKeyRepository) ports.SigningKeyRepository) mint {
				return mint{r, bend(&memory.SigningKeyRepository{})}
			})
	}
}

// rotating is a SigningKeyRepository that is a function.
type rotating func(ctx context.Context, next ports.SigningKey, renewed, expired time.Time) ([]ports.SigningKey, error)

func (f rotating) RotateSigningKeys(
	ctx context.Context, next ports.SigningKey, renewed, expired time.Time,
) ([]ports.SigningKey, error) {
	return f(ctx, next, renewed, expired)
}

var wrongSigningKeys = []wrong[ports.SigningKeyRepository]{
	{"times are stored to the second", func(right ports.SigningKeyRepository) ports.SigningKeyRepository {
		return rotating(func(
			ctx context.Context, next ports.SigningKey, renewed, expired time.Time,
		) ([]ports.SigningKey, error) {
			next.CreatedAt = next.CreatedAt.Truncate(time.Second)
			return right.RotateSigningKeys(ctx, next, renewed, expired)
		})
	}, []string{"the_first_key_is_stored"}, []string{"*"}},
	{"each caller stores its key", func(right ports.SigningKeyRepository) ports.SigningKeyRepository {
		return rotating(func(ctx context.Context, next ports.SigningKey, _, expired time.Time) ([]ports.SigningKey, error) {
			return right.RotateSigningKeys(ctx, next, next.CreatedAt.Add(time.Hour), expired)
		})
	}, []string{"a_young_key_stays_alone", "one_of_many_is_stored"}, []string{"*"}},
	{"the first key stays for ever", func(right ports.SigningKeyRepository) ports.SigningKeyRepository {
		return rotating(func(ctx context.Context, next ports.SigningKey, _, expired time.Time) ([]ports.SigningKey, error) {
			return right.RotateSigningKeys(ctx, next, time.Time{}, expired)
		})
	}, []string{"an_older_key_is_joined"}, []string{"*"}},
	{"nothing is ever removed", func(right ports.SigningKeyRepository) ports.SigningKeyRepository {
		return rotating(func(ctx context.Context, next ports.SigningKey, renewed, _ time.Time) ([]ports.SigningKey, error) {
			return right.RotateSigningKeys(ctx, next, renewed, time.Time{})
		})
	}, []string{"an_expired_key_is_removed"}, nil},
	{"the oldest comes first", func(right ports.SigningKeyRepository) ports.SigningKeyRepository {
		return rotating(func(
			ctx context.Context, next ports.SigningKey, renewed, expired time.Time,
		) ([]ports.SigningKey, error) {
			keys, err := right.RotateSigningKeys(ctx, next, renewed, expired)
			slices.Reverse(keys)
			return keys, err
		})
	}, []string{"an_older_key_is_joined"}, []string{"*"}},
	{"contexts are ignored", func(right ports.SigningKeyRepository) ports.SigningKeyRepository {
		return rotating(func(
			ctx context.Context, next ports.SigningKey, renewed, expired time.Time,
		) ([]ports.SigningKey, error) {
			return right.RotateSigningKeys(context.WithoutCancel(ctx), next, renewed, expired)
		})
	}, []string{"a_caller_that_has_left_stores_nothing"}, nil},
}
