package insight

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/gable-listings/gable/ports"
)

const beganAnew = "wrong answers repeat, resetting caches"

func TestTwoWrongAnswersWithinAMinuteStartTheCachesAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.InfoLevel)
		var steps string
		step := func(name string) func() { return func() { steps += name + " " } }
		h := &Healer{Log: zap.New(core), Forget: step("forget"), RestartLedger: step("anew"),
			CatchUp: func(context.Context) error {
				step("poll")()
				return ports.ErrUnavailable
			}}
		for i, c := range []struct {
			after time.Duration
			want  string
		}{
			{0, "poll "},
			{time.Minute, "poll "},
			{59 * time.Second, "forget anew poll "},
			{time.Second, "poll "}, // a beginning has had no time yet
			{time.Second, "forget anew poll "},
			{time.Hour, "poll "},
		} {
			time.Sleep(c.after)
			steps = ""
			if h.heal(t.Context()); steps != c.want {
				t.Errorf("violation %d: %q, want %q", i, steps, c.want)
			}
		}
		if n, polls := logs.FilterMessage(beganAnew).Len(), logs.FilterMessageSnippet("cannot poll").Len(); n != 2 ||
			polls != 6 {
			t.Errorf("%d beginnings and %d failed polls are logged", n, polls)
		}
	})
}
