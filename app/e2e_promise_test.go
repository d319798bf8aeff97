package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
)

// deaf is a process that has read the feed once, and reads it again only when it is asked to: what it does not see of
// others' changes by default, it sees because a request wants it. Its own writes make it read, too.
func deaf(c *Config) {
	c.Freshness.PollInterval, c.Freshness.IdlePollInterval, c.Freshness.MaxStaleness = time.Hour, time.Hour, time.Hour
	c.Freshness.Bell, c.Freshness.VerifyInterval = false, 0
}

// everywhereDeaf runs a test on both setups, with as many deaf processes over one database.
func everywhereDeaf(t *testing.T, n int, test func(t *testing.T, servers []*testServer)) {
	for _, setup := range []setup{embeddedSetup, servicesSetup} {
		t.Run(setup.name, func(t *testing.T) {
			t.Parallel()
			database, cache := setup.urls(t)
			servers := make([]*testServer, n)
			for i := range servers {
				servers[i] = startServer(t, database, cache, deaf)
			}
			test(t, servers)
		})
	}
}

const (
	consistency = "Consistency-Token"
	hotPage     = "/v1/properties?sort=price"
)

// behind runs SQL that the program knows nothing of.
func (s *testServer) behind(statement string) {
	s.t.Helper()
	if _, err := s.raw().ExecContext(s.t.Context(), statement); err != nil {
		s.t.Fatal(err)
	}
}

// Change the price of everything behind the program's back, and a kept page shows the old one, since this process is deaf;
// so what the others see is seen because they ask.
func TestNoCachePromisesWhatTheDatabaseHas(t *testing.T) {
	everywhereDeaf(t, 1, func(t *testing.T, servers []*testServer) {
		s := servers[0]
		s.behind("INSERT INTO properties (title, price, location) VALUES ('by hand', 100, 'Here')")
		latest := func() answer { t.Helper(); return s.get(hotPage, "Cache-Control", "no-cache") }
		item := "/v1/properties/" + decoded[jsonPage](latest().shows(`"100.00"`)).Properties[0].ID
		for range 2 {
			s.get(item).shows(`"100.00"`)
		}
		s.get(hotPage).shows(`"100.00"`).caches("gable-view; hit")

		s.behind("UPDATE properties SET price = 250")
		s.get(hotPage).shows(`"100.00"`)
		latest().shows(`"250.00"`).caches("gable-view; hit; detail=patched")
		s.get(item).shows(`"250.00"`)
		latest().shows(`"250.00"`).caches("gable-view; hit")

		s.behind("DELETE FROM properties")
		s.get(item, "Cache-Control", "max-age=0, no-cache").must(http.StatusNotFound)
		if got := latest().must(http.StatusOK); !strings.Contains(got.body, `"properties":[]`) {
			t.Errorf("after the removal: %s", got.body)
		}
	})
}

func TestNoStorePromisesTheDatabasesOwnAnswer(t *testing.T) {
	everywhereDeaf(t, 1, func(t *testing.T, servers []*testServer) {
		s := servers[0]
		s.behind("INSERT INTO properties (title, price, location) VALUES ('by hand', 100, 'Here')")
		s.get(hotPage, "Cache-Control", "no-cache").shows(`"100.00"`)
		s.behind("UPDATE properties SET price = 250")
		for range 2 {
			s.get(hotPage, "Cache-Control", "no-store").shows(`"250.00"`).caches("gable-query; fwd=bypass, gable-view; fwd=bypass")
			s.get(hotPage).shows(`"100.00"`).caches("gable-view; hit")
		}
	})
}

