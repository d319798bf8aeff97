package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	keys "github.com/gable-listings/gable/domain/access"
	"golang.org/x/net/html"
)

// script is a title that would run if a page took it for its own text.
const script = `<script>alert("1")</script>'"><img src=x onerror=alert(2)>`

// inForce fails the test unless the page is protected as all pages are.
func (a answer) inForce(path string) {
	a.t.Helper()
	policy := a.header.Get("Content-Security-Policy")
	for _, part := range []string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "form-action 'self'", "base-uri 'none'",
		"frame-ancestors 'none'",
	} {
		if !strings.Contains(policy+";", part+";") {
			a.t.Errorf("%s: %s is not in the policy %q", path, part, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || strings.Contains(policy, "data:") {
		a.t.Errorf("%s: the policy is %q", path, policy)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin",
	} {
		if got := a.header.Get(name); got != want {
			a.t.Errorf("%s: %s is %q, not %q", path, name, got, want)
		}
	}
}

// harmless fails the test for everything on the page that a browser would run or style by itself: scripts and styles that
// are no files of this host, attributes with code, addresses with code, elements of the texts that were stored.
func (a answer) harmless(path string) {
	a.t.Helper()
	page := html.NewTokenizer(strings.NewReader(a.body))
	inside := ""
	for {
		kind := page.Next()
		token := page.Token()
		switch {
		case kind == html.ErrorToken:
			return
		case kind == html.TextToken && inside == "script" && strings.TrimSpace(token.Data) != "":
			a.t.Errorf("%s: a script on the page: %s", path, token.Data)
		case kind == html.StartTagToken || kind == html.SelfClosingTagToken:
			inside = token.Data
			if fault := dangerous(token); fault != "" {
				a.t.Errorf("%s: %s in %s", path, fault, token)
			}
		case kind == html.EndTagToken:
			inside = ""
		}
	}
}

// dangerous says what is wrong with an element; "" for nothing.
func dangerous(element html.Token) string {
	source := ""
	for _, a := range element.Attr {
		address := strings.ToLower(strings.TrimSpace(a.Val))
		switch {
		case strings.HasPrefix(a.Key, "on"), strings.HasPrefix(a.Key, "hx-on"), a.Key == "style", a.Key == "srcdoc":
			return "the attribute " + a.Key
		case slices.Contains([]string{"src", "href", "action", "formaction", "data"}, a.Key):
			if source = address; strings.HasPrefix(address, "javascript:") || strings.HasPrefix(address, "data:") {
				return "the address " + a.Val
			}
		}
	}
	local := strings.HasPrefix(source, "/assets/")
	if element.Data == "style" || slices.Contains([]string{"script", "img", "iframe", "object"}, element.Data) && !local {
		return "an element of its own"
	}
	return ""
}

func TestEveryPageIsProtectedAndShowsTextAsText(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t)
	p := s.create(fmt.Sprintf(`"title":%q,"description":%q,"reference":%q,"price":1,"latitude":47.5,"longitude":-122.2,"photos":["https://example.com/\"onload=alert(1)"]`,
		script, script, script))
	near := s.create(fmt.Sprintf(`"title":%q,"price":2,"latitude":47.5001,"longitude":-122.2,"kind":"house"`, script))
	s.do(http.MethodPatch, "/v1/properties/"+p.ID, fmt.Sprintf(`{"location":%q}`, script+", Kent"),
		"Content-Type", "application/merge-patch+json").must(http.StatusOK)
	visitor, boss := s.browser(), s.staff("boss", keys.RoleAdministrator)
	odd := url.QueryEscape(script)
	public := map[string]int{
		"/": 200, "/?q=" + odd: 200, "/?location=" + odd: 200, "/?min_price=" + odd: 400, "/?kind=" + odd: 400, "/?near=" + odd: 400,
		"/listings/" + p.ID: 200, "/listings/" + near.ID: 200, "/listings/" + newTestID().String(): 404, "/listings/" + odd: 404,
		"/" + odd: 404, "/admin": 303, "/admin/sign-in?next=" + odd: 200, "/admin/" + odd: 404,
	}
	at := "/admin/listings/" + p.ID
	inside := map[string]int{
		"/admin": 200, "/admin?q=" + odd: 200, "/admin?min_price=" + odd: 400, "/admin/listings/new": 200, at: 200, at + "/remove": 200,
		at + "/history": 200, "/admin/import": 200, "/admin/cache": 200, "/admin/cache?address=" + odd: 200, "/admin/cache?address=/" + odd: 200,
		"/admin/cache?address=" + url.QueryEscape("/listings/"+p.ID): 200, "/admin/cache/purge": 200, "/admin/keys": 200, "/admin/people": 200,
		"/admin/password": 200, "/admin/listings/%3Cscript%3E": 404, at + "/history?before=" + odd: 200,
	}
	boss.post("/admin/keys", fields("name", script, "scope", "write")).must(http.StatusCreated).harmless("/admin/keys")
	for path, status := range public {
		for range 2 { // made, and kept
			a := visitor.get(path).must(status)
			a.inForce(path)
			a.harmless(path)
		}
	}
	before := s.views()
	for path, status := range inside {
		a := boss.get(path).must(status)
		a.inForce(path)
		a.harmless(path)
		if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Cache-Status") != "" || !strings.Contains(a.header.Get("Vary"), "Cookie") {
			t.Errorf("%s may be kept: %v", path, a.header)
		}
		head := boss.send(http.MethodHead, path, "", "").must(status)
		if head.body != "" || status < 400 && head.header.Get("Content-Type") != a.header.Get("Content-Type") {
			t.Errorf("HEAD %s: %q, %v", path, head.body, head.header)
		}
	}
	for path, form := range map[string]url.Values{
		"/admin/listings/new": fields("title", script, "price", script), "/admin/bulk": fields("id", p.ID, "action", "percent", "value", "1", "search", script),
		"/admin/people": fields("name", script, "password", script, "role", script), "/admin/keys": fields("name", strings.Repeat(script, 9), "scope", script),
		"/admin/sign-in":  fields("sign_in_name", script, "sign_in_password", script, "next", script, "resume", "1", "kept."+script, script),
		"/admin/password": fields("current", script, "next", script, "again", script), "/admin/bulk/apply": fields("id", p.ID, "search", script, "once", script),
		at: fields("title", script, "price", "1", "location", script, "state", "1"),
	} {
		a := boss.post(path, form)
		if a.inForce(path); a.status >= 500 || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, %v", path, a.status, a.header)
		}
		a.harmless(path)
		visitor.post(path, form).harmless(path)
	}
	if after := s.views(); after != before {
		t.Errorf("the back office has left pages in the cache: %d before, %d after", before, after)
	}
	if got := visitor.get("/admin/cache/samples").must(http.StatusSeeOther).header.Get("Location"); !strings.HasPrefix(got, "/admin/sign-in") {
		t.Errorf("the figures are shown to everybody: %s", got)
	}
	if a := boss.get("/admin/cache/samples").must(http.StatusOK); a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v", a.header)
	}
}

