package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

func TestEqualSearchesWrittenDifferentlyShareOneEntry(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t)
	s.create(`"title":"shared","price":1,"kind":"house"`)
	same := []string{
		"/v1/properties?kind=house,room&max_price=450000",
		"/v1/properties?max_price=450000.00&kind=room,house,room",
		"/v1/properties?max_price=4.5e5&kind=house%2Croom&sort=-created_at&limit=20&count=none",
		"/properties?kind=house,room&max_price=450000",
		"/properties/?kind=house,room&max_price=450000",
	}
	first := s.get(same[0])
	for _, path := range same[1:] {
		a := s.get(path).must(http.StatusOK)
		if a.header.Get("Cache-Status") != "gable-view; hit" || a.header.Get("ETag") != first.header.Get("ETag") {
			t.Errorf("%s: %s, %s", path, a.header.Get("Cache-Status"), a.header.Get("ETag"))
		}
	}
	before := s.views()
	for i := range 50 {
		s.get(fmt.Sprintf("/v1/properties?junk=%d", i)).must(http.StatusBadRequest)
	}
	if after := s.views(); after > before {
		t.Errorf("junk made entries: %v before, %v after", before, after)
	}
}

func (s *testServer) views() int64 {
	figures := decoded[cacheFigures](s.get("/v1/cache").must(http.StatusOK))
	return figures.Levels.View.Entries
}

func TestEveryVariantHasItsOwnTagAndTheSameBytesInside(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t)
	for i := range 10 {
		s.create(fmt.Sprintf(`"title":"house %d","price":1,"description":"%s"`, i, strings.Repeat("long ", 50)))
	}
	plain := s.get("/v1/properties")
	tags := map[string]string{plain.header.Get("ETag"): "identity"}
	for coding, read := range map[string]func(io.Reader) (io.Reader, error){
		"br":   func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
		"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
	} {
		for range 2 { // the variant is made once, then kept
			a := s.get("/v1/properties", "Accept-Encoding", coding).must(http.StatusOK)
			tag := a.header.Get("ETag")
			if a.header.Get("Content-Encoding") != coding || a.header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s: headers %v", coding, a.header)
			}
			if other, taken := tags[tag]; taken && other != coding {
				t.Errorf("%s has the entity tag of %s", coding, other)
			}
			tags[tag] = coding
			inside, err := read(bytes.NewBufferString(a.body))
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(inside); err != nil || string(b) != plain.body {
				t.Errorf("%s holds other bytes (%v)", coding, err)
			}
			s.get("/v1/properties", "Accept-Encoding", coding, "If-None-Match", tag).must(http.StatusNotModified)
			s.get("/v1/properties", "If-None-Match", tag).must(http.StatusOK) // another representation
		}
	}
}

