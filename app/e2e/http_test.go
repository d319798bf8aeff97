package e2e

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

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/cli"
	"github.com/gable-listings/gable/app/config"
)

func TestEqualSearchesWrittenDifferentlyShareOneEntry(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	s.Create(`"title":"shared","price":1,"kind":"house"`)
	same := []string{
		"/v1/properties?kind=house,room&max_price=450000",
		"/v1/properties?max_price=450000.00&kind=room,house,room",
		"/v1/properties?max_price=4.5e5&kind=house%2Croom&sort=-created_at&limit=20&count=none",
		"/properties?kind=house,room&max_price=450000",
		"/properties/?kind=house,room&max_price=450000",
	}
	first := s.Get(same[0])
	for _, path := range same[1:] {
		a := s.Get(path).Must(http.StatusOK)
		if a.Header.Get("Cache-Status") != "gable-view; hit" || a.Header.Get("ETag") != first.Header.Get("ETag") {
			t.Errorf("%s: %s, %s", path, a.Header.Get("Cache-Status"), a.Header.Get("ETag"))
		}
	}
	before := views(s)
	for i := range 50 {
		s.Get(fmt.Sprintf("/v1/properties?junk=%d", i)).Must(http.StatusBadRequest)
	}
	if after := views(s); after > before {
		t.Errorf("unknown parameters made entries: %v before, %v after", before, after)
	}
}

func views(s *apptest.Server) int64 {
	figures := apptest.Decoded[api.CacheFigures](s.Get("/v1/cache").Must(http.StatusOK))
	return figures.Levels.View.Entries
}

func TestEveryVariantHasItsOwnTagAndTheSameBytesInside(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	for i := range 10 {
		s.Create(fmt.Sprintf(`"title":"house %d","price":1,"description":"%s"`, i, strings.Repeat("long ", 50)))
	}
	plain := s.Get("/v1/properties")
	tags := map[string]string{plain.Header.Get("ETag"): "identity"}
	for coding, read := range map[string]func(io.Reader) (io.Reader, error){
		"br":   func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
		"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
	} {
		for range 2 { // the variant is made once, then cached
			a := s.Get("/v1/properties", "Accept-Encoding", coding).Must(http.StatusOK)
			tag := a.Header.Get("ETag")
			if a.Header.Get("Content-Encoding") != coding || a.Header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s: headers %v", coding, a.Header)
			}
			if other, taken := tags[tag]; taken && other != coding {
				t.Errorf("%s has the entity tag of %s", coding, other)
			}
			tags[tag] = coding
			inside, err := read(bytes.NewBufferString(a.Body))
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(inside); err != nil || string(b) != plain.Body {
				t.Errorf("%s decodes to other bytes (%v)", coding, err)
			}
			s.Get("/v1/properties", "Accept-Encoding", coding, "If-None-Match", tag).Must(http.StatusNotModified)
			s.Get("/v1/properties", "If-None-Match", tag).Must(http.StatusOK) // another representation
		}
	}
}

func TestValidators(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		p := s.Create(`"title":"tagged","price":1`)
		item := "/v1/properties/" + p.ID
		a := s.Get(item).Must(http.StatusOK)
		tag := a.Header.Get("ETag")
		if !strings.HasPrefix(tag, `"1-`) {
			t.Errorf("entity tag %s does not begin with the version", tag)
		}
		for _, header := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			if b := s.Get(item, "If-None-Match", header).Must(http.StatusNotModified); b.Body != "" ||
				b.Header.Get("ETag") != tag {
				t.Errorf("304 with a body or another tag: %q, %v", b.Body, b.Header)
			}
		}
		head := s.Do(http.MethodHead, item, "").Must(http.StatusOK)
		if head.Body != "" || head.Header.Get("Content-Length") != a.Header.Get("Content-Length") ||
			head.Header.Get("ETag") != tag {
			t.Errorf("HEAD differs from GET: %v", head.Header)
		}
		patched := s.Do(http.MethodPatch, item, `{"price":2}`, "If-Match", tag).Must(http.StatusOK)
		if got := s.Get(item); got.Header.Get("ETag") != patched.Header.Get("ETag") || got.Body != patched.Body {
			t.Errorf("the answer to a change is not what GET says: %v, %v", patched.Header, got.Header)
		}
		for method, body := range map[string]string{
			http.MethodPatch: `{"price":3}`, http.MethodPut: `{"title":"t","price":3,"location":"l"}`, http.MethodDelete: "",
		} {
			s.Do(method, item, body, "If-Match", tag).Must(http.StatusPreconditionFailed).Lacks("weak")
			for _, weak := range []string{"W/" + patched.Header.Get("ETag"), `W/"other", W/` + tag} {
				s.Do(method, item, body, "If-Match", weak).Must(http.StatusPreconditionFailed).Says("is weak (W/): a proxy that")
			}
			s.Do(method, item, body, "If-Match", tag+", W/"+patched.Header.Get("ETag")).
				Must(http.StatusPreconditionFailed).Lacks("weak")
		}
		if got := s.Get(item).Body; got != patched.Body {
			t.Errorf("a refused change changed something: %s", got)
		}
		s.Do(http.MethodDelete, item, "", "If-Match", tag+", "+patched.Header.Get("ETag")).Must(http.StatusNoContent)
		s.Do(http.MethodDelete, item, "").Must(http.StatusNotFound)
		s.Do(http.MethodDelete, item, "", "If-Match", "W/"+tag).Must(http.StatusNotFound)
	})
}

