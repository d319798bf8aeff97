package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/app/cli"
	"github.com/gable-listings/gable/domain/property"
)

func TestAHistoryNamesWhoWroteAndTheFeedDoesNot(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		database := string(s.Config.Database.URL)
		code, secret, stderr := apptest.Gable(t, "admin", "create-key", "Anna's laptop", "--database-url", database)
		if code != cli.ExitOK {
			t.Fatal(stderr)
		}
		anna := []string{"Authorization", "Bearer " + strings.TrimSpace(secret)}
		const row = "reference,title,price,location\nr-1,By anna,"
		s.Do(http.MethodPost, "/v1/properties", `{"reference":"r-1","title":"By anna","price":1,"location":"Here"}`,
			anna...).Must(http.StatusCreated)
		s.Do(http.MethodPost, "/v1/imports", row+"2,Here\n", append(anna, "Content-Type", "text/csv")...).Must(http.StatusOK)
		file := filepath.Join(t.TempDir(), "listings.csv")
		if err := os.WriteFile(file, []byte(row+"3,Here\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := apptest.Gable(t, "import", file, "--database-url", database); code != cli.ExitOK {
			t.Fatal(stderr)
		}
		p := apptest.Decoded[apptest.Page](s.Get("/v1/properties", "Cache-Control", "no-cache").Must(http.StatusOK)).
			Properties[0]
		s.Do(http.MethodPatch, "/v1/properties/"+p.ID, `{"price":4}`, anna...).Must(http.StatusOK)
		s.Do(http.MethodDelete, "/v1/properties/"+p.ID, "", anna...).Must(http.StatusNoContent)

		const key = "key Anna's laptop"
		if got, want := actorsOf(t, s, p.ID), []string{key, key, "command import", key, key}; !slices.Equal(got, want) {
			t.Errorf("the changes were made by %q, not by %q", got, want)
		}
		for _, answer := range []string{s.Get("/v1/changes").Must(http.StatusOK).Body, s.Get("/v1/properties").Body} {
			if strings.Contains(answer, "laptop") || strings.Contains(answer, "command") {
				t.Errorf("the public answer names the writer: %s", answer)
			}
		}
	})
}

// actorsOf returns who made the changes of a listing, the newest first.
func actorsOf(t *testing.T, s *apptest.Server, id string) []string {
	t.Helper()
	listing, err := property.ParseID(id)
	if err != nil {
		t.Fatal(err)
	}
	listings := catalog.New(s.Db.Repository(), nil, catalog.Options{History: s.Db.History()})
	page, err := listings.History(t.Context(), listing, 0, 10)
	if err != nil || page.Next != 0 {
		t.Fatalf("more from %d, error %v", page.Next, err)
	}
	var actors []string
	for _, c := range page.Changes {
		actors = append(actors, c.Actor)
	}
	return actors
}
