package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports/cachestat"
)

// pollOnDemand configures a process that reads the feed once, and again only when a request asks for it. By default it
// does not see changes by others; it sees them when a request requires it. Its own writes make it poll, too.
func pollOnDemand(c *config.Config) {
	c.Freshness.PollInterval, c.Freshness.IdlePollInterval, c.Freshness.MaxStaleness = time.Hour, time.Hour, time.Hour
	c.Freshness.Notify, c.Freshness.VerifyInterval = false, 0
}

// everywhereOnDemand runs a test on both setups, with n processes that poll on demand over one database.
func everywhereOnDemand(t *testing.T, n int, test func(t *testing.T, servers []*apptest.Server)) {
	for _, setup := range []apptest.Setup{apptest.Embedded, apptest.Services} {
		t.Run(setup.Name, func(t *testing.T) {
			t.Parallel()
			database, cache := setup.URLs(t)
			servers := make([]*apptest.Server, n)
			for i := range servers {
				servers[i] = apptest.Start(t, database, cache, pollOnDemand)
			}
			test(t, servers)
		})
	}
}

const (
	consistency = "Consistency-Token"
	hotPage     = "/v1/properties?sort=price"
)

// behind runs SQL around the program.
func behind(s *apptest.Server, statement string) {
	s.T.Helper()
	if _, err := s.Raw().ExecContext(s.T.Context(), statement); err != nil {
		s.T.Fatal(err)
	}
}

// After a change behind the program's back a cached page shows the old price by default, since this process polls on
// demand. What the later requests see they see because they ask for it.
func TestNoCachePromisesWhatTheDatabaseHas(t *testing.T) {
	everywhereOnDemand(t, 1, func(t *testing.T, servers []*apptest.Server) {
		s := servers[0]
		behind(s, "INSERT INTO properties (title, price, location) VALUES ('by hand', 100, 'Here')")
		latest := func() apptest.Answer { t.Helper(); return s.Get(hotPage, "Cache-Control", "no-cache") }
		item := "/v1/properties/" + apptest.Decoded[apptest.Page](latest().Shows(`"100.00"`)).Properties[0].ID
		for range 2 {
			s.Get(item).Shows(`"100.00"`)
		}
		s.Get(hotPage).Shows(`"100.00"`).Caches("gable-view; hit")

		behind(s, "UPDATE properties SET price = 250")
		s.Get(hotPage).Shows(`"100.00"`)
		latest().Shows(`"250.00"`).Caches("gable-view; hit; detail=patched")
		s.Get(item).Shows(`"250.00"`)
		latest().Shows(`"250.00"`).Caches("gable-view; hit")

		behind(s, "DELETE FROM properties")
		s.Get(item, "Cache-Control", "max-age=0, no-cache").Must(http.StatusNotFound)
		if got := latest().Must(http.StatusOK); !strings.Contains(got.Body, `"properties":[]`) {
			t.Errorf("after the deletion: %s", got.Body)
		}
	})
}

func TestNoStorePromisesTheDatabasesOwnAnswer(t *testing.T) {
	everywhereOnDemand(t, 1, func(t *testing.T, servers []*apptest.Server) {
		s := servers[0]
		behind(s, "INSERT INTO properties (title, price, location) VALUES ('by hand', 100, 'Here')")
		s.Get(hotPage, "Cache-Control", "no-cache").Shows(`"100.00"`)
		behind(s, "UPDATE properties SET price = 250")
		for range 2 {
			s.Get(hotPage, "Cache-Control", "no-store").Shows(`"250.00"`).
				Caches("gable-query; fwd=bypass, gable-view; fwd=bypass")
			s.Get(hotPage).Shows(`"100.00"`).Caches("gable-view; hit")
		}
	})
}

