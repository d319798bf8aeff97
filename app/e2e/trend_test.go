package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/ports/cachestat"
)

func TestTheServersTrendShowsItsRequests(t *testing.T) {
	s := apptest.Embedded.Start(t)
	s.Eventually("a sample has the requests", func() bool {
		s.Get("/v1/properties").Must(http.StatusOK)
		samples := s.Trend.Since(time.Time{})
		if len(samples) == 0 {
			return false
		}
		last := samples[len(samples)-1]
		return last.Requests > 0 && last.MeanMS != nil && last.View.Reads[cachestat.OutcomeHit] > 0 &&
			last.View.Entries > 0 && last.Query.Entries > 0 && last.Trusted
	})
}
