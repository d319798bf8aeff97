package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// A wrong answer that is in the view cache, however it has come there, is served until it has been looked at once.
func TestAWrongAnswerHealsByItself(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t, func(c *Config) { c.Freshness.VerifyInterval = 20 * time.Millisecond })
	p := s.create(`"title":"right","price":1`)
	path := itemPath(p.ID)
	forge := func() {
		wrongBody := strings.Replace(s.get(path).must(http.StatusOK).body, `"right"`, `"wrong"`, 1)
		key := s.kept.Explain(path).Key
		wrong := viewcache.Answer{
			ContentType: "application/json", Body: []byte(wrongBody), TagPrefix: "1-", Route: "/v1/properties/{id}",
			Depends: []freshness.Dependency{freshness.OnItem(property.ID{1})},
		}
		s.kept.Keep(key, wrong, s.kept.Position(), func(context.Context) (viewcache.Answer, error) {
			right := wrong
			right.Body = []byte(s.get(path, "Cache-Control", "no-store").must(http.StatusOK).body)
			return right, nil
		})
		if body := s.get(path).body; !strings.Contains(body, "wrong") && s.log.FilterMessage(wrongAnswer).Len() == 0 {
			t.Fatalf("the forged view is not served: %s", body)
		}
	}
	for n := 1; n <= 2; n++ {
		forge()
		s.eventually("the wrong answer is gone", func() bool {
			return strings.Contains(s.get(path).must(http.StatusOK).body, `"right"`) &&
				s.log.FilterMessage(wrongAnswer).Len() == n
		})
		if began := s.log.FilterMessage("wrong answers repeat; the caches begin anew").Len(); began != n-1 {
			t.Errorf("after %d wrong answers the caches began anew %d times", n, began)
		}
	}
}