func TestATokenPromisesItsWriteInEveryProcess(t *testing.T) {
	everywhereOnDemand(t, 3, func(t *testing.T, servers []*apptest.Server) {
		writer, reader, third := servers[0], servers[1], servers[2]
		p := writer.Create(`"title":"followed","price":1,"reference":"r-1"`)
		item := "/v1/properties/" + p.ID
		for _, s := range servers {
			for range 2 {
				s.Get(item).Shows(`"1.00"`)
				s.Get(hotPage).Shows(`"1.00"`)
			}
		}
		token := writer.Do(http.MethodPatch, item, `{"price":2}`).Must(http.StatusOK).Token()
		writer.Get(item).Shows(`"2.00"`)
		writer.Get(item, consistency, token).Shows(`"2.00"`)
		reader.Get(item).Shows(`"1.00"`)
		reader.Get(hotPage).Shows(`"1.00"`)
		reader.Get(item, consistency, token).Shows(`"2.00"`)
		seen := reader.Get(hotPage, consistency, token).Shows(`"2.00"`).Token()

		behind(reader, "INSERT INTO properties (title, price, location) VALUES ('beside', 3, 'There')")
		seen = reader.Get(hotPage, consistency, seen, "Cache-Control", "no-cache").Shows(`"beside"`).Token()
		both := writer.Do(http.MethodPatch, item, `{"price":4}`, consistency, seen).Must(http.StatusOK).Token()
		third.Get(hotPage).Shows(`"1.00"`)
		third.Get(hotPage, consistency, both).Shows(`"beside"`).Shows(`"4.00"`)

		imported := reader.Do(http.MethodPost, "/v1/imports",
			"reference,title,price,location\nr-1,followed,5,Here\nr-2,new,6,Here\n",
			"Content-Type", "text/csv").Must(http.StatusOK).Token()
		third.Get(hotPage, consistency, imported).Shows(`"5.00"`).Shows(`"6.00"`)
		removed := writer.Do(http.MethodDelete, item, "").Must(http.StatusNoContent).Token()
		third.Get(item).Shows(`"5.00"`)
		third.Get(item, consistency, removed).Must(http.StatusNotFound)
	})
}

func TestEveryWriteAnswersWithAToken(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		const body = `{"title":"t","price":1,"location":"l"}`
		created := s.Do(http.MethodPost, "/v1/properties", body, "Idempotency-Key", "k").Must(http.StatusCreated)
		item := created.Header.Get("Location")
		for name, a := range map[string]apptest.Answer{
			"a creation": created,
			"its repetition": s.Do(http.MethodPost, "/v1/properties", body, "Idempotency-Key", "k").
				Must(http.StatusCreated),
			"a replacement": s.Do(http.MethodPut, item, `{"title":"u","price":1,"location":"l"}`).
				Must(http.StatusOK),
			"a change":                s.Do(http.MethodPatch, item, `{"price":2}`).Must(http.StatusOK),
			"a change without effect": s.Do(http.MethodPatch, item, `{"price":2}`).Must(http.StatusOK),
			"a change in a session": s.Do(http.MethodPatch, item, `{"price":3}`, consistency, created.Token()).
				Must(http.StatusOK),
			"a change that begins a session": s.Do(http.MethodPatch, item, `{"price":4}`, consistency, "*").Must(http.StatusOK),
			"an import": s.Do(http.MethodPost, "/v1/imports", twoRows, "Content-Type", "text/csv").
				Must(http.StatusOK),
			"an import that stores nothing": s.Do(http.MethodPost, "/v1/imports?dry_run=true", twoRows, "Content-Type",
				"text/csv").Must(http.StatusOK),
		} {
			s.Get(item, consistency, a.Token()).Must(http.StatusOK)
			if t.Failed() {
				t.Fatal(name)
			}
		}
		s.Do(http.MethodDelete, item, "").Must(http.StatusNoContent).Token()
	})
}

func TestEveryReadOfASessionAnswersWithAToken(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		p := s.Create(`"title":"t","price":1`)
		item, absent := "/v1/properties/"+p.ID, "/v1/properties/"+apptest.NewID().String()
		tag := s.Get(item).Must(http.StatusOK).Header.Get("ETag")
		token := "*"
		for range 2 { // the second time from a token, and from the caches
			for _, path := range []string{hotPage, "/properties?sort=price", "/properties/?sort=price", item} {
				token = s.Get(path, consistency, token).Must(http.StatusOK).Token()
			}
			token = s.Get(item, consistency, token, "If-None-Match", tag).Must(http.StatusNotModified).Token()
			token = s.Do(http.MethodHead, item, "", consistency, token).Must(http.StatusOK).Token()
			token = s.Get(absent, consistency, token).Must(http.StatusNotFound).Token()
			token = s.Get(item, consistency, token, "Cache-Control", "no-store").Must(http.StatusOK).Token()
			token = refuses(s.Get("/v1/properties?title=x", consistency, "*").Must(http.StatusBadRequest), "title", token)
		}
		if unasked := s.Get(item).Header.Get(consistency); unasked != "" {
			t.Errorf("the answer has the unrequested token %s", unasked)
		}
	})
}

