package e2e

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/server"
	keys "github.com/gable-listings/gable/domain/access"
)

// raw sends bytes on a connection of their own and returns all answers, until the server closes it.
func raw(t *testing.T, address, request string) (statuses []int, headers []http.Header) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	apptest.Must(t, err)
	defer conn.Close()
	apptest.Must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, request)
	apptest.Must(t, err)
	for reader := bufio.NewReader(conn); ; {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return statuses, headers
		}
		_, err = io.Copy(io.Discard, response.Body)
		apptest.Must(t, err)
		statuses, headers = append(statuses, response.StatusCode), append(headers, response.Header)
	}
}

// Behind each request stands a second one. A proxy that read the first one's length differently would have sent it as
// part of the first, or for another client. The form of a sign-in is always read to its end.
func TestAConnectionClosesWhenTheLengthOfARequestIsInDispute(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t, func(c *config.Config) { c.HTTP.IdleTimeout = 100 * time.Millisecond })
	const hidden = "GET /v1/cache HTTP/1.1\r\nHost: h\r\n\r\n"
	const chunks = "0\r\n\r\n"
	const get, post = "GET /healthz HTTP/1.1\r\nHost: h\r\n", "POST /admin/sign-in HTTP/1.1\r\nHost: h\r\n"
	const old = "POST /v1/properties HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n"
	for name, c := range map[string]struct {
		head, body string
		answers    int
	}{
		"a plain request":                {post + "Content-Length: 5\r\n", chunks, 2},
		"no body":                        {"GET /v1/properties HTTP/1.1\r\nHost: h\r\n", "", 2},
		"the length named twice alike":   {post + "Content-Length: 5\r\nContent-Length: 5\r\n", chunks, 2},
		"the length named in two ways":   {post + "Content-Length: 5\r\nContent-Length: 6\r\n", chunks, 1},
		"chunks":                         {post + "Transfer-Encoding: chunked\r\n", chunks, 1},
		"chunks and a length":            {post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunks, 1},
		"a length behind chunks":         {get + "Transfer-Encoding: CHUNKED\r\nContent-Length: 60\r\n", chunks, 1},
		"a folded encoding":              {post + "Content-Length: 5\r\nTransfer-Encoding:\r\n chunked\r\n", chunks, 1},
		"a folded encoding with a tab":   {get + "Transfer-Encoding:\r\n\tchunked\r\n", chunks, 1},
		"two encodings":                  {get + "Transfer-Encoding: chunked, identity\r\n", chunks, 1},
		"an encoding twice":              {get + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunks, 1},
		"chunks in HTTP/1.0, persistent": {old + "Transfer-Encoding: chunked\r\n", chunks, 1},
		"HTTP/1.0 with both, persistent": {old + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunks, 1},
	} {
		for i, l := range []*server.Listener{s.Servers.Public, s.Servers.Ops} {
			statuses, headers := raw(t, l.Addr().String(), c.head+"\r\n"+c.body+hidden)
			if len(statuses) != c.answers {
				t.Errorf("%s, listener %d: statuses %v, want %d", name, i, statuses, c.answers)
				continue
			}
			if c.answers == 2 && headers[0].Get("Connection") != "" {
				t.Errorf("%s, listener %d: the first answer says Connection: %s", name, i, headers[0].Get("Connection"))
			}
		}
	}
}

func TestAChunkedBodyIsReadWhole(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Base+"/v1/properties",
		io.MultiReader(strings.NewReader(`{"title":"chunked","price":1,`), strings.NewReader(`"location":"Here"}`)))
	apptest.Must(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+s.Key)
	response, err := s.Client.Do(request)
	apptest.Must(t, err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusCreated || !response.Close {
		t.Errorf("status %d, the connection closes: %v", response.StatusCode, response.Close)
	}
}