func TestAWeakTagCountsFromATrustedProxy(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t, func(c *config.Config) { c.HTTP.TrustedProxies = "127.0.0.1" })
	item := "/v1/properties/" + s.Create(`"title":"compressed","price":1`).ID
	old := s.Get(item).Header.Get("ETag")
	current := s.Do(http.MethodPatch, item, `{"price":2}`, "If-Match", "W/"+old).Must(http.StatusOK).Header.Get("ETag")
	s.Do(http.MethodPatch, item, `{"price":3}`, "If-Match", "W/"+old).Must(http.StatusPreconditionFailed).Lacks("weak")
	s.Do(http.MethodPatch, item, `{"price":3}`, "If-Match", `W/"1-x", W/`+current).Must(http.StatusOK)
	s.Do(http.MethodPatch, item, `{"price":4}`, "If-Match", `W/`).Must(http.StatusPreconditionFailed)
	s.Do(http.MethodDelete, item, "", "If-Match", "W/"+s.Get(item).Header.Get("ETag")).Must(http.StatusNoContent)
}

func TestOfTwoWritersWithOneTagASingleOneWins(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		p := s.Create(`"title":"contested","price":1`)
		item := "/v1/properties/" + p.ID
		tag := s.Get(item).Header.Get("ETag")
		const writers = 8
		statuses := make(chan int, writers)
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				statuses <- s.Do(http.MethodPatch, item, fmt.Sprintf(`{"price":%d}`, 10+i), "If-Match", tag).Status
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
		if got := apptest.Decoded[apptest.Listing](s.Get(item)); won != 1 || got.Version != 2 {
			t.Errorf("%d won; the listing is at version %d", won, got.Version)
		}
	})
}

func TestAnIdempotencyKeyCreatesOnce(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		const body = `{"title":"once","price":1,"location":"Here"}`
		answers := make(chan apptest.Answer, 6)
		var all sync.WaitGroup
		for range cap(answers) {
			all.Go(func() { answers <- s.Do(http.MethodPost, "/v1/properties", body, "Idempotency-Key", "k-1") })
		}
		all.Wait()
		close(answers)
		var first string
		for a := range answers {
			a.Must(http.StatusCreated)
			if first == "" {
				first = a.Body
			}
			if a.Body != first || a.Header.Get("Location") == "" {
				t.Errorf("answers differ: %s and %s", first, a.Body)
			}
		}
		if n := s.Count("/v1/properties?count=exact"); n != 1 {
			t.Errorf("%d listings", n)
		}
		id := apptest.Decoded[apptest.Listing](apptest.Answer{T: t, Body: first}).ID
		s.Patch(id, `{"price":7}`)
		if again := s.Do(http.MethodPost, "/v1/properties", body, "Idempotency-Key", "k-1").
			Must(http.StatusCreated); again.Body != first {
			t.Errorf("after a change the repetition answers %s", again.Body)
		}
		other := s.Do(http.MethodPost, "/v1/properties", strings.Replace(body, "once", "other", 1), "Idempotency-Key", "k-1")
		other.Must(http.StatusUnprocessableEntity)
		s.Do(http.MethodPost, "/v1/properties", body, "Idempotency-Key", "k-1", "Authorization", "Bearer "+s.AdminKey).
			Must(http.StatusCreated)
		if n := s.Count("/v1/properties?count=exact"); n != 2 {
			t.Errorf("%d listings; the key of another owner is another key", n)
		}
	})
}

func TestMergePatchAndReplace(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	p := s.Create(`"title":"before","price":"10.50","bedrooms":3,"kind":"house","reference":"r-1",` +
		`"photos":["https://example.com/a.jpg"]`)
	item := "/v1/properties/" + p.ID
	got := s.Patch(p.ID, `{"bedrooms":null,"kind":null,"photos":null,"reference":null,"price":1.25e1}`)
	if got.Bedrooms != nil || got.Kind != "other" || len(got.Photos) != 0 || got.Reference != nil ||
		got.Price != "12.50" || got.Title != "before" {
		t.Errorf("after null members: %+v", got)
	}
	if again := s.Patch(p.ID, `{"price":"12.50"}`); again.Version != got.Version {
		t.Errorf("a patch that changes nothing made version %d out of %d", again.Version, got.Version)
	}
	whole := s.Get(item).Body
	edited := strings.Replace(whole, `"before"`, `"after"`, 1)
	replaced := apptest.Decoded[apptest.Listing](s.Do(http.MethodPut, item, edited).Must(http.StatusOK))
	if replaced.Title != "after" || replaced.Version != got.Version+1 {
		t.Errorf("read, edit, send back: %+v", replaced)
	}
	s.Do(http.MethodPut, item, `{"title":"small","price":1,"location":"l"}`).Must(http.StatusOK)
	s.Do(http.MethodPut, "/v1/properties/"+apptest.NewID().String(), `{"title":"t","price":1,"location":"l"}`).
		Must(http.StatusNotFound)
}

