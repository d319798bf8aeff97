package porttest

import (
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/gable-listings/gable/domain/access"
)

// factor sets a second factor and returns the account with it.
func (s staff) factor(account access.Account, secret string, step int64, recovery ...string) access.Account {
	s.t.Helper()
	err := s.repo.SetSecondFactor(s.t.Context(), account.ID, secret, step, hashes(recovery))
	s.wantDone("set a second factor", err)
	account.FactorSecret, account.FactorStep = secret, step
	return account
}

func hashes(codes []string) (list []string) {
	for _, code := range codes {
		list = append(list, access.HashRecoveryCode(code))
	}
	return list
}

func (s staff) wantStep(account access.Account, secret string, step int64, want bool) {
	s.t.Helper()
	unused, err := s.repo.UseStep(s.t.Context(), account.ID, secret, step)
	s.wantDone("use a step", err)
	if unused != want {
		s.t.Fatalf("step %d is unused: %t, not %t", step, unused, want)
	}
}

func (s staff) wantRecovery(account access.Account, code string, want bool) {
	s.t.Helper()
	unused, err := s.repo.UseRecoveryCode(s.t.Context(), account.ID, access.HashRecoveryCode(code))
	s.wantDone("use a recovery code", err)
	if unused != want {
		s.t.Fatalf("recovery code %q is unused: %t, not %t", code, unused, want)
	}
}

var oneSecret, otherSecret = strings.Repeat("A2", 16), strings.Repeat("B3", 16)

var factorCases = []suiteCase[staff]{
	{"a_second_factor_is_set_and_taken_off",
		"SetSecondFactor replaces secret, step and recovery codes of this account alone, and nothing else; an empty secret " +
			"removes them.", func(s staff) {
			anna, bob := s.hire("anna", access.RoleEditor, 1), s.hire("bob", access.RoleEditor, 2)
			bob = s.factor(bob, otherSecret, 7, "b")
			anna = s.factor(anna, oneSecret, 5, "a", "b")
			s.wantStored(anna)
			s.wantStored(bob)
			off := s.factor(anna, "", 0)
			s.wantStored(off)
			s.wantStored(bob)
			s.wantRecovery(off, "a", false)
			s.wantRecovery(bob, "b", true)
			s.wantStored(s.factor(off, otherSecret, 9, "c"))
			s.wantRecovery(off, "c", true)
		}},
	{"a_second_factor_is_not_replaced_by_another",
		"SetSecondFactor of a secret where one is set is ErrHasSecondFactor, and changes nothing; for an unknown account " +
			"it is ErrUnknownAccount.", func(s staff) {
			anna := s.factor(s.hire("anna", access.RoleEditor, 1), oneSecret, 5, "a")
			err := s.repo.SetSecondFactor(s.t.Context(), anna.ID, otherSecret, 9, nil)
			s.wantError("replace a second factor", err, access.ErrHasSecondFactor)
			s.wantStored(anna)
			s.wantRecovery(anna, "a", true)
			unknown := s.account("unknown", access.RoleEditor, 1).ID
			for _, secret := range []string{oneSecret, ""} {
				err := s.repo.SetSecondFactor(s.t.Context(), unknown, secret, 1, nil)
				s.wantError("set a second factor of an unknown account", err, access.ErrUnknownAccount)
			}
		}},
	{"a_step_is_used_once",
		"UseStep is true for a step later than all before, and false for a used step, another secret or an unknown account.",
		func(s staff) {
			anna := s.factor(s.hire("anna", access.RoleEditor, 1), oneSecret, 5)
			bob := s.factor(s.hire("bob", access.RoleEditor, 2), oneSecret, 5)
			s.wantStep(anna, oneSecret, 5, false)
			s.wantStep(anna, otherSecret, 6, false)
			s.wantStep(anna, oneSecret, 6, true)
			s.wantStep(anna, oneSecret, 6, false)
			s.wantStep(anna, oneSecret, 4, false)
			s.wantStep(anna, oneSecret, 8, true)
			s.wantStep(anna, oneSecret, 7, false)
			s.wantStep(bob, oneSecret, 6, true)
			s.wantStep(access.Account{ID: "unknown"}, oneSecret, 9, false)
			anna.FactorStep = 8
			s.wantStored(anna)
		}},
	{"one_of_many_uses_a_step_and_a_recovery_code",
		"Of concurrent UseSteps of one step, and of UseRecoveryCodes of one code, exactly one returns true.", func(s staff) {
			for round := range 4 {
				anna := s.factor(s.hire(fmt.Sprint("anna", round), access.RoleEditor, round), oneSecret, 5, "a")
				var steps, codes atomic.Int64
				for _, err := range together(8, func(i int) error {
					count, use := &steps, func() (bool, error) { return s.repo.UseStep(s.t.Context(), anna.ID, oneSecret, 6) }
					if i%2 == 0 {
						count, use = &codes, func() (bool, error) {
							return s.repo.UseRecoveryCode(s.t.Context(), anna.ID, access.HashRecoveryCode("a"))
						}
					}
					unused, err := use()
					if unused {
						count.Add(1)
					}
					return err
				}) {
					s.wantDone("use a code", err)
				}
				if steps.Load() != 1 || codes.Load() != 1 {
					s.t.Fatalf("a step was used %d times and a recovery code %d times", steps.Load(), codes.Load())
				}
			}
		}},
	{"a_recovery_code_is_used_once",
		"UseRecoveryCode is true once for each of the account's codes, and false for others' codes.", func(s staff) {
			anna := s.factor(s.hire("anna", access.RoleEditor, 1), oneSecret, 5, "a", "b")
			bob := s.factor(s.hire("bob", access.RoleEditor, 2), oneSecret, 5, "c")
			s.wantRecovery(anna, "c", false)
			s.wantRecovery(anna, "a", true)
			s.wantRecovery(anna, "a", false)
			s.wantRecovery(anna, "b", true)
			s.wantRecovery(bob, "c", true)
			s.wantRecovery(access.Account{ID: "unknown"}, "a", false)
		}},
}
