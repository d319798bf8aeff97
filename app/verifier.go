package main

import (
	"context"
	"time"

	"github.com/gable-listings/gable/ports"
	"go.uber.org/zap"
)

// verifier compares some of the answers that a cache level gives with what the database says, as long as the program runs.
// That the caches are never wrong is not only promised but looked after: a single violation is a defect of the program.
type verifier struct {
	level   *level
	catchUp func(context.Context) error
	healer  *healer
	pause   time.Duration // between two comparisons
	limit   time.Duration // for one of them
	log     *zap.Logger
}

// run verifies until the context ends.
func (v *verifier) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(v.pause):
		}
		sample, err := v.level.samples.Take(ctx)
		if err != nil {
			return
		}
		v.verify(ctx, sample)
	}
}

// wrongAnswer is the log's word for a violation. The answer itself is removed by the level that gave it.
const wrongAnswer = "a cache has given a wrong answer"

func (v *verifier) verify(ctx context.Context, sample ports.Sample) {
	ctx, cancel := context.WithTimeout(ctx, v.limit)
	defer cancel()
	finding, err := sample.Recheck(ctx, v.catchUp)
	switch {
	case err != nil:
		v.level.undecided.Add(1)
		v.log.Debug("could not verify an answer", zap.String("level", v.level.name), zap.Error(err))
	case finding.Verdict == ports.Verified:
		v.level.verified.Add(1)
	case finding.Verdict == ports.Violated:
		v.level.violations.Add(1)
		v.log.Error(wrongAnswer, zap.String("level", v.level.name),
			zap.String("question", sample.Question), zap.String("detail", finding.Detail))
		v.healer.heal(ctx)
	default:
		v.level.undecided.Add(1)
	}
}