// A browser never guesses the type of an answer, whichever listener sends it.
func TestEveryAnswerForbidsGuessingItsType(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	p := s.Create(`"title":"typed","price":1`)
	boss := s.Staff("boss", keys.RoleAdministrator)
	check := func(path string, h http.Header) {
		t.Helper()
		if got := h.Values("X-Content-Type-Options"); len(got) != 1 || got[0] != "nosniff" {
			t.Errorf("%s: %q", path, got)
		}
	}
	for _, path := range []string{
		"/v1/properties", "/v1/properties", "/v1/properties?x=1", "/v1/properties/" + p.ID, "/v1/exports", "/v1/changes",
		"/v1/cache", "/healthz", "/readyz", "/version", "/robots.txt", "/docs", "/openapi.json", "/problems", "/nowhere", "/",
		"/admin", "/admin/cache/samples",
	} {
		check(path, boss.Get(path).Header)
	}
	for _, path := range []string{"/v1/properties", "/v1/exports", "/healthz", "/docs", "/nowhere"} {
		check("HEAD "+path, s.Do(http.MethodHead, path, "").Header)
	}
	check("a refused write", s.Do(http.MethodPost, "/v1/properties", "{", "Authorization", "").Header)
	for _, path := range []string{"/healthz", "/readyz", "/version", "/metrics", "/debug/pprof/", "/nowhere"} {
		response, err := http.Get(s.OpsBase + path)
		apptest.Must(t, err)
		apptest.Must(t, response.Body.Close())
		check("ops "+path, response.Header)
	}
}

var shownSecret = regexp.MustCompile(`gable_[A-Za-z0-9_-]{43}`)

func TestKeysEndWithTheAccountThatMadeThemUnlessHandedOver(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		boss := s.Staff("boss", keys.RoleAdministrator)
		made := map[string]string{}
		for _, name := range []string{"anna", "bob"} {
			b := s.Staff(name, keys.RoleAdministrator)
			page := b.Post("/admin/keys", apptest.Fields("name", name+"-import", "scope", "write")).Must(http.StatusCreated)
			if made[name] = shownSecret.FindString(page.Body); made[name] == "" {
				t.Fatalf("no secret on %s", page.Body)
			}
		}
		write := func(secret string) int {
			return s.Do(http.MethodPost, "/v1/properties", `{"title":"t","price":1,"location":"l"}`,
				"Authorization", "Bearer "+secret).Status
		}
		accounts, err := s.Accounts.List(t.Context())
		apptest.Must(t, err)
		boss.Get("/admin/people").Must(http.StatusOK).Says("“anna-import”").Says("“bob-import”").
			Says("They end with the account.").Says("They go on and belong to you.")
		for _, a := range accounts {
			form := apptest.Fields("id", a.ID, "remove", "1")
			switch a.Name {
			case "anna":
				boss.Post("/admin/people/change", apptest.With(form, "keys", "end")).Goes("/admin/people")
			case "bob":
				boss.Post("/admin/people/change", apptest.With(form, "keys", "hand over")).Goes("/admin/people")
			}
		}
		if anna, bob, nobodys := write(made["anna"]), write(made["bob"]), write(s.Key); anna != http.StatusUnauthorized ||
			bob != http.StatusCreated || nobodys != http.StatusCreated {
			t.Errorf("anna's key %d, bob's, which was handed over, %d, nobody's %d", anna, bob, nobodys)
		}
		boss.Get("/admin/keys").Must(http.StatusOK).Says("ended with its owner").Says("<td>boss</td>").Says("<td>no account</td>")
		boss.Get("/admin/people").Must(http.StatusOK).
			Lacks("They end with the account.") // one's own account cannot be removed
	})
}

