package main

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

	keys "github.com/gable-listings/gable/domain/access"
)

const testBase = "/homes"

// belowBase is a server below a base path, behind a proxy that passes this path on as it is and has another site at all
// others, which counts who came there.
func belowBase(t *testing.T) (s *testServer, front string, strays *atomic.Int64) {
	t.Helper()
	strays = new(atomic.Int64)
	mux := http.NewServeMux()
	proxy := httptest.NewServer(mux)
	t.Cleanup(proxy.Close)
	s = embeddedSetup.start(t, func(c *Config) {
		c.HTTP.BasePath, c.HTTP.PublicURL, c.Log.Sampling = testBase, proxy.URL, false
	})
	to := &url.URL{Scheme: "http", Host: s.servers.public.bound.String()}
	passOn := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}}
	mux.HandleFunc(testBase+"/", func(w http.ResponseWriter, r *http.Request) {
		must(t, http.NewResponseController(w).EnableFullDuplex()) // else it breaks off answers that overtake their request
		passOn.ServeHTTP(w, r)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		strays.Add(1)
		http.NotFound(w, r)
	})
	s.base = proxy.URL + testBase
	return s, proxy.URL, strays
}

func TestNoAddressLeadsOutsideTheBasePath(t *testing.T) {
	t.Parallel()
	s, front, strays := belowBase(t)
	var home jsonListing
	for i := range 60 {
		home = s.create(fmt.Sprintf(
			`"title":"home %d","price":%d,"kind":"house","latitude":47.5,"longitude":%d.1`, i, 100+i, i))
	}
	visitor, staff := newCrawler(t, front, testBase), newCrawler(t, front, testBase)
	for _, path := range []string{"/", "/robots.txt", "/admin", "/nowhere", "/?min_price=x", "/docs"} {
		visitor.pages = append(visitor.pages, s.base+path)
	}
	crawlAPI(s, visitor)
	visitor.crawl(func() {})

	s.hire("boss", keys.RoleAdministrator)
	s.hire("anna", keys.RoleEditor)
	signIn := func() {
		if staff.send(http.MethodGet, s.base+"/admin", "", nil) == http.StatusOK {
			return
		}
		form := sentForm{fields: fields("sign_in_name", "boss", "sign_in_password", testPassword, "next", "/admin/cache")}
		contentType, body := form.encode(t)
		staff.send(http.MethodPost, s.base+"/admin/sign-in", contentType, body)
		if staff.send(http.MethodGet, s.base+"/admin", "", nil) != http.StatusOK {
			t.Fatal("nobody is signed in")
		}
	}
	signIn()
	for _, form := range []sentForm{
		{s.base + "/admin/listings/new", false, fields("title", "new", "price", "1", "location", "l", "once", "o")},
		{s.base + "/admin/people", false, fields("name", "carl", "password", testPassword, "role", "editor")},
		{s.base + "/admin/keys", false, fields("name", "crawled", "scope", "write")},
		{s.base + "/admin/import", true, fields("action", "import")},
		{s.base + "/admin/bulk", false, fields("id", home.ID, "action", "percent", "value", "2", "search", "kind=house")},
	} {
		staff.forms = append(staff.forms, form)
	}
	staff.pages = append(staff.pages, s.base+"/admin/cache/samples", s.base+"/admin/cache?address="+testBase+"/")
	staff.crawl(signIn)

	for _, c := range []*crawler{visitor, staff} {
		for _, address := range c.outside {
			t.Error(address)
		}
	}
	if n := strays.Load(); n > 0 {
		t.Errorf("%d requests have reached the neighbour", n)
	}
	s.hasAnswered("/", "/listings/{id}", "/assets/{build}/{file}", "/robots.txt", "/docs", "/docs/assets/{build}/{file}",
		"/openapi.yaml", "/openapi.json", "/problems", "/problems/{name}", "/admin", "/admin/sign-in", "/admin/password",
		"/admin/sessions", "/admin/second-factor", "/admin/listings/new", "/admin/listings/{id}",
		"/admin/listings/{id}/remove", "/admin/listings/{id}/history", "/admin/bulk", "/admin/bulk/apply", "/admin/import",
		"/admin/cache", "/admin/cache/samples", "/admin/cache/purge", "/admin/keys", "/admin/keys/revoke", "/admin/people",
		"/admin/people/change", "/v1/properties", "/v1/properties/{id}", "/v1/exports", "/v1/changes", "/v1/imports")
}

