package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gable-listings/gable/app/apptest"
)

// A restored listing reaches the caches of running servers as any other change does, at the version that it had.
func TestARestoredListingReachesTheCachesOfARunningServer(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		made := s.Create(`"title":"Back again","price":1`)
		for _, price := range []string{"2", "3"} {
			s.Patch(made.ID, `{"price":`+price+`}`)
		}
		exported := s.Get("/v1/exports").Body
		path := filepath.Join(t.TempDir(), "all.ndjson")
		apptest.Must(t, os.WriteFile(path, []byte(strings.Replace(exported, `"version":3`, `"version":12`, 1)), 0o600))
		item := "/v1/properties/" + made.ID
		s.Do("DELETE", item, "").Must(204)
		for range 2 { // the second answers come from the caches
			s.Get(item).Must(404)
			if n := s.Count("/v1/properties?count=exact"); n != 0 {
				t.Fatalf("after the deletion %d listings are found", n)
			}
		}
		code, out, stderr := apptest.Gable(t, "import", path, "--restore", "--database-url", string(s.Config.Database.URL))
		if code != 0 || !strings.Contains(out, "1 created") {
			t.Fatalf("%d, %s%s", code, out, stderr)
		}
		s.Eventually("the listing is back", func() bool {
			return s.Get(item).Status == 200 && s.Count("/v1/properties?count=exact") == 1
		})
		if got := s.Get("/v1/exports").Body; got != strings.Replace(exported, `"version":3`, `"version":12`, 1) {
			t.Errorf("the listing was\n%sand is\n%s", exported, got)
		}
		if got := s.Get(item).Must(200).Body; !strings.Contains(got, `"version":12`) {
			t.Errorf("its page is\n%s", got)
		}
		s.Patch(made.ID, `{"price":4}`)
		if got := s.Get(item).Must(200).Body; !strings.Contains(got, `"version":13`) {
			t.Errorf("after another change it is\n%s", got)
		}
	})
}
