package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/cli"
)

const twoRows = "reference,title,price,location,kind\n" +
	"a-1,First,100,Here,house\n" +
	"a-2,Second,200.50,\"There, too\",room\n"

func TestAnImportCreatesThenChangesNothingThenUpdates(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		send := func(body string) api.ImportAnswer {
			t.Helper()
			return apptest.Decoded[api.ImportAnswer](s.Do(http.MethodPost, "/v1/imports", body, "Content-Type", "text/csv").
				Must(http.StatusOK))
		}
		if r := send(twoRows); r.Created != 2 || r.Read != 2 {
			t.Errorf("first: %+v", r)
		}
		before := s.Get("/v1/properties").Body
		if r := send(twoRows); r.Unchanged != 2 {
			t.Errorf("second: %+v", r)
		}
		if after := s.Get("/v1/properties").Body; after != before {
			t.Errorf("importing twice changed %s into %s", before, after)
		}
		superseding := twoRows + "a-1,First again,150,Here,house\na-1,First at last,175,Here,house\n"
		if r := send(superseding); r.Updated != 1 || r.Unchanged != 1 || r.Superseded != 2 {
			t.Errorf("third: %+v", r)
		}
		if got := s.Titles("/v1/properties?sort=price"); got != "First at last Second" {
			t.Errorf("the list shows %s", got)
		}
		if r := send(superseding); r.Unchanged != 2 || r.Updated != 0 {
			t.Errorf("a file that supersedes its own rows, again: %+v", r)
		}
	})
}

func TestABadRowIsReportedAndTheRestGoesIn(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		body := twoRows + "a-3,,5,Nowhere,house\n" + "a-4,Fourth,-1,Here,castle\n" + ",No reference,1,Here,house\n"
		r := apptest.Decoded[api.ImportAnswer](s.Do(http.MethodPost, "/v1/imports", body, "Content-Type", "text/csv").
			Must(http.StatusOK))
		if r.Created != 2 || r.Rejected != 3 {
			t.Errorf("%+v", r)
		}
		var fields []string
		for _, e := range r.Errors {
			fields = append(fields, *e.Field)
			if e.Line < 4 || e.Line > 6 || e.Reason == "" {
				t.Errorf("%+v", e)
			}
		}
		if got := strings.Join(fields, " "); got != "title price kind reference" {
			t.Errorf("the errors name %s", got)
		}
	})
}

func TestAnExportIsImportedWithoutLoss(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		s.Create(`"title":"Ünï \"quoted\", 海景","description":"two\nlines","price":"999999999999.99",` +
			`"reference":"x-1","bathrooms":2.25,"latitude":-12.5,"longitude":180,` +
			`"photos":["https://example.com/a b.jpg?x=1,2","http://example.com/"],` +
			`"area_m2":0.01`)
		s.Create(`"title":"bare","price":0,"reference":"x-2"`)
		for _, format := range []string{"ndjson", "csv"} {
			exported := s.Get("/v1/exports?sort=price&format=" + format).Must(http.StatusOK).Body
			report := apptest.Decoded[api.ImportAnswer](s.Do(http.MethodPost, "/v1/imports?format="+format, exported,
				"Content-Type", map[string]string{"csv": "text/csv", "ndjson": "application/x-ndjson"}[format]).Must(http.StatusOK))
			if report.Unchanged != 2 {
				t.Errorf("%s: %+v\n%s", format, report, exported)
			}
		}
	})
}

func TestTheFeedDeliversEverythingInOrder(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		type change struct {
			Op       string           `json:"op"`
			ID       *string          `json:"id"`
			Version  *int             `json:"version"`
			Property *apptest.Listing `json:"property"`
		}
		type feed struct {
			Changes []change `json:"changes"`
			Next    string   `json:"next"`
			More    bool     `json:"more"`
		}
		p := s.Create(`"title":"followed","price":1`)
		s.Patch(p.ID, `{"price":2}`)
		s.Do(http.MethodDelete, "/v1/properties/"+p.ID, "").Must(http.StatusNoContent)
		var entries []string
		page := feed{More: true}
		for page.More {
			path := "/v1/changes?limit=1"
			if page.Next != "" {
				path += "&after=" + page.Next
			}
			page = apptest.Decoded[feed](s.Get(path).Must(http.StatusOK))
			for _, c := range page.Changes {
				entry := c.Op
				if c.Property != nil {
					entry += " " + c.Property.Price
				}
				entries = append(entries, entry)
			}
			if page.Next == "" {
				t.Fatal("no next")
			}
		}
		if got := strings.Join(entries, ", "); got != "insert 1.00, update 2.00, delete" {
			t.Errorf("the feed has %s", got)
		}
		s.Create(`"title":"later","price":3`)
		if rest := apptest.Decoded[feed](s.Get("/v1/changes?after=" + page.Next).
			Must(http.StatusOK)); len(rest.Changes) != 1 || rest.Changes[0].Op != "insert" {
			t.Errorf("after the end: %+v", rest)
		}
	})
}

func TestTheCommandsMoveListings(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	database := "sqlite:" + filepath.Join(folder, "gable.db")
	file := filepath.Join(folder, "rows.csv")
	if err := os.WriteFile(file, []byte(twoRows+"a-3,Bad,many,Here,house\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2 created", "2 unchanged"} {
		code, out, stderr := apptest.Gable(t, "import", file, "--database-url", database)
		if code != cli.ExitRejected || !strings.Contains(out, want) || !strings.Contains(out, "1 rejected") ||
			!strings.Contains(out, `line 4, a-3, "Bad": price`) {
			t.Errorf("code %d, %s%s", code, out, stderr)
		}
	}
	rejects, err := os.ReadFile(filepath.Join(folder, "rows.rejects.csv"))
	if err != nil || !strings.Contains(string(rejects), "a-3,Bad,many,Here,house,") {
		t.Errorf("rejects %q, %v", rejects, err)
	}
	mended := strings.Replace(string(rejects), "many", "300", 1)
	if err := os.WriteFile(file, []byte(mended), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, stderr := apptest.Gable(t, "import", file, "--database-url", database); code != cli.ExitOK ||
		!strings.Contains(out, "1 created") {
		t.Errorf("mended: code %d, %s%s", code, out, stderr)
	}
	if code, out, _ := apptest.Gable(t, "export", "min_price=150&sort=price", "--format", "csv", "--database-url",
		database); code != cli.ExitOK ||
		strings.Count(out, "\n") != 3 {
		t.Errorf("exported %s", out)
	}
	if code, out, _ := apptest.Gable(t, "generate", "--count", "7", "--database-url", database); code != cli.ExitOK ||
		!strings.Contains(out, "7 created") {
		t.Errorf("generated: %s", out)
	}
	if code, _, stderr := apptest.Gable(t, "import", file, "--mapping", "nonsense", "--database-url",
		database); code != cli.ExitFailed ||
		!strings.Contains(stderr, "king-county") {
		t.Errorf("a wrong mapping: code %d, %s", code, stderr)
	}
	if code, _, stderr := apptest.Gable(t, "export", "colour=blue", "--database-url",
		database); code != cli.ExitFailed || !strings.Contains(stderr, "colour") {
		t.Errorf("a wrong search: code %d, %s", code, stderr)
	}
}
