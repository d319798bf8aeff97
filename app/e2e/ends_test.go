package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/app/apptest"
	keys "github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
)

// oddTexts are texts at the limits of what a parameter may be, and beyond.
var oddTexts = []string{
	"", " ", "0", "-1", "+1", "1_000", "1e3", "1e999", "0x1p3", "NaN", "Infinity", "-Inf", "450.000",
	"007", "true", "null",
	"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615",
	"99999999999999999999999999999999999999", "2147483648", "-0", ".5", "5.", "1,5",
	"2026-11-23T8:00:00Z", "2026-11-23T08:00:00,5Z", "2026-11-23T08:00:00+24:00", "2026-11-23T08:00:61Z",
	"0000-01-01T00:00:00Z",
	"9999-12-31T23:59:59-23:59", "2026-11-23t08:00:00z", "1,2,3,4", "0x1p3,0,1,5", "NaN,0,1,5", "90,180", "-90.0000001,0",
	"\x00", "a\x00b", "\xff\xfe", "\xc0\x80", "\xed\xa0\x80", "\u202e", "'; --", "%", "{}", "*", `"3-abc"`,
	"/", "..", "now",
	strings.Repeat("x", 5_000), strings.Repeat("9", 5_000), strings.Repeat(",", 500),
	"00000000-0000-0000-0000-000000000000",
	encoded("e;1:9223372036854775808:;"), encoded("e;18446744073709551615:18446744073709551615:;"),
	encoded("e;1:1:;9223372036854775808"),
	encoded("e\x00;1:1:;"), encoded("\xff;1:1:/1"), encoded("s9223372036854775807"),
	encoded("s9223372036854775808"), encoded("s-1"),
}

func encoded(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// parameter is one parameter of one operation of the contract.
type parameter struct{ method, path, in, name string }

// contractParameters returns all parameters that the contract names.
func contractParameters(t *testing.T) []parameter {
	t.Helper()
	var document map[string]any
	apptest.Must(t, yaml.Unmarshal(api.Contract, &document))
	resolved := func(v any) map[string]any {
		node := v.(map[string]any)
		if ref, ok := node["$ref"].(string); ok {
			at := any(document)
			for step := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
				at = at.(map[string]any)[step]
			}
			return at.(map[string]any)
		}
		return node
	}
	var all []parameter
	for path, item := range document["paths"].(map[string]any) {
		common, _ := item.(map[string]any)["parameters"].([]any)
		for method, operation := range item.(map[string]any) {
			if !slices.Contains([]string{"get", "post", "put", "patch", "delete"}, method) {
				continue
			}
			own, _ := operation.(map[string]any)["parameters"].([]any)
			for _, p := range slices.Concat(common, own) {
				p := resolved(p)
				all = append(all, parameter{strings.ToUpper(method), path, p["in"].(string), p["name"].(string)})
			}
		}
	}
	if len(all) < 100 {
		t.Fatalf("the contract has %d parameters", len(all))
	}
	return all
}

// try sends a request in which one parameter has the text. It reports false when the text cannot be sent there.
func try(s *apptest.Server, p parameter, text, id string) (apptest.Answer, bool) {
	s.T.Helper()
	segment := map[string]string{"id": id, "name": "not-found"}
	query := url.Values{}
	headers := []string{"Content-Type", map[string]string{http.MethodPatch: "application/merge-patch+json"}[p.method]}
	switch p.in {
	case "path":
		if strings.Trim(text, "./ ") == "" {
			return apptest.Answer{}, false // another path
		}
		segment[p.name] = text
	case "query":
		query.Set(p.name, text)
		if p.name == "near" {
			query.Set("radius_km", "5")
		}
		if p.name == "radius_km" {
			query.Set("near", "1,2")
		}
	case "header":
		// A stream has a test of its own.
		if strings.ContainsRune(text, 0) || strings.TrimSpace(text) == "" || p.name == "Last-Event-ID" {
			return apptest.Answer{}, false
		}
		headers = append(headers, p.name, text)
	}
	path := p.path
	for name, value := range segment {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	body := ""
	switch {
	case p.path == "/v1/imports":
		body, headers[1] = twoRows, "text/csv"
	case p.method == http.MethodPost, p.method == http.MethodPut:
		body, headers[1] = `{"title":"Ends","price":1,"location":"Here"}`, "application/json"
	case p.method == http.MethodPatch:
		body = `{"price":2}`
	}
	if p.path == "/v1/cache" {
		headers = append(headers, "Authorization", "Bearer "+s.AdminKey)
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return s.Do(p.method, path, body, headers...), true
}

// Whatever text a parameter has, the server never fails, and an answer that refuses the parameter names it.
func TestEveryParameterBearsTheEndsOfItsType(t *testing.T) {
	parameters := contractParameters(t)
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		for _, p := range parameters {
			id := s.Create(`"title":"Ends","price":1`).ID
			for _, text := range append(oddTexts, forgedCursors(t)...) {
				a, sent := try(s, p, text, id)
				if !sent {
					continue
				}
				if a.Status >= http.StatusInternalServerError && a.Status != http.StatusGatewayTimeout {
					t.Errorf("%+v %.60q: %d %s", p, text, a.Status, a.Body)
				}
				if a.Status == http.StatusBadRequest && !named(a, p.name) {
					t.Errorf("%+v %.60q: the refusal does not name the parameter: %s", p, text, a.Body)
				}
			}
		}
	})
}

