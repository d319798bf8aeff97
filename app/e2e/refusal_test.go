package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/config"
	keys "github.com/gable-listings/gable/domain/access"
)

// jsonProblem is the problem document of a bad request.
type jsonProblem struct {
	Type      string `json:"type"`
	Detail    string `json:"detail"`
	RequestID string `json:"request_id"`
	Errors    []struct {
		Pointer   string `json:"pointer"`
		Parameter string `json:"parameter"`
		Detail    string `json:"detail"`
	} `json:"errors"`
}

func (r jsonProblem) places() string {
	var places []string
	for _, e := range r.Errors {
		places = append(places, e.Pointer+e.Parameter)
	}
	return strings.Join(places, " ")
}

func TestBadInputIsRefusedWithItsPlaceAndNothingIsStored(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		const ok = `"title":"t","price":1,"location":"l"`
		const create = "POST /v1/properties"
		elsewhere := apptest.Decoded[apptest.Page](s.Get("/v1/properties?limit=1")).Next
		if elsewhere != nil {
			t.Fatal("not empty")
		}
		for _, c := range []struct {
			name, request, body string
			status              int
			problem, places     string
		}{
			{"not JSON", create, `{"title":`, 400, "invalid-request", ""},
			{"trailing data", create, `{` + ok + `} x`, 400, "invalid-request", ""},
			{"invalid UTF-8", create, "{\"title\":\"\xff\"}", 400, "invalid-request", ""},
			{"an array", create, `[]`, 400, "invalid-request", ""},
			{"too deep", create, `{"title":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`, 400,
				"invalid-request", ""},
			{"unknown member", create, `{` + ok + `,"colour":"blue"}`, 400, "invalid-request", "/colour"},
			{"duplicate member", create, `{` + ok + `,"title":"u"}`, 400, "invalid-request", "/title"},
			{"a member in other letters", create, `{` + ok + `,"Title":"u"}`, 400, "invalid-request", "/Title"},
			{"wrong types", create, `{"title":5,"price":1,"location":null,"photos":"x"}`, 400, "invalid-request",
				"/title /location /photos"},
			{"read-only members", create, `{` + ok + `,"version":3,"id":"x"}`, 400, "invalid-request", "/version /id"},
			{"missing members", create, `{}`, 422, "invalid-property", "/title /price /location"},
			{"rules", create,
				`{"title":" ","price":-1,"location":"l","kind":"castle","bathrooms":1.1,"latitude":91,"longitude":0,` +
					`"bedrooms":1001,"currency":"EURO"}`,
				422, "invalid-property", "/title /price /currency /kind /bedrooms /bathrooms /latitude"},
			{"too large a price", create, `{"title":"t","price":1000000000000,"location":"l"}`, 422, "invalid-property",
				"/price"},
			{"too precise a price", create, `{"title":"t","price":"1.005","location":"l"}`, 422, "invalid-property", "/price"},
			{"one coordinate", create, `{` + ok + `,"latitude":1}`, 422, "invalid-property", "/longitude"},
			{"NUL", create, `{"title":"a\u0000b","price":1,"location":"l"}`, 422, "invalid-property", "/title"},
			{"too many photos", create, `{` + ok + `,"photos":[` + strings.Repeat(`"http://x/",`, 50) + `"http://x/"]}`, 422,
				"invalid-property", "/photos"},
			{"a photo without a valid address", create, `{` + ok + `,"photos":["javascript:alert(1)"]}`, 422, "invalid-property",
				"/photos/0"},
			{"a body over the limit", create, `{"title":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "payload-too-large", ""},
			{"a parameter on create", "POST /v1/properties?x=1", `{` + ok + `}`, 400, "invalid-request", "x"},
			{"no UUID", "GET /v1/properties/42", "", 400, "invalid-id", "id"},
			{"no UUID to change", "PATCH /v1/properties/42", `{}`, 400, "invalid-id", "id"},
			{"unknown parameter", "GET /v1/properties?colour=blue", "", 400, "invalid-request", "colour"},
			{"repeated parameter", "GET /v1/properties?kind=house&kind=room", "", 400, "invalid-request", "kind"},
			{"semicolons", "GET /v1/properties?kind=house;limit=3", "", 400, "invalid-request", ""},
			{"empty parameter", "GET /v1/properties?kind=", "", 400, "invalid-request", "kind"},
			{"unknown choice", "GET /v1/properties?kind=castle&status=lost", "", 400, "invalid-request", "kind status"},
			{"contradictory range", "GET /v1/properties?min_price=2&max_price=1", "", 400, "invalid-request", "min_price"},
			{"number", "GET /v1/properties?min_bedrooms=1.5&max_area_m2=1e99", "", 400, "invalid-request",
				"min_bedrooms max_area_m2"},
			{"box", "GET /v1/properties?bbox=1,2,3", "", 400, "invalid-request", "bbox"},
			{"box upside down", "GET /v1/properties?bbox=0,10,1,5", "", 400, "invalid-request", "bbox"},
			{"near without radius", "GET /v1/properties?near=1,2", "", 400, "invalid-request", "near"},
			{"radius without near", "GET /v1/properties?radius_km=2", "", 400, "invalid-request", "radius_km"},
			{"not a number", "GET /v1/properties?near=NaN,1&radius_km=1", "", 400, "invalid-request", "near"},
			{"time", "GET /v1/properties?created_after=yesterday", "", 400, "invalid-request", "created_after"},
			{"limit", "GET /v1/properties?limit=501", "", 400, "invalid-request", "limit"},
			{"count", "GET /v1/properties?count=about", "", 400, "invalid-request", "count"},
			{"fields", "GET /v1/properties?fields=id,secret", "", 400, "invalid-request", "fields"},
			{"forged cursor", "GET /v1/properties?cursor=" + strings.Repeat("A", 43), "", 400, "invalid-cursor", "cursor"},
			{"garbled cursor", "GET /v1/properties?cursor=%21", "", 400, "invalid-cursor", "cursor"},
			{"feed cursor", "GET /v1/changes?after=%21", "", 400, "invalid-cursor", "after"},
			{"import format", "POST /v1/imports?format=xml", "x", 400, "invalid-request", "format"},
			{"import mapping", "POST /v1/imports?format=csv&mapping=nowhere", "a,b\n1,2\n", 400, "invalid-request", "mapping"},
			{"export window", "GET /v1/exports?limit=5", "", 400, "invalid-request", "limit"},
			{"no such page", "GET /v2/properties", "", 404, "not-found", ""},
			{"an empty cursor", "GET /v1/changes?after=", "", 400, "invalid-request", "after"},
		} {
			t.Run(c.name, func(t *testing.T) {
				method, path, _ := strings.Cut(c.request, " ")
				local := *s
				local.T = t
				a := local.Do(method, path, c.body).Must(c.status)
				r := apptest.Decoded[jsonProblem](a)
				if a.Header.Get("Content-Type") != "application/problem+json" || r.Type != "/problems/"+c.problem ||
					r.places() != c.places {
					t.Errorf("%s at %q, want %s at %q: %s", r.Type, r.places(), c.problem, c.places, a.Body)
				}
				if r.RequestID == "" || r.RequestID != a.Header.Get("X-Request-Id") || r.Detail == "" {
					t.Errorf("no request id or no detail: %s", a.Body)
				}
			})
		}
		for _, media := range []string{"text/plain", "application/x-www-form-urlencoded",
			"application/json; charset=latin1"} {
			s.Do("POST", "/v1/properties", `{`+ok+`}`, "Content-Type", media).Must(http.StatusUnsupportedMediaType)
		}
		s.Do("POST", "/v1/properties", `{`+ok+`}`, "Content-Encoding", "gzip").Must(http.StatusUnsupportedMediaType)
		if n := s.Count("/v1/properties?count=exact"); n != 0 {
			t.Errorf("%d listings were stored", n)
		}
	})
}

func TestACursorGoesWithItsOwnSearchOnly(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	for i := range 3 {
		s.Create(fmt.Sprintf(`"title":"n%d","price":%d`, i, i))
	}
	cursor := *apptest.Decoded[apptest.Page](s.Get("/v1/properties?sort=price&limit=1").Must(http.StatusOK)).Next
	s.Get("/v1/properties?sort=price&limit=2&cursor=" + cursor).Must(http.StatusOK)
	for _, other := range []string{"sort=-price", "sort=price&min_price=1", "limit=1"} {
		s.Get("/v1/properties?" + other + "&cursor=" + cursor).Must(http.StatusBadRequest)
	}
}

func TestATakenReferenceIsAConflict(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		s.Create(`"title":"a","price":1,"reference":"r"`)
		other := s.Create(`"title":"b","price":1`)
		for _, a := range []apptest.Answer{
			s.Do("POST", "/v1/properties", `{"title":"c","price":1,"location":"l","reference":"r"}`),
			s.Do("PATCH", "/v1/properties/"+other.ID, `{"reference":"r"}`),
		} {
			if r := apptest.Decoded[jsonProblem](a.Must(http.StatusConflict)); r.places() != "/reference" {
				t.Errorf("%s", a.Body)
			}
		}
	})
}

func TestALogLineCannotBeForgedAndHoldsNoSecret(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	s.Get("/v1/properties/x%0Aforged", "X-Request-Id", "mine-1", "Traceparent",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	s.Do("POST", "/v1/properties", `{}`)
	lines := s.Log.FilterMessage("request").All()
	last := lines[len(lines)-2].ContextMap()
	if last["request_id"] != "mine-1" || last["trace_id"] != "0af7651916cd43dd8448eb211c80319c" ||
		last["route"] != "/v1/properties/{id}" {
		t.Errorf("logged %v", last)
	}
	for _, line := range s.Log.All() {
		if text := fmt.Sprint(line.Message, line.ContextMap()); strings.Contains(text, s.Key) {
			t.Errorf("a key is in the log: %s", text)
		}
	}
}

func TestTheLogNamesTheKeyOrTheAccountBehindARequest(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t, func(c *config.Config) { c.HTTP.TrustedProxies = "127.0.0.1" })
	if _, err := s.Accounts.Create(t.Context(), "anna", apptest.Password, keys.RoleEditor); err != nil {
		t.Fatal(err)
	}
	b := s.Browser()
	b.SignIn("anna", apptest.Password)
	b.Get("/admin")
	b.Get("/admin/keys") // an editor may not
	s.Do("POST", "/v1/properties", `{}`, "User-Agent", "importer/1", "X-Forwarded-For", "198.51.100.1")
	s.Do("DELETE", "/v1/cache", "", "X-Forwarded-For", "198.51.100.1") // the key may not
	s.Do("POST", "/v1/properties", `{}`, "Authorization", "Bearer gable_wrong", "X-Forwarded-For", "198.51.100.2")
	lines := s.Log.FilterMessage("request").All()
	for i, want := range []struct {
		status        int64
		actor, client string
	}{
		{200, "anna", "127.0.0.1"}, {403, "anna", "127.0.0.1"}, {422, "key test", "198.51.100.1"},
		{403, "key test", "198.51.100.1"},
		{401, "", "198.51.100.2"},
	} {
		line := lines[len(lines)-5+i].ContextMap()
		actor, _ := line["actor"].(string)
		if line["status"] != want.status || line["client"] != want.client || !strings.HasPrefix(actor, want.actor) ||
			(actor == "") != (want.actor == "") {
			t.Errorf("logged %v, want %+v", line, want)
		}
	}
}