func TestTheCatalogueIsKeptAndAlwaysTrue(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		p := s.create(`"title":"by the lake","price":100,"kind":"house"`)
		v := s.browser()
		for _, path := range []string{"/", "/?kind=house&max_price=450k", "/listings/" + p.ID} {
			v.get(path).must(http.StatusOK)
			a := v.get(path).must(http.StatusOK).caches("gable-view; hit")
			if a.header.Get("Cache-Control") != "no-cache" || a.header.Get("Set-Cookie") != "" {
				t.Errorf("%s: %v", path, a.header)
			}
			v.get(path, "If-None-Match", a.header.Get("ETag")).must(http.StatusNotModified)
			if head := v.send(http.MethodHead, path, "", "").must(http.StatusOK); head.body != "" || head.header.Get("ETag") != a.header.Get("ETag") {
				t.Errorf("HEAD %s: %v", path, head.header)
			}
		}
		v.get("/?kind=house&max_price=%24450%2C000&utm_source=x").must(http.StatusOK).caches("gable-view; hit")
		tag := v.get("/").header.Get("ETag")
		s.patch(p.ID, `{"price":200}`)
		v.get("/", "If-None-Match", tag).must(http.StatusOK).says("$200").caches("gable-view; hit; detail=patched")
		v.get("/listings/" + p.ID).must(http.StatusOK).says("$200")
		s.do(http.MethodDelete, "/v1/properties/"+p.ID, "").must(http.StatusNoContent)
		v.get("/").must(http.StatusOK).says("No listing").lacks("by the lake")
		v.get("/listings/" + p.ID).must(http.StatusNotFound)
		v.get("/?min_price=cheap").must(http.StatusBadRequest).says("Something in the search cannot be read")
	})
}

// Who has saved something looks at the catalogue of another process next, one that has not heard of it by itself.
func TestWhoHasSavedSeesItInEveryProcess(t *testing.T) {
	everywhereDeaf(t, 2, func(t *testing.T, servers []*testServer) {
		writer, reader := servers[0], servers[1]
		p := writer.create(`"title":"followed","price":100`)
		b, stranger := writer.staff("anna", keys.RoleEditor), reader.browser()
		for _, path := range []string{"/", "/listings/" + p.ID} {
			stranger.get(path, "Cache-Control", "no-cache").must(http.StatusOK).says("$100")
		}
		at := "/admin/listings/" + p.ID
		form := with(b.get(at).hidden(at), "title", "followed", "price", "200", "location", "Here")
		b.post(at, form).goes(at)
		if c := b.cookies["gable_seen"]; c == nil || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 60 {
			t.Fatalf("the cookie is %v", c)
		}
		stranger.get("/").must(http.StatusOK).says("$100") // it is deaf
		for _, path := range []string{"/", "/listings/" + p.ID} {
			b.on(reader).get(path).must(http.StatusOK).says("$200")
		}
		b.on(reader).get(at).must(http.StatusOK).says(`value="200.00"`)
		garbled := reader.browser()
		garbled.cookies["gable_seen"] = &http.Cookie{Name: "gable_seen", Value: "garbled"}
		garbled.get("/").must(http.StatusOK)
	})
}