// named reports whether a problem names the parameter.
func named(a apptest.Answer, parameter string) bool {
	var problem struct {
		Detail string
		Errors []struct{ Parameter, Detail string }
	}
	if json.Unmarshal([]byte(a.Body), &problem) != nil {
		return false
	}
	text := problem.Detail
	for _, e := range problem.Errors {
		text += " " + e.Parameter + " " + e.Detail
	}
	return strings.Contains(text, parameter)
}

// forgedCursors returns cursors with a correct check sum at which no page can have ended.
func forgedCursors(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, sort := range []string{"price", "-price", "area_m2", "-area_m2"} {
		s, err := property.ParseSearch(map[string][]string{"sort": {sort}, "limit": {"1"}})
		apptest.Must(t, err)
		for _, key := range []property.Decimal{math.MinInt64, math.MaxInt64} {
			p := property.Property{Details: property.Details{Price: key, AreaM2: property.Some(key)}}
			all = append(all, s.NextCursor(&property.Page{Properties: []property.Property{p}}))
		}
	}
	return all
}

// The check sum of a cursor is not secret, so forged cursors must be safe.
func TestAForgedCursorBeginsAPageOrIsRefused(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		s.Create(`"title":"Ends","price":1,"area_m2":1`)
		visitor := s.Browser()
		for _, cursor := range forgedCursors(t) {
			for _, sort := range []string{"price", "-price", "area_m2", "-area_m2"} {
				query := "?sort=" + sort + "&cursor=" + cursor
				for _, path := range []string{"/v1/properties", "/properties"} {
					if a := s.Get(path + query); a.Status != http.StatusOK && a.Status != http.StatusBadRequest {
						t.Errorf("%s%s: %d %s", path, query, a.Status, a.Body)
					}
				}
				visitor.Get("/" + query).Must(http.StatusOK)
			}
		}
		for _, after := range []string{
			"e;1:9223372036854775808:/1", "e;9223372036854775808:9223372036854775808:/1", "e;1:1:/9223372036854775808",
			"e;1:1:/1;1:18446744073709551615:/1;1", "s9223372036854775808",
		} {
			path := "/v1/changes?after=" + encoded(after)
			s.Get(path).Must(http.StatusBadRequest).Says("after")
			s.Get(path, "Accept", "text/event-stream").Must(http.StatusBadRequest).Says("after")
			s.Get("/v1/changes", "Accept", "text/event-stream", "Last-Event-ID", encoded(after)).
				Must(http.StatusBadRequest).Says("Last-Event-ID")
		}
		for _, token := range []string{
			"e;1:9223372036854775808:;", "e;1:1:;9223372036854775808", "e;1:2:9223372036854775808;",
		} {
			s.Get("/v1/properties", "Consistency-Token", encoded(token)).Must(http.StatusBadRequest).Says("Consistency-Token")
		}
	})
}

// listingFields are the names of all fields of a listing, and lowestBounds a parameter for each number in a filter.
var listingFields, lowestBounds = func() (fields, bounds string) {
	for _, f := range property.FieldTable() {
		fields += " " + f.Name
	}
	for _, r := range new(property.Filter).Ranges() {
		bounds += " min_" + r.Name
	}
	return fields[1:], bounds[1:]
}()

// staffForms are the forms of the back office and their fields.
var staffForms = map[string]string{
	"/admin/sign-in":            "sign_in_name sign_in_password next",
	"/admin/password":           "current next again",
	"/admin/listings/new":       "once " + listingFields,
	"/admin/listings/ID":        "version " + listingFields,
	"/admin/bulk":               "id all search action status value",
	"/admin/bulk/apply":         "id all search action status value count once",
	"/admin/keys":               "name scope",
	"/admin/keys/revoke":        "name",
	"/admin/people":             "name password role",
	"/admin/people/change":      "id role remove",
	"/admin/listings/ID/remove": "version",
}

