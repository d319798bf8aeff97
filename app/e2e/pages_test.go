package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/gable-listings/gable/app/apptest"
	keys "github.com/gable-listings/gable/domain/access"
)

// script is a title that would run if a page treated it as markup.
const script = `<script>alert("1")</script>'"><img src=x onerror=alert(2)>`

// inForce fails the test unless the page has the protection that all pages have.
func inForce(a apptest.Answer, path string) {
	a.T.Helper()
	policy := a.Header.Get("Content-Security-Policy")
	for _, part := range []string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "form-action 'self'",
		"base-uri 'none'",
		"frame-ancestors 'none'",
	} {
		if !strings.Contains(policy+";", part+";") {
			a.T.Errorf("%s: %s is not in the policy %q", path, part, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || strings.Contains(policy, "data:") {
		a.T.Errorf("%s: the policy is %q", path, policy)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin",
	} {
		if got := a.Header.Get(name); got != want {
			a.T.Errorf("%s: %s is %q, not %q", path, name, got, want)
		}
	}
}

// harmless fails the test for everything on the page that a browser would run or style by itself. These are scripts
// and styles from elsewhere than the files of this host, attributes with code, addresses with code, and elements of
// the stored texts.
func harmless(a apptest.Answer, path string) {
	a.T.Helper()
	page := html.NewTokenizer(strings.NewReader(a.Body))
	inside := ""
	for {
		kind := page.Next()
		token := page.Token()
		switch {
		case kind == html.ErrorToken:
			return
		case kind == html.TextToken && inside == "script" && strings.TrimSpace(token.Data) != "":
			a.T.Errorf("%s: a script on the page: %s", path, token.Data)
		case kind == html.StartTagToken || kind == html.SelfClosingTagToken:
			inside = token.Data
			if fault := dangerous(token); fault != "" {
				a.T.Errorf("%s: %s in %s", path, fault, token)
			}
		case kind == html.EndTagToken:
			inside = ""
		}
	}
}

// dangerous says what is wrong with an element; "" means nothing.
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
	s := apptest.Embedded.Start(t)
	p := s.Create(fmt.Sprintf(`"title":%q,"description":%q,"reference":%q,"price":1,`+
		`"latitude":47.5,"longitude":-122.2,"photos":["https://example.com/\"onload=alert(1)"]`,
		script, script, script))
	near := s.Create(fmt.Sprintf(`"title":%q,"price":2,"latitude":47.5001,"longitude":-122.2,"kind":"house"`, script))
	s.Do(http.MethodPatch, "/v1/properties/"+p.ID, fmt.Sprintf(`{"location":%q}`, script+", Kent"),
		"Content-Type", "application/merge-patch+json").Must(http.StatusOK)
	visitor, boss := s.Browser(), s.Staff("boss", keys.RoleAdministrator)
	odd := url.QueryEscape(script)
	public := map[string]int{
		"/": 200, "/?q=" + odd: 200, "/?location=" + odd: 200, "/?min_price=" + odd: 400, "/?kind=" + odd: 400,
		"/?near=" + odd:     400,
		"/listings/" + p.ID: 200, "/listings/" + near.ID: 200, "/listings/" + apptest.NewID().
					String(): 404, "/listings/" + odd: 404,
		"/" + odd: 404, "/admin": 303, "/admin/sign-in?next=" + odd: 200, "/admin/" + odd: 404,
	}
	at := "/admin/listings/" + p.ID
	inside := map[string]int{
		"/admin": 200, "/admin?q=" + odd: 200, "/admin?min_price=" + odd: 400, "/admin/listings/new": 200,
		at: 200, at + "/remove": 200,
		at + "/history": 200, "/admin/import": 200, "/admin/cache": 200,
		"/admin/cache?address=" + odd: 200, "/admin/cache?address=/" + odd: 200,
		"/admin/cache?address=" + url.QueryEscape("/listings/"+p.ID): 200, "/admin/cache/purge": 200,
		"/admin/keys": 200, "/admin/people": 200,
		"/admin/password": 200, "/admin/listings/%3Cscript%3E": 404, at + "/history?before=" + odd: 200,
	}
	harmless(boss.Post("/admin/keys", apptest.Fields("name", script, "scope", "write")).Must(http.StatusCreated),
		"/admin/keys")
	for path, status := range public {
		for range 2 { // made, and cached
			a := visitor.Get(path).Must(status)
			inForce(a, path)
			harmless(a, path)
		}
	}
	before := views(s)
	for path, status := range inside {
		a := boss.Get(path).Must(status)
		inForce(a, path)
		harmless(a, path)
		if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Cache-Status") != "" ||
			!strings.Contains(a.Header.Get("Vary"), "Cookie") {
			t.Errorf("%s may be cached: %v", path, a.Header)
		}
		head := boss.Send(http.MethodHead, path, "", "").Must(status)
		if head.Body != "" || status < 400 && head.Header.Get("Content-Type") != a.Header.Get("Content-Type") {
			t.Errorf("HEAD %s: %q, %v", path, head.Body, head.Header)
		}
	}
	for path, form := range map[string]url.Values{
		"/admin/listings/new": apptest.Fields("title", script, "price", script), "/admin/bulk": apptest.Fields("id", p.ID,
			"action", "percent", "value", "1", "search", script),
		"/admin/people": apptest.Fields("name", script, "password", script, "role",
			script), "/admin/keys": apptest.Fields("name", strings.Repeat(script, 9), "scope", script),
		"/admin/sign-in": apptest.Fields("sign_in_name", script, "sign_in_password", script, "next", script, "resume", "1",
			"kept."+script, script),
		"/admin/password": apptest.Fields("current", script, "next", script, "again",
			script), "/admin/bulk/apply": apptest.Fields("id", p.ID, "search", script, "once", script),
		at: apptest.Fields("title", script, "price", "1", "location", script, "state", "1"),
	} {
		a := boss.Post(path, form)
		if inForce(a, path); a.Status >= 500 || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, %v", path, a.Status, a.Header)
		}
		harmless(a, path)
		harmless(visitor.Post(path, form), path)
	}
	if after := views(s); after != before {
		t.Errorf("the back office has left pages in the cache: %d before, %d after", before, after)
	}
	if got := visitor.Get("/admin/cache/samples").Must(http.StatusSeeOther).
		Header.Get("Location"); !strings.HasPrefix(got, "/admin/sign-in") {
		t.Errorf("a visitor sees the figures: %s", got)
	}
	if a := boss.Get("/admin/cache/samples").Must(http.StatusOK); a.Header.Get("Cache-Control") != "no-store" ||
		a.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v", a.Header)
	}
}

