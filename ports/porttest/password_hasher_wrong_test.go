package porttest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

func TestWrongPasswordHashersAreNoticed(t *testing.T) {
	for _, w := range wrongHashers {
		testWrong(t, w, hasherCases, func(r reporter, bend func(ports.PasswordHasher) ports.PasswordHasher) mill {
			return mill{r, bend(new(quickHasher))}
		})
	}
}

// quickHasher keeps the promises that are visible from outside, but protects no password: its salt is a counter, and
// it is fast.
type quickHasher struct{ salt atomic.Int64 }

func (h *quickHasher) Hash(ctx context.Context, password string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("%w: %w", ports.ErrUnavailable, err)
	}
	salt := fmt.Sprint(h.salt.Add(1))
	return salt + "$" + access.HashSecret(salt+password), nil
}

func (h *quickHasher) Verify(ctx context.Context, password, hash string) (bool, error) {
	salt, sum, ok := strings.Cut(hash, "$")
	switch err := ctx.Err(); {
	case err != nil:
		return false, fmt.Errorf("%w: %w", ports.ErrUnavailable, err)
	case !ok || len(sum) != 64:
		return false, errors.New("not a hash")
	}
	return sum == access.HashSecret(salt+password), nil
}

// mishashed is a hasher with some of its methods replaced.
type mishashed struct {
	ports.PasswordHasher
	hash   func(context.Context, string) (string, error)
	verify func(context.Context, string, string) (bool, error)
}

func (m mishashed) Hash(ctx context.Context, password string) (string, error) {
	if m.hash != nil {
		return m.hash(ctx, password)
	}
	return m.PasswordHasher.Hash(ctx, password)
}

func (m mishashed) Verify(ctx context.Context, password, hash string) (bool, error) {
	if m.verify != nil {
		return m.verify(ctx, password, hash)
	}
	return m.PasswordHasher.Verify(ctx, password, hash)
}

var wrongHashers = []wrong[ports.PasswordHasher]{
	{"only the first 72 bytes count", func(right ports.PasswordHasher) ports.PasswordHasher {
		return mishashed{right,
			func(ctx context.Context, password string) (string, error) {
				return right.Hash(ctx, password[:min(len(password), 72)])
			},
			func(ctx context.Context, password, hash string) (bool, error) {
				return right.Verify(ctx, password[:min(len(password), 72)], hash)
			}}
	}, []string{"a_password_is_recognised_by_its_hash"}, nil},
	{"capitals do not count", func(right ports.PasswordHasher) ports.PasswordHasher {
		return mishashed{right,
			func(ctx context.Context, password string) (string, error) {
				return right.Hash(ctx, strings.ToLower(password))
			},
			func(ctx context.Context, password, hash string) (bool, error) {
				return right.Verify(ctx, strings.ToLower(password), hash)
			}}
	}, []string{"a_password_is_recognised_by_its_hash"}, nil},
	{"hashes have no salt", func(right ports.PasswordHasher) ports.PasswordHasher {
		return mishashed{PasswordHasher: right, hash: func(ctx context.Context, password string) (string, error) {
			return new(quickHasher).Hash(ctx, password)
		}}
	}, []string{"a_hash_differs_each_time"}, nil},
	{"the password is stored in the clear", func(ports.PasswordHasher) ports.PasswordHasher {
		var salt atomic.Int64
		return mishashed{nil,
			func(ctx context.Context, password string) (string, error) {
				if ctx.Err() != nil {
					return "", fmt.Errorf("%w: %w", ports.ErrUnavailable, ctx.Err())
				}
				return fmt.Sprintf("%d$%s", salt.Add(1), password), nil
			},
			func(ctx context.Context, password, hash string) (bool, error) {
				_, plain, ok := strings.Cut(hash, "$")
				switch {
				case ctx.Err() != nil:
					return false, fmt.Errorf("%w: %w", ports.ErrUnavailable, ctx.Err())
				case !ok || len(plain) < len(passphrase):
					return false, errors.New("not a hash")
				}
				return plain == password, nil
			}}
	}, []string{"a_hash_does_not_contain_the_password"}, []string{"a_password_is_recognised_by_its_hash"}},
	{"an invalid hash is a wrong password", func(right ports.PasswordHasher) ports.PasswordHasher {
		return mishashed{PasswordHasher: right, verify: func(ctx context.Context, password, hash string) (bool, error) {
			right, err := right.Verify(ctx, password, hash)
			if !errors.Is(err, ports.ErrUnavailable) {
				err = nil
			}
			return right, err
		}}
	}, []string{"an_invalid_hash_is_an_error"}, nil},
	{"an invalid hash is an outage", func(right ports.PasswordHasher) ports.PasswordHasher {
		return mishashed{PasswordHasher: right, verify: func(ctx context.Context, password, hash string) (bool, error) {
			right, err := right.Verify(ctx, password, hash)
			if err != nil {
				err = fmt.Errorf("%w: %w", ports.ErrUnavailable, err)
			}
			return right, err
		}}
	}, []string{"an_invalid_hash_is_an_error"}, nil},
	{"contexts are ignored", func(right ports.PasswordHasher) ports.PasswordHasher {
		return mishashed{PasswordHasher: right, hash: func(ctx context.Context, password string) (string, error) {
			return right.Hash(context.WithoutCancel(ctx), password)
		}}
	}, []string{"a_cancelled_context_is_unavailable"}, nil},
}
