package porttest

import (
	"context"
	"fmt"
	"runtime"
	"testing"
)

// recorder replaces the *testing.T of one case and records its failure.
type recorder struct {
	ctx     context.Context
	failure string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Fatalf(format string, args ...any) {
	r.failure = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// failure runs a case on a fresh subject and returns its failure, or "" when it passes. A panic of the subject is a
// failure too.
func failure[S any](t *testing.T, c suiteCase[S], open func(reporter) S) string {
	r := &recorder{ctx: t.Context()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if recovered := recover(); recovered != nil {
				r.failure = fmt.Sprint("panic: ", recovered)
			}
		}()
		c.run(open(r))
	}()
	<-done
	return r.failure
}

// wantNoticed checks that the named case fails with a wrong subject.
func wantNoticed[S any](t *testing.T, cases []suiteCase[S], name string, open func(reporter) S) {
	t.Helper()
	for _, c := range cases {
		if c.name == name {
			if failure(t, c, open) == "" {
				t.Errorf("the case %s passes; its rule: %s", name, c.rule)
			}
			return
		}
	}
	t.Errorf("unknown case %s", name)
}
