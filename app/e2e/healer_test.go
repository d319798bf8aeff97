package e2e

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/insight"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// A wrong answer in the view cache, however it got there, is served until the verifier has checked it once.
func TestAWrongAnswerHealsByItself(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t, func(c *config.Config) { c.Freshness.VerifyInterval = 20 * time.Millisecond })
	p := s.Create(`"title":"right","price":1`)
	path := apptest.ItemPath(p.ID)
	forge := func() {
		wrongBody := strings.Replace(s.Get(path).Must(http.StatusOK).Body, `"right"`, `"wrong"`, 1)
		key := s.Views.Explain(path).Question
		wrong := viewcache.Answer{
			ContentType: "application/json", Body: []byte(wrongBody), TagPrefix: "1-",
			TagSuffix: "-0", Route: "/v1/properties/{id}",
			Depends: []freshness.Dependency{freshness.OnItem(property.ID{1})},
		}
		s.Views.Store(key, wrong, s.Views.Position(), func(context.Context) (viewcache.Answer, ports.ReadInfo, error) {
			right := wrong
			right.Body = []byte(s.Get(path, "Cache-Control", "no-store").Must(http.StatusOK).Body)
			return right, ports.ReadInfo{}, nil
		})
		if body := s.Get(path).Body; !strings.Contains(body, "wrong") && s.Log.FilterMessage(insight.WrongAnswer).Len() == 0 {
			t.Fatalf("the forged view is not served: %s", body)
		}
	}
	for n := 1; n <= 2; n++ {
		forge()
		s.Eventually("the wrong answer is gone", func() bool {
			return strings.Contains(s.Get(path).Must(http.StatusOK).Body, `"right"`) &&
				s.Log.FilterMessage(insight.WrongAnswer).Len() == n
		})
		if began := s.Log.FilterMessage("wrong answers repeat, resetting caches").Len(); began != n-1 {
			t.Errorf("after %d wrong answers the caches began anew %d times", n, began)
		}
	}
}