// staffPages are the pages with parameters in their addresses.
var staffPages = map[string]string{
	"/": "q location offer kind status currency max_price max_bathrooms bbox near radius_km sort cursor " +
		lowestBounds,
	"/admin": "q location offer kind status currency max_price max_bathrooms bbox near sort cursor " +
		lowestBounds,
	"/admin/listings/ID/history": "before", "/admin/cache": "address", "/admin/cache/samples": "since",
	"/admin/sign-in": "next",
}

// pageTexts are those of oddTexts that differ from one another for a page; each page takes a while to render.
var pageTexts = []string{
	"", "-1", "0x1p3", "NaN", "450.000", "1e999", "9223372036854775808", "-9223372036854775808", "2147483648",
	"2026-11-23T8:00:00Z",
	"\x00", "a\x00b", "\xff\xfe", "'; --", strings.Repeat("x", 5_000), strings.Repeat(",", 500),
}

func TestEveryFieldOfAPageBearsTheEndsOfItsType(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		boss := s.Staff("boss", keys.RoleAdministrator)
		id := s.Create(`"title":"Ends","price":1`).ID
		check := func(path, field, text string, a apptest.Answer) {
			t.Helper()
			if a.Status >= http.StatusInternalServerError {
				t.Errorf("%s, %s=%.60q: %d %s", path, field, text, a.Status, a.Body)
			}
		}
		for _, text := range pageTexts {
			for path, names := range staffPages {
				path = strings.ReplaceAll(path, "ID", id)
				for _, field := range strings.Fields(names) {
					check(path, field, text, boss.Get(path+"?"+url.Values{field: {text}}.Encode()))
				}
			}
			for _, path := range []string{
				"/listings/%s", "/admin/listings/%s", "/admin/listings/%s/history", "/admin/listings/%s/remove",
			} {
				check(path, "id", text, boss.Get(fmt.Sprintf(path, url.PathEscape(text))))
			}
			for path, names := range staffForms {
				path = strings.ReplaceAll(path, "ID", id)
				for _, field := range strings.Fields(names) {
					form := apptest.Fields("title", "Ends", "price", "1", "location", "Here", "action", "price", "value", "1",
						"scope", "write", "role", "editor")
					form.Set(field, text)
					visitor := boss
					if path == "/admin/sign-in" {
						visitor = s.Browser()
					}
					check(path, field, text, visitor.Post(path, form))
				}
			}
		}
		for _, text := range []string{"a\x00b", "\xff"} {
			boss.Post("/admin/keys", apptest.Fields("name", text, "scope", "write")).Must(http.StatusBadRequest).Says("name")
			boss.Post("/admin/keys/revoke", apptest.Fields("name", text)).Must(http.StatusBadRequest).Says("name")
			boss.Post("/admin/people/change", apptest.Fields("id", text, "role", "editor")).Must(http.StatusBadRequest).
				Says("id")
		}
		boss.Post("/admin/keys", apptest.Fields("name", "a\x01b", "scope", "write")).Must(http.StatusUnprocessableEntity)
	})
}

// An answer that refuses a member of a body names it.
func TestEveryMemberOfAListingBearsTheEndsOfItsType(t *testing.T) {
	values := []string{
		"9223372036854775808", "-9223372036854775808", "1e400", "-1e400", "1e-400", "1e30", "NaN", "1.234", "-0",
		`"\u0000"`, `"a\u0000b"`,
		`"\ud800"`, `""`, `" "`, "null", "true", "[]", "{}", `["\u0000"]`, `"` + strings.Repeat("x", 30_000) + `"`,
		`"450.000"`, `"0x1p3"`,
		`"NaN"`, `"+1"`, "[null]", "[[[[]]]]", `"2026-11-23T8:00:00Z"`, "99999999999999999999999999999",
	}
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		id := s.Create(`"title":"Ends","price":1`).ID
		for _, member := range strings.Fields(listingFields + " version id created_at") {
			for _, value := range values {
				body := `{"` + member + `":` + value + `}`
				a := s.Do(http.MethodPatch, "/v1/properties/"+id, body, "Content-Type", "application/merge-patch+json")
				if a.Status >= http.StatusInternalServerError || a.Status == http.StatusUnprocessableEntity &&
					!strings.Contains(a.Body, member) {
					t.Errorf("%s: %d %s", body[:min(len(body), 80)], a.Status, a.Body)
				}
			}
		}
	})
}
