package porttest

import (
	"context"
	"sync"
	"testing"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

func TestWrongSecondFactorsAreNoticed(t *testing.T) {
	for _, w := range wrongFactors {
		testWrong(t, w, factorCases, func(r reporter, bend func(ports.AccountRepository) ports.AccountRepository) staff {
			return staff{r, bend(memory.NewAccountRepository())}
		})
	}
}

// unfactored is an account repository with some methods of second factors replaced.
type unfactored struct {
	ports.AccountRepository
	set      func(ctx context.Context, id, secret string, step int64, hashes []string) error
	step     func(ctx context.Context, id, secret string, step int64) (bool, error)
	recovery func(ctx context.Context, id, hash string) (bool, error)
}

func (m unfactored) SetSecondFactor(ctx context.Context, id, secret string, step int64, hashes []string) error {
	if m.set != nil {
		return m.set(ctx, id, secret, step, hashes)
	}
	return m.AccountRepository.SetSecondFactor(ctx, id, secret, step, hashes)
}

func (m unfactored) UseStep(ctx context.Context, id, secret string, step int64) (bool, error) {
	if m.step != nil {
		return m.step(ctx, id, secret, step)
	}
	return m.AccountRepository.UseStep(ctx, id, secret, step)
}

func (m unfactored) UseRecoveryCode(ctx context.Context, id, hash string) (bool, error) {
	if m.recovery != nil {
		return m.recovery(ctx, id, hash)
	}
	return m.AccountRepository.UseRecoveryCode(ctx, id, hash)
}

var wrongFactors = []wrong[ports.AccountRepository]{
	{"codes outlive their factor", func(right ports.AccountRepository) ports.AccountRepository {
		var all sync.Map
		return unfactored{AccountRepository: right,
			set: func(ctx context.Context, id, secret string, step int64, hashes []string) error {
				for _, hash := range hashes {
					all.Store(id+hash, true)
				}
				return right.SetSecondFactor(ctx, id, secret, step, nil)
			},
			recovery: func(_ context.Context, id, hash string) (bool, error) {
				_, was := all.LoadAndDelete(id + hash)
				return was, nil
			}}
	}, []string{"a_second_factor_is_set_and_taken_off"}, []string{"*"}},
	{"one factor replaces another", func(right ports.AccountRepository) ports.AccountRepository {
		return unfactored{AccountRepository: right,
			set: func(ctx context.Context, id, secret string, step int64, hashes []string) error {
				if err := right.SetSecondFactor(ctx, id, "", 0, nil); err != nil {
					return err
				}
				return right.SetSecondFactor(ctx, id, secret, step, hashes)
			}}
	}, []string{"a_second_factor_is_not_replaced_by_another"}, nil},
	{"a code is good as long as its step lasts", func(right ports.AccountRepository) ports.AccountRepository {
		return unfactored{AccountRepository: right,
			step: func(ctx context.Context, id, secret string, step int64) (bool, error) {
				account, err := right.AccountByID(ctx, id)
				return err == nil && account.FactorSecret == secret && step >= account.FactorStep, nil
			}}
	}, []string{"a_step_is_used_once", "one_of_many_uses_a_step_and_a_recovery_code"}, nil},
	{"the secret does not matter", func(right ports.AccountRepository) ports.AccountRepository {
		return unfactored{AccountRepository: right, step: func(ctx context.Context, id, _ string, step int64) (bool, error) {
			account, err := right.AccountByID(ctx, id)
			if err != nil {
				return false, nil
			}
			return right.UseStep(ctx, id, account.FactorSecret, step)
		}}
	}, []string{"a_step_is_used_once"}, nil},
	{"a recovery code is good for ever", func(right ports.AccountRepository) ports.AccountRepository {
		var known sync.Map
		return unfactored{AccountRepository: right, recovery: func(ctx context.Context, id, hash string) (bool, error) {
			unused, err := right.UseRecoveryCode(ctx, id, hash)
			if unused {
				known.Store(id+hash, true)
			}
			_, was := known.Load(id + hash)
			return was, err
		}}
	}, []string{"a_recovery_code_is_used_once"}, []string{"*"}},
	{"recovery codes are shared by all accounts", func(right ports.AccountRepository) ports.AccountRepository {
		return unfactored{AccountRepository: right, recovery: func(ctx context.Context, _, hash string) (bool, error) {
			accounts, err := right.ListAccounts(ctx)
			for _, account := range accounts {
				if unused, err := right.UseRecoveryCode(ctx, account.ID, hash); unused || err != nil {
					return unused, err
				}
			}
			return false, err
		}}
	}, []string{"a_recovery_code_is_used_once"}, []string{"*"}},
	{"setting the factor of an unknown account succeeds", func(right ports.AccountRepository) ports.AccountRepository {
		return unfactored{AccountRepository: right,
			set: func(ctx context.Context, id, secret string, step int64, hashes []string) error {
				return silently(right.SetSecondFactor(ctx, id, secret, step, hashes), access.ErrUnknownAccount)
			}}
	}, []string{"a_second_factor_is_not_replaced_by_another"}, nil},
}
