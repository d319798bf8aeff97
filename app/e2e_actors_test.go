package main

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/domain/property"
)

func TestAHistoryNamesWhoWroteAndTheFeedDoesNot(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		database := string(s.config.Database.URL)
		code, secret, stderr := runGable(t, "admin", "create-key", "Anna's laptop", "--database-url", database)
		if code != exitOK {
			t.Fatal(stderr)
		}
		anna := []string{"Authorization", "Bearer " + strings.TrimSpace(secret)}
		const row = "reference,title,price,location\nr-1,By anna,"
		s.do(http.MethodPost, "/v1/properties", `{"reference":"r-1","title":"By anna","price":1,"location":"Here"}`, anna...).must(http.StatusCreated)
		s.do(http.MethodPost, "/v1/imports", row+"2,Here\n", append(anna, "Content-Type", "text/csv")...).must(http.StatusOK)
		file := filepath.Join(t.TempDir(), "listings.csv")
		if err := os.WriteFile(file, []byte(row+"3,Here\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := runGable(t, "import", file, "--database-url", database); code != exitOK {
			t.Fatal(stderr)
		}
		p := decoded[jsonPage](s.get("/v1/properties", "Cache-Control", "no-cache").must(http.StatusOK)).Properties[0]
		s.do(http.MethodPatch, "/v1/properties/"+p.ID, `{"price":4}`, anna...).must(http.StatusOK)
		s.do(http.MethodDelete, "/v1/properties/"+p.ID, "", anna...).must(http.StatusNoContent)

		const key = "key Anna's laptop"
		if got, want := actorsOf(t, s, p.ID), []string{key, key, "command import", key, key}; !slices.Equal(got, want) {
			t.Errorf("the changes were made by %q, not by %q", got, want)
		}
		for _, told := range []string{s.get("/v1/changes").must(http.StatusOK).body, s.get("/v1/properties").body} {
			if strings.Contains(told, "laptop") || strings.Contains(told, "command") {
				t.Errorf("everybody is told who wrote: %s", told)
			}
		}
	})
}

// actorsOf is who made the changes of a listing, the newest first.
func actorsOf(t *testing.T, s *testServer, id string) []string {
	t.Helper()
	listing, err := property.ParseID(id)
	if err != nil {
		t.Fatal(err)
	}
	listings := catalog.New(s.db.Repository(), nil, catalog.Options{History: s.db.History()})
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
