package insight

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

func TestWhatComesOfASecondLookIsCountedAndAViolationIsLogged(t *testing.T) {
	for name, c := range map[string]struct {
		finding                         cachestat.Finding
		err                             error
		verified, undecided, violations uint64
	}{
		"right":        {cachestat.Finding{Verdict: cachestat.Verified}, nil, 1, 0, 0},
		"overtaken":    {cachestat.Finding{Verdict: cachestat.Undecided}, nil, 0, 1, 0},
		"not answered": {cachestat.Finding{}, ports.ErrUnavailable, 0, 1, 0},
		"wrong":        {cachestat.Finding{Verdict: cachestat.Violated, Detail: "answered 1; the store has 2"}, nil, 0, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			logged, entries := observer.New(zap.InfoLevel)
			level := newLevel("view")
			healed := uint64(0)
			v := &Verifier{Level: level, Limit: time.Minute, Log: zap.New(logged), Healer: &Healer{
				CatchUp: func(context.Context) error { healed++; return nil },
			}}
			v.verify(t.Context(), cachestat.Sample{
				Question: "limit=7",
				Recheck: func(ctx context.Context, _ func(context.Context) error) (cachestat.Finding, error) {
					if _, limited := ctx.Deadline(); !limited {
						t.Error("a second look may take for ever")
					}
					return c.finding, c.err
				},
			})
			if got := [...]uint64{level.verified.Load(), level.undecided.Load(),
				level.violations.Load()}; got != [...]uint64{c.verified, c.undecided, c.violations} {
				t.Errorf("verified, undecided and violations are %v", got)
			}
			if healed != c.violations {
				t.Errorf("the feed was polled %d times for %d violations", healed, c.violations)
			}
			if uint64(entries.Len()) != c.violations {
				t.Fatalf("the log has %v", entries.All())
			}
			for _, e := range entries.All() {
				fields := e.ContextMap()
				if e.Level != zap.ErrorLevel || e.Message != WrongAnswer || fields["level"] != "view" ||
					fields["question"] != "limit=7" ||
					!strings.Contains(fields["detail"].(string), "answered 1") {
					t.Errorf("the log has %v %q %v", e.Level, e.Message, fields)
				}
			}
		})
	}
}