func TestPagesOfConfiguredOriginsMayReadAnswers(t *testing.T) {
	t.Parallel()
	const app, other = "https://app.example.org", "https://evil.example.org"
	s := apptest.Embedded.Start(t, func(c *config.Config) { c.HTTP.CORSOrigins = app + ", http://localhost:3000" })
	s.Create(`"title":"shared","price":1`)
	preflight := func(s *apptest.Server, path, origin, method, headers string) http.Header {
		t.Helper()
		a := s.Do(http.MethodOptions, path, "", "Authorization", "", "Origin", origin,
			"Access-Control-Request-Method", method, "Access-Control-Request-Headers", headers)
		return a.Header
	}
	h := preflight(s, "/v1/properties", app, "POST", "authorization,content-type,idempotency-key")
	if h.Get("Access-Control-Allow-Origin") != app || h.Get("Access-Control-Allow-Methods") != "POST" ||
		h.Get("Access-Control-Allow-Headers") != "authorization,content-type,idempotency-key" ||
		h.Get("Access-Control-Max-Age") == "" {
		t.Errorf("the preflight is answered %v", h)
	}
	for _, refused := range []http.Header{
		preflight(s, "/v1/properties", other, "POST", ""), preflight(s, "/v1/properties", app, "TRACE", ""),
		preflight(s, "/v1/properties", app, "POST", "cookie"), preflight(s, "/v1/properties", "null", "GET", ""),
	} {
		if refused.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("a preflight is answered %v", refused)
		}
	}
	s.Get("/v1/properties")
	for _, origin := range []string{app, other, "", "http://localhost:3000"} { // all from the view cache
		a := s.Get("/v1/properties", "Origin", origin).Must(http.StatusOK)
		want := map[string]string{app: app, "http://localhost:3000": "http://localhost:3000"}[origin]
		vary := strings.Join(a.Header.Values("Vary"), ", ")
		if a.Header.Get("Access-Control-Allow-Origin") != want ||
			!strings.Contains(vary, "Origin") || !strings.Contains(vary, "Accept-Encoding") {
			t.Errorf("origin %q: %v", origin, a.Header)
		}
		if exposed := a.Header.Get("Access-Control-Expose-Headers"); want != "" && (!strings.Contains(exposed, "Etag") ||
			!strings.Contains(exposed, "Consistency-Token") || !strings.Contains(exposed, "Cache-Status")) {
			t.Errorf("exposed: %q", exposed)
		}
		if a.Header.Get("Access-Control-Allow-Credentials") != "" || a.Header.Get("Cache-Status") != "gable-view; hit" {
			t.Errorf("origin %q: %v", origin, a.Header)
		}
	}
	for _, path := range []string{"/v1/properties?x=1", "/v1/nowhere", "/v1/exports", "/openapi.json"} {
		if got := s.Get(path, "Origin", app).Header.Get("Access-Control-Allow-Origin"); got != app {
			t.Errorf("%s: %q", path, got)
		}
	}
	all := apptest.Embedded.Start(t, func(c *config.Config) { c.HTTP.CORSOrigins = "*" })
	if got := all.Get("/v1/properties", "Origin", other).Header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("with *: %q", got)
	}
	none := apptest.Embedded.Start(t)
	for range 2 {
		h := none.Get("/v1/properties", "Origin", app).Header
		if h.Get("Access-Control-Allow-Origin") != "" || len(h.Values("Vary")) != 1 || h.Get("Vary") != "Accept-Encoding" {
			t.Errorf("without origins: %v", h)
		}
	}
}

func TestTheCSVOfTheBackOfficeComputesNothingAndComesBack(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	boss := s.Staff("boss", keys.RoleAdministrator)
	s.Create(`"reference":"=1","title":"=cmd|' /C calc'!A0","price":1`)
	boss.Get("/admin").Must(http.StatusOK).Says("/v1/exports?format=csv&formulas=escape")
	exported := s.Get("/v1/exports?format=csv&formulas=escape").Must(http.StatusOK).Body
	if !strings.Contains(exported, ",'=1,,'=cmd|' /C calc'!A0,") || !strings.Contains(exported, ",formulas_escaped\n") {
		t.Errorf("exported: %s", exported)
	}
	exact := s.Get("/v1/exports?format=csv").Must(http.StatusOK).Body
	if !strings.Contains(exact, ",=1,,=cmd|' /C calc'!A0,") {
		t.Errorf("without the parameter: %s", exact)
	}
	report := apptest.Decoded[struct{ Unchanged, Rejected int }](
		s.Do(http.MethodPost, "/v1/imports", exported, "Content-Type", "text/csv").Must(http.StatusOK))
	if report.Unchanged != 1 || report.Rejected != 0 {
		t.Errorf("imported again: %+v", report)
	}
	s.Get("/v1/exports?formulas=escape").Must(http.StatusBadRequest).Says("formulas")
	s.Get("/v1/exports?format=csv&formulas=x").Must(http.StatusBadRequest).Says("formulas")
}