func TestWhoMayWrite(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	const body = `{"title":"t","price":1,"location":"l"}`
	for name, header := range map[string]string{
		"no key": "", "another scheme": "Basic Zm9vOmJhcg==", "nonsense": "Bearer x",
		"a key of the right shape": "Bearer gable_" + strings.Repeat("A", 43),
	} {
		a := s.Do(http.MethodPost, "/v1/properties", body, "Authorization", header).Must(http.StatusUnauthorized)
		if a.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no challenge", name)
		}
	}
	s.Do(http.MethodDelete, "/v1/cache", "").Must(http.StatusForbidden)
	s.Do(http.MethodDelete, "/v1/cache", "", "Authorization", "Bearer "+s.AdminKey).Must(http.StatusNoContent)
	code, _, stderr := apptest.Gable(t, "admin", "create-key", "again", "--database-url", string(s.Config.Database.URL))
	if code != cli.ExitOK {
		t.Fatal(stderr)
	}
	code, secret, _ := apptest.Gable(t, "admin", "create-key", "short-lived", "--database-url",
		string(s.Config.Database.URL))
	if code != cli.ExitOK {
		t.Fatal("no key")
	}
	bearer := "Bearer " + strings.TrimSpace(secret)
	s.Do(http.MethodPost, "/v1/properties", body, "Authorization", bearer).Must(http.StatusCreated)
	if code, _, stderr := apptest.Gable(t, "admin", "revoke", "short-lived", "--database-url",
		string(s.Config.Database.URL)); code != cli.ExitOK {
		t.Fatal(stderr)
	}
	s.Do(http.MethodPost, "/v1/properties", body, "Authorization", bearer).Must(http.StatusUnauthorized)
}

func TestChangesCanBeRequiredToNameTheirVersion(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t, func(c *config.Config) { c.HTTP.RequireIfMatch = true })
	p := s.Create(`"title":"careful","price":1`)
	item := "/v1/properties/" + p.ID
	s.Do(http.MethodPatch, item, `{"price":2}`).Must(http.StatusPreconditionRequired)
	s.Do(http.MethodDelete, item, "").Must(http.StatusPreconditionRequired)
	s.Do(http.MethodPatch, item, `{"price":2}`, "If-Match", s.Get(item).Header.Get("ETag")).Must(http.StatusOK)
}

func TestPagesFollowOneAnotherByLink(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		for i := range 7 {
			s.Create(fmt.Sprintf(`"title":"n%d","price":%d`, i, i/2)) // pairs of equal prices
		}
		path, seen := "/v1/properties?sort=price&limit=3&fields=title&count=exact", ""
		for path != "" {
			a := s.Get(path).Must(http.StatusOK)
			for _, p := range apptest.Decoded[apptest.Page](a).Properties {
				seen += p.Title + " "
			}
			link := a.Header.Get("Link")
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
	s := apptest.Embedded.Start(t)
	p := s.Create(`"title":"t","price":1`)
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
		"/docs/guide":                "GET, HEAD, OPTIONS",
		"/docs/guide/operations":     "GET, HEAD, OPTIONS",
		"/problems":                  "GET, HEAD, OPTIONS",
		"/problems/not-found":        "GET, HEAD, OPTIONS",
	} {
		if got := s.Do(http.MethodOptions, path, "").Must(http.StatusNoContent).Header.Get("Allow"); got != allow {
			t.Errorf("OPTIONS %s allows %q, want %q", path, got, allow)
		}
		if got := s.Do("PROPFIND", path, "").Must(http.StatusMethodNotAllowed).Header.Get("Allow"); got != allow {
			t.Errorf("405 of %s allows %q, want %q", path, got, allow)
		}
		if strings.HasPrefix(allow, "GET") {
			if head := s.Do(http.MethodHead, path, "").Must(http.StatusOK); head.Body != "" {
				t.Errorf("HEAD %s has a body", path)
			}
			s.Get(path).Must(http.StatusOK)
		}
	}
}

// A purge without Redis answers that Redis is away, and does not blame the database.
func TestAPurgeWithoutRedisSaysWhatIsAway(t *testing.T) {
	s := apptest.Start(t, "sqlite::memory:", "redis://127.0.0.1:1/0")
	r := s.Do(http.MethodDelete, "/v1/cache", "", "Authorization", "Bearer "+s.AdminKey).
		Must(http.StatusServiceUnavailable)
	if !strings.Contains(r.Body, "The query cache cannot be reached") || r.Header.Get("Retry-After") == "" {
		t.Errorf("the answer is %v %s", r.Header, r.Body)
	}
}