func TestValidators(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		p := s.create(`"title":"tagged","price":1`)
		item := "/v1/properties/" + p.ID
		a := s.get(item).must(http.StatusOK)
		tag := a.header.Get("ETag")
		if !strings.HasPrefix(tag, `"1-`) {
			t.Errorf("entity tag %s does not begin with the version", tag)
		}
		for _, header := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			if b := s.get(item, "If-None-Match", header).must(http.StatusNotModified); b.body != "" || b.header.Get("ETag") != tag {
				t.Errorf("304 with a body or another tag: %q, %v", b.body, b.header)
			}
		}
		head := s.do(http.MethodHead, item, "").must(http.StatusOK)
		if head.body != "" || head.header.Get("Content-Length") != a.header.Get("Content-Length") || head.header.Get("ETag") != tag {
			t.Errorf("HEAD differs from GET: %v", head.header)
		}
		patched := s.do(http.MethodPatch, item, `{"price":2}`, "If-Match", tag).must(http.StatusOK)
		if got := s.get(item); got.header.Get("ETag") != patched.header.Get("ETag") || got.body != patched.body {
			t.Errorf("the answer to a change is not what GET says: %v, %v", patched.header, got.header)
		}
		for method, body := range map[string]string{
			http.MethodPatch: `{"price":3}`, http.MethodPut: `{"title":"t","price":3,"location":"l"}`, http.MethodDelete: "",
		} {
			s.do(method, item, body, "If-Match", tag).must(http.StatusPreconditionFailed).lacks("weak")
			for _, weak := range []string{"W/" + patched.header.Get("ETag"), `W/"other", W/` + tag} {
				s.do(method, item, body, "If-Match", weak).must(http.StatusPreconditionFailed).says("is weak (W/): a proxy that")
			}
			s.do(method, item, body, "If-Match", tag+", W/"+patched.header.Get("ETag")).
				must(http.StatusPreconditionFailed).lacks("weak")
		}
		if got := s.get(item).body; got != patched.body {
			t.Errorf("a refused change changed something: %s", got)
		}
		s.do(http.MethodDelete, item, "", "If-Match", tag+", "+patched.header.Get("ETag")).must(http.StatusNoContent)
		s.do(http.MethodDelete, item, "").must(http.StatusNotFound)
		s.do(http.MethodDelete, item, "", "If-Match", "W/"+tag).must(http.StatusNotFound)
	})
}

func TestAWeakTagCountsFromATrustedProxy(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t, func(c *Config) { c.HTTP.TrustedProxies = "127.0.0.1" })
	item := "/v1/properties/" + s.create(`"title":"compressed","price":1`).ID
	old := s.get(item).header.Get("ETag")
	current := s.do(http.MethodPatch, item, `{"price":2}`, "If-Match", "W/"+old).must(http.StatusOK).header.Get("ETag")
	s.do(http.MethodPatch, item, `{"price":3}`, "If-Match", "W/"+old).must(http.StatusPreconditionFailed).lacks("weak")
	s.do(http.MethodPatch, item, `{"price":3}`, "If-Match", `W/"1-x", W/`+current).must(http.StatusOK)
	s.do(http.MethodPatch, item, `{"price":4}`, "If-Match", `W/`).must(http.StatusPreconditionFailed)
	s.do(http.MethodDelete, item, "", "If-Match", "W/"+s.get(item).header.Get("ETag")).must(http.StatusNoContent)
}

func TestOfTwoWritersWithOneTagASingleOneWins(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		p := s.create(`"title":"contested","price":1`)
		item := "/v1/properties/" + p.ID
		tag := s.get(item).header.Get("ETag")
		const writers = 8
		statuses := make(chan int, writers)
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				statuses <- s.do(http.MethodPatch, item, fmt.Sprintf(`{"price":%d}`, 10+i), "If-Match", tag).status
			})
		}
		all.Wait()
		close(statuses)
		won := 0
		for status := range statuses {
			switch status {
			case http.StatusOK:
				won++
			case http.StatusPreconditionFailed:
			default:
				t.Errorf("status %d", status)
			}
		}
		if got := decoded[jsonListing](s.get(item)); won != 1 || got.Version != 2 {
			t.Errorf("%d won; the listing is at version %d", won, got.Version)
		}
	})
}

func TestAnIdempotencyKeyCreatesOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		const body = `{"title":"once","price":1,"location":"Here"}`
		answers := make(chan answer, 6)
		var all sync.WaitGroup
		for range cap(answers) {
			all.Go(func() { answers <- s.do(http.MethodPost, "/v1/properties", body, "Idempotency-Key", "k-1") })
		}
		all.Wait()
		close(answers)
		var first string
		for a := range answers {
			a.must(http.StatusCreated)
			if first == "" {
				first = a.body
			}
			if a.body != first || a.header.Get("Location") == "" {
				t.Errorf("answers differ: %s and %s", first, a.body)
			}
		}
		if n := s.count("/v1/properties?count=exact"); n != 1 {
			t.Errorf("%d listings", n)
		}
		id := decoded[jsonListing](answer{t: t, body: first}).ID
		s.patch(id, `{"price":7}`)
		if again := s.do(http.MethodPost, "/v1/properties", body, "Idempotency-Key", "k-1").must(http.StatusCreated); again.body != first {
			t.Errorf("after a change the repetition answers %s", again.body)
		}
		other := s.do(http.MethodPost, "/v1/properties", strings.Replace(body, "once", "other", 1), "Idempotency-Key", "k-1")
		other.must(http.StatusUnprocessableEntity)
		s.do(http.MethodPost, "/v1/properties", body, "Idempotency-Key", "k-1", "Authorization", "Bearer "+s.adminKey).must(http.StatusCreated)
		if n := s.count("/v1/properties?count=exact"); n != 2 {
			t.Errorf("%d listings; the key of another owner is another key", n)
		}
	})
}