func TestATokenPromisesItsWriteInEveryProcess(t *testing.T) {
	everywhereDeaf(t, 3, func(t *testing.T, servers []*testServer) {
		writer, reader, third := servers[0], servers[1], servers[2]
		p := writer.create(`"title":"followed","price":1,"reference":"r-1"`)
		item := "/v1/properties/" + p.ID
		for _, s := range servers {
			for range 2 {
				s.get(item).shows(`"1.00"`)
				s.get(hotPage).shows(`"1.00"`)
			}
		}
		token := writer.do(http.MethodPatch, item, `{"price":2}`).must(http.StatusOK).token()
		writer.get(item).shows(`"2.00"`)
		writer.get(item, consistency, token).shows(`"2.00"`)
		reader.get(item).shows(`"1.00"`)
		reader.get(hotPage).shows(`"1.00"`)
		reader.get(item, consistency, token).shows(`"2.00"`)
		seen := reader.get(hotPage, consistency, token).shows(`"2.00"`).token()

		reader.behind("INSERT INTO properties (title, price, location) VALUES ('beside', 3, 'There')")
		seen = reader.get(hotPage, consistency, seen, "Cache-Control", "no-cache").shows(`"beside"`).token()
		both := writer.do(http.MethodPatch, item, `{"price":4}`, consistency, seen).must(http.StatusOK).token()
		third.get(hotPage).shows(`"1.00"`)
		third.get(hotPage, consistency, both).shows(`"beside"`).shows(`"4.00"`)

		imported := reader.do(http.MethodPost, "/v1/imports", "reference,title,price,location\nr-1,followed,5,Here\nr-2,new,6,Here\n",
			"Content-Type", "text/csv").must(http.StatusOK).token()
		third.get(hotPage, consistency, imported).shows(`"5.00"`).shows(`"6.00"`)
		removed := writer.do(http.MethodDelete, item, "").must(http.StatusNoContent).token()
		third.get(item).shows(`"5.00"`)
		third.get(item, consistency, removed).must(http.StatusNotFound)
	})
}

func TestEveryWriteAnswersWithAToken(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		const body = `{"title":"t","price":1,"location":"l"}`
		created := s.do(http.MethodPost, "/v1/properties", body, "Idempotency-Key", "k").must(http.StatusCreated)
		item := created.header.Get("Location")
		for name, a := range map[string]answer{
			"a creation":                     created,
			"its repetition":                 s.do(http.MethodPost, "/v1/properties", body, "Idempotency-Key", "k").must(http.StatusCreated),
			"a replacement":                  s.do(http.MethodPut, item, `{"title":"u","price":1,"location":"l"}`).must(http.StatusOK),
			"a change":                       s.do(http.MethodPatch, item, `{"price":2}`).must(http.StatusOK),
			"a change of nothing":            s.do(http.MethodPatch, item, `{"price":2}`).must(http.StatusOK),
			"a change in a session":          s.do(http.MethodPatch, item, `{"price":3}`, consistency, created.token()).must(http.StatusOK),
			"a change that begins a session": s.do(http.MethodPatch, item, `{"price":4}`, consistency, "*").must(http.StatusOK),
			"an import":                      s.do(http.MethodPost, "/v1/imports", twoRows, "Content-Type", "text/csv").must(http.StatusOK),
			"an import that stores nothing":  s.do(http.MethodPost, "/v1/imports?dry_run=true", twoRows, "Content-Type", "text/csv").must(http.StatusOK),
		} {
			s.get(item, consistency, a.token()).must(http.StatusOK)
			if t.Failed() {
				t.Fatal(name)
			}
		}
		s.do(http.MethodDelete, item, "").must(http.StatusNoContent).token()
	})
}

func TestEveryReadOfASessionAnswersWithAToken(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		p := s.create(`"title":"t","price":1`)
		item, absent := "/v1/properties/"+p.ID, "/v1/properties/"+newTestID().String()
		tag := s.get(item).must(http.StatusOK).header.Get("ETag")
		token := "*"
		for range 2 { // the second time from a token, and from the caches
			for _, path := range []string{hotPage, "/properties?sort=price", "/properties/?sort=price", item} {
				token = s.get(path, consistency, token).must(http.StatusOK).token()
			}
			token = s.get(item, consistency, token, "If-None-Match", tag).must(http.StatusNotModified).token()
			token = s.do(http.MethodHead, item, "", consistency, token).must(http.StatusOK).token()
			token = s.get(absent, consistency, token).must(http.StatusNotFound).token()
			token = s.get(item, consistency, token, "Cache-Control", "no-store").must(http.StatusOK).token()
			token = s.get("/v1/properties?title=x", consistency, "*").must(http.StatusBadRequest).refuses("title", token)
		}
		if given := s.get(item).header.Get(consistency); given != "" {
			t.Errorf("nobody has asked for the token %s", given)
		}
	})
}

