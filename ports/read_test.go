package ports_test

import (
	"testing"
	"time"

	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// The answer to a page with a count is as old as the older of its two reads, and as unlucky as the unluckier one.
func TestAnAnswerFromTwoReadsIsTheLeastLuckyAndTheOldestOfThem(t *testing.T) {
	hit := ports.ReadInfo{Outcome: cachestat.OutcomeHit, Age: time.Minute}
	miss := ports.ReadInfo{Outcome: cachestat.OutcomeMiss, Age: time.Second}
	want := ports.ReadInfo{Outcome: cachestat.OutcomeMiss, Age: time.Minute}
	for _, got := range []ports.ReadInfo{hit.And(miss), miss.And(hit), hit.And(ports.ReadInfo{}).And(miss)} {
		if got != want {
			t.Errorf("combined: %v, want %v", got, want)
		}
	}
}