// refuses fails the test unless the problem names the parameter. It returns along.
func refuses(a apptest.Answer, parameter, along string) string {
	a.T.Helper()
	if got := apptest.Decoded[jsonProblem](a).places(); got != parameter {
		a.T.Errorf("refused for %q, not %q: %s", got, parameter, a.Body)
	}
	return along
}

func TestABadTokenIsRefusedByName(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		p := s.Create(`"title":"t","price":1`)
		item := "/v1/properties/" + p.ID
		for range 2 { // a cold path, and one that the view cache knows
			for _, token := range []string{"nonsense", "**", s.Get(item, consistency, "*").Token() + "A"} {
				for _, path := range []string{item, hotPage} {
					refuses(s.Get(path, consistency, token).Must(http.StatusBadRequest), consistency, "")
				}
				for _, write := range []apptest.Answer{
					s.Do(http.MethodPatch, item, `{"price":2}`, consistency, token),
					s.Do(http.MethodDelete, item, "", consistency, token),
					s.Do(http.MethodPost, "/v1/properties", `{"title":"t","price":3,"location":"l"}`, consistency, token),
				} {
					refuses(write.Must(http.StatusBadRequest), consistency, "")
				}
				s.Get(hotPage).Shows(`"1.00"`)
			}
		}
		other := freshness.Token{Seen: freshness.Point{Epoch: "elsewhere"}}
		s.Get(item, consistency, other.String()).Must(http.StatusOK).Token()
	})
}

func TestOnlyIfCachedNeverLoads(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		p := s.Create(`"title":"t","price":1`)
		item, absent := "/v1/properties/"+p.ID, "/v1/properties/"+apptest.NewID().String()
		counted := "/v1/properties?count=exact&limit=1"
		onlyIfCached := func(path string) apptest.Answer { t.Helper(); return s.Get(path, "Cache-Control", "only-if-cached") }
		for range 2 {
			for _, path := range []string{item, absent, hotPage, counted} {
				if got := apptest.Decoded[jsonProblem](onlyIfCached(path).
					Must(http.StatusGatewayTimeout)); got.Type != "/problems/not-cached" {
					t.Errorf("%s: %s", path, got.Type)
				}
			}
		}
		for _, path := range []string{item, absent, hotPage, counted} {
			s.Get(path)
		}
		for _, path := range []string{item, hotPage, counted} {
			onlyIfCached(path).Shows(`"1.00"`).Caches("gable-view; hit")
		}
		onlyIfCached(absent).Must(http.StatusNotFound)

		s.Patch(p.ID, `{"price":2}`)
		onlyIfCached(item).Shows(`"2.00"`).Caches("gable-view; hit; detail=patched")
		onlyIfCached(hotPage).Shows(`"2.00"`).Caches("gable-view; hit; detail=patched")
		s.Create(`"title":"another","price":3`)
		onlyIfCached(counted).Must(http.StatusGatewayTimeout)
	})
}

func TestAHotPageOutlivesAPriceEditWithoutAQuery(t *testing.T) {
	everywhereOnDemand(t, 1, func(t *testing.T, servers []*apptest.Server) {
		s := servers[0]
		for _, members := range []string{`"title":"low","price":100`, `"title":"mid","price":200`} {
			s.Create(members)
		}
		p := s.Create(`"title":"high","price":300`)
		item := "/v1/properties/" + p.ID
		for range 2 {
			s.Get(hotPage)
			s.Get(item)
		}
		figures := func() api.CacheFigures {
			return apptest.Decoded[api.CacheFigures](s.Get("/v1/cache").Must(http.StatusOK))
		}
		s.Patch(p.ID, `{"price":150}`)
		before := figures()
		s.Get(hotPage).Shows(`"150.00"`).Caches("gable-view; hit; detail=patched")
		s.Get(item).Shows(`"150.00"`).Caches("gable-view; hit; detail=patched")
		after := figures()
		if got := s.Titles(hotPage); got != "low high mid" {
			t.Errorf("the page shows %s", got)
		}
		if patched := after.Levels.View.Reads.Since(before.Levels.View.Reads)[cachestat.OutcomePatched]; patched != 2 {
			t.Errorf("%d views were patched", patched)
		}
		if after.Levels.Query != before.Levels.Query {
			t.Errorf("the query level was asked: %+v, before %+v", after.Levels.Query, before.Levels.Query)
		}
	})
}