func TestMergePatchAndReplace(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t)
	p := s.create(`"title":"before","price":"10.50","bedrooms":3,"kind":"house","reference":"r-1","photos":["https://example.com/a.jpg"]`)
	item := "/v1/properties/" + p.ID
	got := s.patch(p.ID, `{"bedrooms":null,"kind":null,"photos":null,"reference":null,"price":1.25e1}`)
	if got.Bedrooms != nil || got.Kind != "other" || len(got.Photos) != 0 || got.Reference != nil || got.Price != "12.50" || got.Title != "before" {
		t.Errorf("after null members: %+v", got)
	}
	if again := s.patch(p.ID, `{"price":"12.50"}`); again.Version != got.Version {
		t.Errorf("a patch that changes nothing made version %d out of %d", again.Version, got.Version)
	}
	whole := s.get(item).body
	edited := strings.Replace(whole, `"before"`, `"after"`, 1)
	replaced := decoded[jsonListing](s.do(http.MethodPut, item, edited).must(http.StatusOK))
	if replaced.Title != "after" || replaced.Version != got.Version+1 {
		t.Errorf("read, edit, send back: %+v", replaced)
	}
	s.do(http.MethodPut, item, `{"title":"small","price":1,"location":"l"}`).must(http.StatusOK)
	s.do(http.MethodPut, "/v1/properties/"+newTestID().String(), `{"title":"t","price":1,"location":"l"}`).must(http.StatusNotFound)
}

func TestWhoMayWrite(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t)
	const body = `{"title":"t","price":1,"location":"l"}`
	for name, header := range map[string]string{
		"no key": "", "another scheme": "Basic Zm9vOmJhcg==", "nonsense": "Bearer x",
		"a key of the right shape": "Bearer gable_" + strings.Repeat("A", 43),
	} {
		a := s.do(http.MethodPost, "/v1/properties", body, "Authorization", header).must(http.StatusUnauthorized)
		if a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no challenge", name)
		}
	}
	s.do(http.MethodDelete, "/v1/cache", "").must(http.StatusForbidden)
	s.do(http.MethodDelete, "/v1/cache", "", "Authorization", "Bearer "+s.adminKey).must(http.StatusNoContent)
	code, _, stderr := runGable(t, "admin", "create-key", "again", "--database-url", string(s.config.Database.URL))
	if code != exitOK {
		t.Fatal(stderr)
	}
	code, secret, _ := runGable(t, "admin", "create-key", "short-lived", "--database-url", string(s.config.Database.URL))
	if code != exitOK {
		t.Fatal("no key")
	}
	bearer := "Bearer " + strings.TrimSpace(secret)
	s.do(http.MethodPost, "/v1/properties", body, "Authorization", bearer).must(http.StatusCreated)
	if code, _, stderr := runGable(t, "admin", "revoke", "short-lived", "--database-url", string(s.config.Database.URL)); code != exitOK {
		t.Fatal(stderr)
	}
	s.do(http.MethodPost, "/v1/properties", body, "Authorization", bearer).must(http.StatusUnauthorized)
}

