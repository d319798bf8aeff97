package porttest

import (
	"context"
	"testing"
)

// reporter is the part of *testing.T that a case uses. Tests of the suites replace it by a recorder.
type reporter interface {
	Helper()
	Context() context.Context
	Fatalf(format string, args ...any)
}

// suiteCase is one promise of a port with its test on a fresh subject.
type suiteCase[S any] struct {
	name string
	rule string
	run  func(S)
}

func runCases[S any](t *testing.T, cases []suiteCase[S], open func(t *testing.T) S) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if t.Failed() {
					t.Logf("the rule: %s", c.rule)
				}
			}()
			c.run(open(t))
		})
	}
}

func concat[T any](lists ...[]T) []T {
	var all []T
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}
