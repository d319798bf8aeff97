package main

import (
	"net/http"
	"testing"
	"time"
)

func TestTheServersTrendShowsItsRequests(t *testing.T) {
	s := embeddedSetup.start(t)
	s.eventually("a sample has the requests", func() bool {
		s.get("/v1/properties").must(http.StatusOK)
		samples := s.trend.Since(time.Time{})
		if len(samples) == 0 {
			return false
		}
		last := samples[len(samples)-1]
		return last.Requests > 0 && last.MeanMS != nil && last.View.Hits > 0 && last.View.Entries > 0 && last.Query.Entries > 0 && last.Trusted
	})
}
