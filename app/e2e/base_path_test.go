package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/cli"
	"github.com/gable-listings/gable/app/config"
	keys "github.com/gable-listings/gable/domain/access"
)

const testBase = "/homes"

// belowBase starts a server below a base path, behind a proxy. The proxy passes the base path on unchanged and has
// another site, which counts its requests, at all other paths.
func belowBase(t *testing.T) (s *apptest.Server, front string, strays *atomic.Int64) {
	t.Helper()
	strays = new(atomic.Int64)
	mux := http.NewServeMux()
	proxy := httptest.NewServer(mux)
	t.Cleanup(proxy.Close)
	s = apptest.Embedded.Start(t, func(c *config.Config) {
		c.HTTP.BasePath, c.HTTP.PublicURL, c.Log.Sampling = testBase, proxy.URL, false
	})
	to := &url.URL{Scheme: "http", Host: s.Servers.Public.Addr().String()}
	passOn := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}}
	mux.HandleFunc(testBase+"/", func(w http.ResponseWriter, r *http.Request) {
		// without it, answers that overtake their request are cut off
		apptest.Must(t, http.NewResponseController(w).EnableFullDuplex())
		passOn.ServeHTTP(w, r)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		strays.Add(1)
		http.NotFound(w, r)
	})
	s.Base = proxy.URL + testBase
	return s, proxy.URL, strays
}

func TestNoAddressLeadsOutsideTheBasePath(t *testing.T) {
	t.Parallel()
	s, front, strays := belowBase(t)
	var home apptest.Listing
	for i := range 60 {
		home = s.Create(fmt.Sprintf(
			`"title":"home %d","price":%d,"kind":"house","latitude":47.5,"longitude":%d.1`, i, 100+i, i))
	}
	visitor, staff := newCrawler(t, front, testBase), newCrawler(t, front, testBase)
	for _, path := range []string{"/", "/robots.txt", "/admin", "/nowhere", "/?min_price=x", "/docs"} {
		visitor.pages = append(visitor.pages, s.Base+path)
	}
	crawlAPI(s, visitor)
	visitor.crawl(func() {})

	s.Hire("boss", keys.RoleAdministrator)
	s.Hire("anna", keys.RoleEditor)
	signIn := func() {
		if staff.send(http.MethodGet, s.Base+"/admin", "", nil) == http.StatusOK {
			return
		}
		form := sentForm{fields: apptest.Fields("sign_in_name", "boss", "sign_in_password", apptest.Password, "next",
			"/admin/cache")}
		contentType, body := form.encode(t)
		staff.send(http.MethodPost, s.Base+"/admin/sign-in", contentType, body)
		if staff.send(http.MethodGet, s.Base+"/admin", "", nil) != http.StatusOK {
			t.Fatal("the browser is not signed in")
		}
	}
	signIn()
	staff.forms = append(staff.forms, []sentForm{
		{s.Base + "/admin/listings/new", false, apptest.Fields("title", "new", "price", "1", "location", "l", "once", "o")},
		{s.Base + "/admin/people", false, apptest.Fields("name", "carl", "password", apptest.Password, "role", "editor")},
		{s.Base + "/admin/keys", false, apptest.Fields("name", "crawled", "scope", "write")},
		{s.Base + "/admin/import", true, apptest.Fields("action", "import")},
		{s.Base + "/admin/bulk", false, apptest.Fields("id", home.ID, "action", "percent", "value", "2", "search",
			"kind=house")},
	}...)
	staff.pages = append(staff.pages, s.Base+"/admin/cache/samples", s.Base+"/admin/cache?address="+testBase+"/")
	staff.crawl(signIn)

	for _, c := range []*crawler{visitor, staff} {
		for _, address := range c.outside {
			t.Error(address)
		}
	}
	if n := strays.Load(); n > 0 {
		t.Errorf("%d requests have reached the neighbour", n)
	}
	hasAnswered(s, "/", "/listings/{id}", "/assets/{build}/{file}", "/robots.txt", "/docs", "/docs/assets/{build}/{file}",
		"/docs/guide", "/docs/guide/{name}", "/openapi.yaml", "/openapi.json", "/problems", "/problems/{name}", "/admin",
		"/admin/sign-in", "/admin/password",
		"/admin/sessions", "/admin/second-factor", "/admin/listings/new", "/admin/listings/{id}",
		"/admin/listings/{id}/remove", "/admin/listings/{id}/history", "/admin/bulk", "/admin/bulk/apply", "/admin/import",
		"/admin/cache", "/admin/cache/samples", "/admin/cache/purge", "/admin/keys", "/admin/keys/revoke", "/admin/people",
		"/admin/people/change", "/v1/properties", "/v1/properties/{id}", "/v1/exports", "/v1/changes", "/v1/imports")
}