// refuses fails the test unless the problem names the parameter; it returns the text that goes along.
func (a answer) refuses(parameter, along string) string {
	a.t.Helper()
	if got := decoded[jsonProblem](a).places(); got != parameter {
		a.t.Errorf("refused for %q, not %q: %s", got, parameter, a.body)
	}
	return along
}

func TestABadTokenIsRefusedByName(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		p := s.create(`"title":"t","price":1`)
		item := "/v1/properties/" + p.ID
		for range 2 { // a cold path, and one that the view cache knows
			for _, token := range []string{"nonsense", "**", s.get(item, consistency, "*").token() + "A"} {
				for _, path := range []string{item, hotPage} {
					s.get(path, consistency, token).must(http.StatusBadRequest).refuses(consistency, "")
				}
				for _, write := range []answer{
					s.do(http.MethodPatch, item, `{"price":2}`, consistency, token),
					s.do(http.MethodDelete, item, "", consistency, token),
					s.do(http.MethodPost, "/v1/properties", `{"title":"t","price":3,"location":"l"}`, consistency, token),
				} {
					write.must(http.StatusBadRequest).refuses(consistency, "")
				}
				s.get(hotPage).shows(`"1.00"`)
			}
		}
		other := freshness.Token{Seen: freshness.Place{Epoch: "elsewhere"}}
		s.get(item, consistency, other.String()).must(http.StatusOK).token()
	})
}

func TestOnlyIfCachedNeverLoads(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		p := s.create(`"title":"t","price":1`)
		item, absent := "/v1/properties/"+p.ID, "/v1/properties/"+newTestID().String()
		counted := "/v1/properties?count=exact&limit=1"
		kept := func(path string) answer { t.Helper(); return s.get(path, "Cache-Control", "only-if-cached") }
		for range 2 {
			for _, path := range []string{item, absent, hotPage, counted} {
				if got := decoded[jsonProblem](kept(path).must(http.StatusGatewayTimeout)); got.Type != "/problems/not-cached" {
					t.Errorf("%s: %s", path, got.Type)
				}
			}
		}
		for _, path := range []string{item, absent, hotPage, counted} {
			s.get(path)
		}
		for _, path := range []string{item, hotPage, counted} {
			kept(path).shows(`"1.00"`).caches("gable-view; hit")
		}
		kept(absent).must(http.StatusNotFound)

		s.patch(p.ID, `{"price":2}`)
		kept(item).shows(`"2.00"`).caches("gable-view; hit; detail=patched")
		kept(hotPage).shows(`"2.00"`).caches("gable-view; hit; detail=patched")
		s.create(`"title":"another","price":3`)
		kept(counted).must(http.StatusGatewayTimeout)
	})
}

func TestAHotPageOutlivesAPriceEditWithoutAQuery(t *testing.T) {
	everywhereDeaf(t, 1, func(t *testing.T, servers []*testServer) {
		s := servers[0]
		for _, members := range []string{`"title":"low","price":100`, `"title":"mid","price":200`} {
			s.create(members)
		}
		p := s.create(`"title":"high","price":300`)
		item := "/v1/properties/" + p.ID
		for range 2 {
			s.get(hotPage)
			s.get(item)
		}
		figures := func() cacheFigures { return decoded[cacheFigures](s.get("/v1/cache").must(http.StatusOK)) }
		s.patch(p.ID, `{"price":150}`)
		before := figures()
		s.get(hotPage).shows(`"150.00"`).caches("gable-view; hit; detail=patched")
		s.get(item).shows(`"150.00"`).caches("gable-view; hit; detail=patched")
		after := figures()
		if got := s.titles(hotPage); got != "low high mid" {
			t.Errorf("the page shows %s", got)
		}
		if patched := after.Levels.View.Patched - before.Levels.View.Patched; patched != 2 {
			t.Errorf("%d views were patched", patched)
		}
		if after.Levels.Query != before.Levels.Query {
			t.Errorf("the query level was asked: %+v, before %+v", after.Levels.Query, before.Levels.Query)
		}
	})
}
