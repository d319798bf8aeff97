package insight

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/gable-listings/gable/ports/cachestat"
)

// Verifier compares a sample of the answers of a cache level with the database, as long as the program runs. A single
// violation is a defect of the program.
type Verifier struct {
	Level   *Level
	CatchUp func(context.Context) error
	Healer  *Healer
	Pause   time.Duration // between two comparisons
	Limit   time.Duration // for one of them
	Log     *zap.Logger
}

// Run verifies until the context ends.
func (v *Verifier) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(v.Pause):
		}
		sample, err := v.Level.Samples.Take(ctx)
		if err != nil {
			return
		}
		v.verify(ctx, sample)
	}
}

// WrongAnswer is the log message of a violation. The level removes the answer itself.
const WrongAnswer = "wrong cached answer"

func (v *Verifier) verify(ctx context.Context, sample cachestat.Sample) {
	ctx, cancel := context.WithTimeout(ctx, v.Limit)
	defer cancel()
	finding, err := sample.Recheck(ctx, v.CatchUp)
	switch {
	case err != nil:
		v.Level.undecided.Add(1)
		v.Log.Debug("could not verify an answer", zap.String("level", v.Level.name), zap.Error(err))
	case finding.Verdict == cachestat.Verified:
		v.Level.verified.Add(1)
	case finding.Verdict == cachestat.Violated:
		v.Level.violations.Add(1)
		v.Log.Error(WrongAnswer, zap.String("level", v.Level.name),
			zap.String("question", sample.Question), zap.String("detail", finding.Detail))
		v.Healer.heal(ctx)
	default:
		v.Level.undecided.Add(1)
	}
}