// crawlAPI has the crawler read answers of the API, each of which is also checked against the contract.
func crawlAPI(s *apptest.Server, c *crawler) {
	read := func(a apptest.Answer, path string) {
		at, err := url.Parse(s.Base + path)
		apptest.Must(s.T, err)
		c.read(at, a.Status, a.Header, []byte(a.Body))
	}
	a := s.Do(http.MethodPost, "/v1/properties", `{"title":"made","price":1,"location":"Here"}`).Must(http.StatusCreated)
	read(a, "/v1/properties")
	if want := testBase + "/v1/properties/" + apptest.Decoded[apptest.Listing](a).ID; a.Header.Get("Location") != want {
		s.T.Errorf("the new listing is at %s, not at %s", a.Header.Get("Location"), want)
	}
	for range 2 { // made, and cached
		a = s.Get("/v1/properties?limit=2&count=exact&fields=title").Must(http.StatusOK)
		read(a, "/v1/properties")
		if !strings.HasPrefix(a.Header.Get("Link"), "<"+testBase+"/v1/properties?") {
			s.T.Errorf("the next page is at %s", a.Header.Get("Link"))
		}
	}
	s.Patch(apptest.Decoded[apptest.Page](s.Get("/v1/properties?limit=2")).Properties[0].ID, `{"title":"patched"}`)
	for _, path := range []string{
		"/properties/?limit=2", "/v1/properties?limit=2", "/v1/properties?x=1", "/v1/nowhere", "/v1/changes",
		"/v1/properties/" + apptest.NewID().String(), "/v1/exports?format=csv", "/problems/no-such", "/healthz", "/version",
	} {
		read(s.Get(path), path)
	}
	const broken = "reference,title,price,location\n1,,,\n"
	read(s.Do(http.MethodPost, "/v1/imports", broken, "Content-Type", "text/csv"), "/v1/imports")
	read(s.Do(http.MethodDelete, "/v1/cache", "", "Authorization", ""), "/v1/cache")
}

// hasAnswered fails the test unless each of the routes has answered a request as it should.
func hasAnswered(s *apptest.Server, routes ...string) {
	s.T.Helper()
	for _, line := range s.Log.FilterMessage("request").All() {
		fields := line.ContextMap()
		if status, ok := fields["status"].(int64); ok && status < http.StatusBadRequest {
			routes = slices.DeleteFunc(routes, func(route string) bool { return route == fields["route"] })
		}
	}
	if len(routes) > 0 {
		s.T.Errorf("not visited: %v", routes)
	}
}

func TestOnlyTheBasePathAndHealthAnswer(t *testing.T) {
	t.Parallel()
	s, front, _ := belowBase(t)
	p := s.Create(`"title":"home","price":1`)
	root := "http://" + s.Servers.Public.Addr().String()
	ask := func(address string) (int, string, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		apptest.Must(t, err)
		response, err := (&http.Transport{}).RoundTrip(request)
		apptest.Must(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		apptest.Must(t, err)
		return response.StatusCode, response.Header.Get("Location"), string(body)
	}
	for range 2 { // nothing that is cached answers outside either
		for path, want := range map[string]int{
			testBase + "/": 200, testBase + "/v1/properties": 200, testBase + "/v1/properties/" + p.ID: 200,
			testBase + "/readyz": 200, "/healthz": 200, "/readyz": 200, "/version": 200,
			"/": 404, "/v1/properties": 404, "/v1/properties/" + p.ID: 404, "/docs": 404, "/homesick/": 404,
			testBase + testBase + "/": 404, "/%68omes/": 404, testBase + "//v1/properties": 404,
		} {
			if got, _, body := ask(root + path); got != want {
				t.Errorf("%s is answered %d, not %d: %s", path, got, want, body)
			}
		}
	}
	status, to, _ := ask(root + testBase + "?q=lake")
	if status != http.StatusPermanentRedirect || to != testBase+"/?q=lake" {
		t.Errorf("without its slash the base path is answered %d, to %q", status, to)
	}
	if _, _, body := ask(root + "/v1/nowhere"); !strings.Contains(body, `"type":"/homes/problems/not-found"`) {
		t.Errorf("outside the answer is %s", body)
	}
	own := testBase + "/listings/" + p.ID
	if _, _, body := ask(root + own); !strings.Contains(body, `href="`+front+own) {
		t.Errorf("the page does not name its own address: %s", body)
	}
	for _, server := range []string{s.Base, s.Base + "/"} {
		code, out, stderr := apptest.Gable(t, "cache", "stats", "--server", server)
		if code != cli.ExitOK || !strings.Contains(out, "hits") {
			t.Errorf("cache stats of %s: %s%s", server, out, stderr)
		}
	}
	for address, want := range map[string]bool{
		testBase + "/v1/properties": true, s.Base + "/": true, "/v1/properties": false, testBase: false,
	} {
		if _, err := s.Lookup.Explain(t.Context(), address); (err == nil) != want {
			t.Errorf("an explanation of %s: %v", address, err)
		}
	}
}

func TestCookiesStayBelowTheBasePath(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t, func(c *config.Config) {
		c.HTTP.BasePath, c.HTTP.PublicURL = testBase, "https://example.org"
	})
	b := s.Staff("anna", keys.RoleAdministrator)
	seen := apptest.Fields("title", "seen", "price", "1", "location", "l", "once", "o")
	b.Post("/admin/listings/new", seen).Must(http.StatusSeeOther)
	for _, name := range []string{"gable_session", "gable_browser", "gable_seen", "gable_notice"} {
		// Browsers refuse __Host- with a path.
		if c := b.Cookies["__Secure-"+name]; c == nil || !c.Secure || !c.HttpOnly || c.Path != testBase || c.Domain != "" {
			t.Errorf("%s is %v", name, c)
		}
	}
	purge := func(origin string) apptest.Answer {
		return b.Post("/admin/cache/purge", nil, "Sec-Fetch-Site", "", "Origin", origin)
	}
	purge("https://example.org").Goes(testBase + "/admin/cache")
	purge("https://evil.example").Must(http.StatusForbidden)
}