func TestChangesCanBeRequiredToNameTheirVersion(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t, func(c *Config) { c.HTTP.RequireIfMatch = true })
	p := s.create(`"title":"careful","price":1`)
	item := "/v1/properties/" + p.ID
	s.do(http.MethodPatch, item, `{"price":2}`).must(http.StatusPreconditionRequired)
	s.do(http.MethodDelete, item, "").must(http.StatusPreconditionRequired)
	s.do(http.MethodPatch, item, `{"price":2}`, "If-Match", s.get(item).header.Get("ETag")).must(http.StatusOK)
}

func TestPagesFollowOneAnotherByLink(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		for i := range 7 {
			s.create(fmt.Sprintf(`"title":"n%d","price":%d`, i, i/2)) // pairs of equal prices
		}
		path, seen := "/v1/properties?sort=price&limit=3&fields=title&count=exact", ""
		for path != "" {
			a := s.get(path).must(http.StatusOK)
			for _, p := range decoded[jsonPage](a).Properties {
				seen += p.Title + " "
			}
			link := a.header.Get("Link")
			path = ""
			if link != "" {
				path = strings.TrimSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`)
			}
		}
		if seen != "n0 n1 n2 n3 n4 n5 n6 " {
			t.Errorf("walked %s", seen)
		}
	})
}

func TestEveryPathKnowsHeadOptionsAndAllow(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t)
	p := s.create(`"title":"t","price":1`)
	for path, allow := range map[string]string{
		"/v1/properties":             "GET, HEAD, POST, OPTIONS",
		"/v1/properties/" + p.ID:     "GET, HEAD, PUT, PATCH, DELETE, OPTIONS",
		"/v1/imports":                "POST, OPTIONS",
		"/v1/exports":                "GET, HEAD, OPTIONS",
		"/v1/changes":                "GET, HEAD, OPTIONS",
		"/v1/cache":                  "GET, HEAD, DELETE, OPTIONS",
		"/properties":                "GET, HEAD, OPTIONS",
		"/properties/":               "GET, HEAD, OPTIONS",
		"/properties/cache-metrics/": "GET, HEAD, OPTIONS",
		"/healthz":                   "GET, HEAD, OPTIONS",
		"/readyz":                    "GET, HEAD, OPTIONS",
		"/version":                   "GET, HEAD, OPTIONS",
		"/openapi.yaml":              "GET, HEAD, OPTIONS",
		"/openapi.json":              "GET, HEAD, OPTIONS",
		"/docs":                      "GET, HEAD, OPTIONS",
		"/problems":                  "GET, HEAD, OPTIONS",
		"/problems/not-found":        "GET, HEAD, OPTIONS",
	} {
		if got := s.do(http.MethodOptions, path, "").must(http.StatusNoContent).header.Get("Allow"); got != allow {
			t.Errorf("OPTIONS %s allows %q, want %q", path, got, allow)
		}
		if got := s.do("PROPFIND", path, "").must(http.StatusMethodNotAllowed).header.Get("Allow"); got != allow {
			t.Errorf("405 of %s allows %q, want %q", path, got, allow)
		}
		if strings.HasPrefix(allow, "GET") {
			if head := s.do(http.MethodHead, path, "").must(http.StatusOK); head.body != "" {
				t.Errorf("HEAD %s has a body", path)
			}
			s.get(path).must(http.StatusOK)
		}
	}
}

// The database is well, and whoever empties the caches is not told otherwise.
func TestAPurgeWithoutRedisSaysWhatIsAway(t *testing.T) {
	s := startServer(t, "sqlite::memory:", "redis://127.0.0.1:1/0")
	r := s.do(http.MethodDelete, "/v1/cache", "", "Authorization", "Bearer "+s.adminKey).must(http.StatusServiceUnavailable)
	if !strings.Contains(r.body, "The query cache cannot be reached") || r.header.Get("Retry-After") == "" {
		t.Errorf("the answer is %v %s", r.header, r.body)
	}
}