// crawlAPI has the crawler read answers of the API, which are held against the contract as well.
func crawlAPI(s *testServer, c *crawler) {
	read := func(a answer, path string) {
		at, err := url.Parse(s.base + path)
		must(s.t, err)
		c.read(at, a.status, a.header, []byte(a.body))
	}
	a := s.do(http.MethodPost, "/v1/properties", `{"title":"made","price":1,"location":"Here"}`).must(http.StatusCreated)
	read(a, "/v1/properties")
	if want := testBase + "/v1/properties/" + decoded[jsonListing](a).ID; a.header.Get("Location") != want {
		s.t.Errorf("the new listing is at %s, not at %s", a.header.Get("Location"), want)
	}
	for range 2 { // made, and cached
		a = s.get("/v1/properties?limit=2&count=exact&fields=title").must(http.StatusOK)
		read(a, "/v1/properties")
		if !strings.HasPrefix(a.header.Get("Link"), "<"+testBase+"/v1/properties?") {
			s.t.Errorf("the next page is at %s", a.header.Get("Link"))
		}
	}
	s.patch(decoded[jsonPage](s.get("/v1/properties?limit=2")).Properties[0].ID, `{"title":"patched"}`)
	for _, path := range []string{
		"/properties/?limit=2", "/v1/properties?limit=2", "/v1/properties?x=1", "/v1/nowhere", "/v1/changes",
		"/v1/properties/" + newPropertyID().String(), "/v1/exports?format=csv", "/problems/no-such", "/healthz", "/version",
	} {
		read(s.get(path), path)
	}
	const broken = "reference,title,price,location\n1,,,\n"
	read(s.do(http.MethodPost, "/v1/imports", broken, "Content-Type", "text/csv"), "/v1/imports")
	read(s.do(http.MethodDelete, "/v1/cache", "", "Authorization", ""), "/v1/cache")
}

// hasAnswered fails the test unless each of the routes has answered a request as it should.
func (s *testServer) hasAnswered(routes ...string) {
	s.t.Helper()
	for _, line := range s.log.FilterMessage("request").All() {
		fields := line.ContextMap()
		if status, ok := fields["status"].(int64); ok && status < http.StatusBadRequest {
			routes = slices.DeleteFunc(routes, func(route string) bool { return route == fields["route"] })
		}
	}
	if len(routes) > 0 {
		s.t.Errorf("not visited: %v", routes)
	}
}

func TestOnlyTheBasePathAndHealthAnswer(t *testing.T) {
	t.Parallel()
	s, front, _ := belowBase(t)
	p := s.create(`"title":"home","price":1`)
	root := "http://" + s.servers.public.bound.String()
	ask := func(address string) (int, string, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		must(t, err)
		response, err := (&http.Transport{}).RoundTrip(request)
		must(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		must(t, err)
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
	for _, server := range []string{s.base, s.base + "/"} {
		code, out, stderr := gable(t, "cache", "stats", "--server", server)
		if code != exitOK || !strings.Contains(out, "hits") {
			t.Errorf("cache stats of %s: %s%s", server, out, stderr)
		}
	}
	for address, want := range map[string]bool{
		testBase + "/v1/properties": true, s.base + "/": true, "/v1/properties": false, testBase: false,
	} {
		if _, err := s.lookup.Explain(t.Context(), address); (err == nil) != want {
			t.Errorf("an explanation of %s: %v", address, err)
		}
	}
}

func TestCookiesStayBelowTheBasePath(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t, func(c *Config) {
		c.HTTP.BasePath, c.HTTP.PublicURL = testBase, "https://example.org"
	})
	b := s.staff("anna", keys.RoleAdministrator)
	seen := fields("title", "seen", "price", "1", "location", "l", "once", "o")
	b.post("/admin/listings/new", seen).must(http.StatusSeeOther)
	for _, name := range []string{"gable_session", "gable_browser", "gable_seen", "gable_notice"} {
		// Browsers refuse __Host- with a path.
		if c := b.cookies["__Secure-"+name]; c == nil || !c.Secure || !c.HttpOnly || c.Path != testBase || c.Domain != "" {
			t.Errorf("%s is %v", name, c)
		}
	}
	purge := func(origin string) answer {
		return b.post("/admin/cache/purge", nil, "Sec-Fetch-Site", "", "Origin", origin)
	}
	purge("https://example.org").goes(testBase + "/admin/cache")
	purge("https://evil.example").must(http.StatusForbidden)
}
