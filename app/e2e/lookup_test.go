package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/web/site"
	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

func explain(s *apptest.Server, address string) site.LookupResult {
	s.T.Helper()
	x, err := s.Lookup.Explain(s.T.Context(), address)
	if err != nil {
		s.T.Fatal(err)
	}
	return x
}

// outcomes sums up an explanation: the level that answers, and the outcome of each question.
func outcomes(x site.LookupResult) string {
	text := x.Answer + ": view " + x.View.Outcome.String()
	for _, each := range x.Query {
		text += ", query " + each.Outcome.String()
	}
	return text
}

func TestALookupSaysWhichLevelWouldAnswer(t *testing.T) {
	// on a slow machine, too, the caches must not be bypassed
	patient := func(c *config.Config) { c.Freshness.MaxStaleness = time.Minute }
	for _, setup := range []apptest.Setup{apptest.Embedded, apptest.Services} {
		t.Run(setup.Name, func(t *testing.T) { looksUp(t, setup.Start(t, patient)) })
	}
}

func looksUp(t *testing.T, s *apptest.Server) {
	const asked = "/v1/properties?max_price=500&kind=house&count=exact"
	const spelled = "https://gable.example/v1/properties?kind=house&count=exact&max_price=500.00"
	want := func(address, want string, known bool) site.LookupResult {
		t.Helper()
		x := explain(s, address)
		if outcomes(x) != want || x.Known != known || !x.Trusted {
			t.Errorf("%s: got %q, known %t; want %q, %t", address, outcomes(x), x.Known, want, known)
		}
		return x
	}
	house := s.Create(`"title":"House","price":"400","kind":"house"`)
	want(asked, "database: view miss, query miss, query miss", false)
	s.Get(asked).Must(http.StatusOK)
	want(asked, "view: view hit, query hit, query hit", true)
	x := want(spelled, "view: view hit, query hit, query hit", false)
	if x.Target != "/v1/properties?kind=house&count=exact&max_price=500.00" ||
		x.View.Question != "search?kind=house&max_price=500&count=exact" {
		t.Errorf("looked up as %q, %q", x.Target, x.View.Question)
	}
	if v := x.View.Cached; v == nil || v.Bytes == 0 || len(v.Variants) != 1 || v.Made.IsZero() || len(v.Depends) != 2 ||
		v.Ledger.Verdict != freshness.Fresh {
		t.Errorf("the view is %+v", v)
	}
	if q := x.Query[0].Cached; q == nil || !q.Own || q.Made.IsZero() || q.Snapshot == "" ||
		!strings.HasPrefix(x.Query[0].Question, "page:") {
		t.Errorf("the record is %+v", q)
	}

	s.Patch(house.ID, `{"price":450}`)
	x = want(asked, "view: view patched, query patched, query hit", true)
	l := x.View.Cached.Ledger
	if r := l.Recent; l.Touching != 1 || len(r) == 0 || !r[0].Touches || r[0].Change.ID.String() != house.ID ||
		r[0].Change.Op != property.OpUpdate || r[0].Change.Version != 2 || r[0].Change.At.IsZero() {
		t.Errorf("the changes are %+v", l)
	}
	s.Create(`"title":"Other","price":"300","kind":"house"`)
	want(asked, "database: view stale, query patched, query stale", true)
	s.Get(asked).Must(http.StatusOK)
	want(asked, "view: view hit, query hit, query hit", true)

	item := "/v1/properties/" + house.ID
	want(item, "database: view miss, query miss", false)
	s.Get(item).Must(http.StatusOK)
	want(item, "view: view hit, query hit", true)
	want("/docs", ": view miss", false)
}

func TestALookupRefusesWhatIsNoAddressOrNoQuestion(t *testing.T) {
	s := apptest.Embedded.Start(t)
	for address, want := range map[string]string{
		"":                          "an address is a path that begins with /, or a whole URL",
		"v1/properties":             "an address is a path that begins with /, or a whole URL",
		"localhost:8080/":           "an address is a path that begins with /, or a whole URL",
		"/v1/properties?colour=red": "colour is not a search parameter.",
		" /v1/properties/7 ":        "The id is not a UUID.",
	} {
		if _, err := s.Lookup.Explain(t.Context(), address); err == nil || err.Error() != want {
			t.Errorf("%q is refused with %v, want %s", address, err, want)
		}
	}
}
