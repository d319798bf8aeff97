package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	keys "github.com/gable-listings/gable/domain/access"
)

// raw sends bytes on a connection of their own and returns all answers, until the server closes it.
func raw(t *testing.T, address, request string) (statuses []int, headers []http.Header) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, request)
	must(t, err)
	for reader := bufio.NewReader(conn); ; {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return statuses, headers
		}
		_, err = io.Copy(io.Discard, response.Body)
		must(t, err)
		statuses, headers = append(statuses, response.StatusCode), append(headers, response.Header)
	}
}

// Behind each request stands a second one. A proxy that had read the first one's length otherwise would have sent it as
// part of that, or for somebody else.
func TestAConnectionClosesWhenTheLengthOfARequestIsInDispute(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t, func(c *Config) { c.HTTP.IdleTimeout = 100 * time.Millisecond })
	const hidden = "GET /v1/cache HTTP/1.1\r\nHost: h\r\n\r\n"
	const chunks = "0\r\n\r\n"
	for name, c := range map[string]struct {
		head, body string
		answers    int
	}{
		"a plain request":               {"POST /v1/properties HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n", chunks, 2},
		"no body":                       {"GET /v1/properties HTTP/1.1\r\nHost: h\r\n", "", 2},
		"the length named twice alike":  {"POST /v1/properties HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n", chunks, 2},
		"the length named in two ways":  {"POST /v1/properties HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n", chunks, 1},
		"chunks":                        {"POST /v1/properties HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n", chunks, 1},
		"chunks and a length":           {"POST /v1/properties HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunks, 1},
		"a length behind chunks":        {"GET /healthz HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: CHUNKED\r\nContent-Length: 60\r\n", chunks, 1},
		"a folded encoding":             {"POST /v1/properties HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding:\r\n chunked\r\n", chunks, 1},
		"a folded encoding with a tab":  {"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\tchunked\r\n", chunks, 1},
		"two encodings":                 {"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n", chunks, 1},
		"an encoding twice":             {"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunks, 1},
		"chunks in HTTP/1.0, kept open": {"POST /v1/properties HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n", chunks, 1},
		"HTTP/1.0 with both, kept open": {"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunks, 1},
	} {
		for _, l := range []*listener{s.servers.public, s.servers.ops} {
			statuses, headers := raw(t, l.bound.String(), c.head+"\r\n"+c.body+hidden)
			if len(statuses) != c.answers {
				t.Errorf("%s, %s listener: answers %v, want %d", name, l.name, statuses, c.answers)
				continue
			}
			if c.answers == 2 && headers[0].Get("Connection") != "" {
				t.Errorf("%s, %s listener: the first answer says Connection: %s", name, l.name, headers[0].Get("Connection"))
			}
		}
	}
}

func TestAChunkedBodyIsReadWhole(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/v1/properties",
		io.MultiReader(strings.NewReader(`{"title":"chunked","price":1,`), strings.NewReader(`"location":"Here"}`)))
	must(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+s.key)
	response, err := s.client.Do(request)
	must(t, err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusCreated || !response.Close {
		t.Errorf("status %d, the connection closes: %v", response.StatusCode, response.Close)
	}
}

// Whatever a listener answers, a browser takes its type for what it says.
func TestEveryAnswerForbidsGuessingItsType(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t)
	p := s.create(`"title":"typed","price":1`)
	boss := s.staff("boss", keys.RoleAdministrator)
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
		check(path, boss.get(path).header)
	}
	for _, path := range []string{"/v1/properties", "/v1/exports", "/healthz", "/docs", "/nowhere"} {
		check("HEAD "+path, s.do(http.MethodHead, path, "").header)
	}
	check("a refused write", s.do(http.MethodPost, "/v1/properties", "{", "Authorization", "").header)
	for _, path := range []string{"/healthz", "/readyz", "/version", "/metrics", "/debug/pprof/", "/nowhere"} {
		response, err := http.Get(s.opsBase + path)
		must(t, err)
		must(t, response.Body.Close())
		check("ops "+path, response.Header)
	}
}
