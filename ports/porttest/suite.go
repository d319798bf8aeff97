package porttest

import (
	"context"
	"testing"
)

// reporter is what a case needs of *testing.T, small enough to be played by a recorder when the suites are tested.
type reporter interface {
	Helper()
	Context() context.Context
	Fatalf(format string, args ...any)
}

// suiteCase is one promise of a port and how it is tried out on a fresh subject.
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