func TestThePublicPagesAreCachedAndAlwaysTrue(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		p := s.Create(`"title":"by the lake","price":100,"kind":"house"`)
		v := s.Browser()
		for _, path := range []string{"/", "/?kind=house&max_price=450k", "/listings/" + p.ID} {
			v.Get(path).Must(http.StatusOK)
			a := v.Get(path).Must(http.StatusOK).Caches("gable-view; hit")
			if a.Header.Get("Cache-Control") != "no-cache" || a.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s: %v", path, a.Header)
			}
			v.Get(path, "If-None-Match", a.Header.Get("ETag")).Must(http.StatusNotModified)
			if head := v.Send(http.MethodHead, path, "", "").Must(http.StatusOK); head.Body != "" ||
				head.Header.Get("ETag") != a.Header.Get("ETag") {
				t.Errorf("HEAD %s: %v", path, head.Header)
			}
		}
		v.Get("/?kind=house&max_price=%24450%2C000&utm_source=x").Must(http.StatusOK).Caches("gable-view; hit")
		tag := v.Get("/").Header.Get("ETag")
		s.Patch(p.ID, `{"price":200}`)
		v.Get("/", "If-None-Match", tag).Must(http.StatusOK).Says("$200").Caches("gable-view; hit; detail=patched")
		v.Get("/listings/" + p.ID).Must(http.StatusOK).Says("$200")
		s.Do(http.MethodDelete, "/v1/properties/"+p.ID, "").Must(http.StatusNoContent)
		v.Get("/").Must(http.StatusOK).Says("No listing").Lacks("by the lake")
		v.Get("/listings/" + p.ID).Must(http.StatusNotFound)
		v.Get("/?min_price=cheap").Must(http.StatusBadRequest).Says("The search has a mistake")
	})
}

// A visitor who saved something reads the public pages of another process next, whose feed has not delivered the change.
func TestWhoHasSavedSeesItInEveryProcess(t *testing.T) {
	everywhereOnDemand(t, 2, func(t *testing.T, servers []*apptest.Server) {
		writer, reader := servers[0], servers[1]
		p := writer.Create(`"title":"followed","price":100`)
		b, stranger := writer.Staff("anna", keys.RoleEditor), reader.Browser()
		for _, path := range []string{"/", "/listings/" + p.ID} {
			stranger.Get(path, "Cache-Control", "no-cache").Must(http.StatusOK).Says("$100")
		}
		at := "/admin/listings/" + p.ID
		form := apptest.With(b.Get(at).Hidden(at), "title", "followed", "price", "200", "location", "Here")
		b.Post(at, form).Goes(at)
		if c := b.Cookies["gable_seen"]; c == nil || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 60 {
			t.Fatalf("the cookie is %v", c)
		}
		stranger.Get("/").Must(http.StatusOK).Says("$100") // it polls on demand only
		for _, path := range []string{"/", "/listings/" + p.ID} {
			b.On(reader).Get(path).Must(http.StatusOK).Says("$200")
		}
		b.On(reader).Get(at).Must(http.StatusOK).Says(`value="200.00"`)
		garbled := reader.Browser()
		garbled.Cookies["gable_seen"] = &http.Cookie{Name: "gable_seen", Value: "garbled"}
		garbled.Get("/").Must(http.StatusOK)
	})
}
