package docs

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/gable-listings/gable/adapters/web/problem"
)

func contract(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func newSite(t *testing.T) *Site {
	t.Helper()
	s, err := New(contract(t), "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func get(s *Site, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// The served contract equals the written one, in its order, with all aliases written out.
func TestTheContractIsServedWithoutAliases(t *testing.T) {
	w := get(newSite(t), "/openapi.yaml")
	var served yaml.Node
	var says, want any
	if err := errors.Join(yaml.Unmarshal(w.Body.Bytes(), &served), yaml.Unmarshal(w.Body.Bytes(), &says),
		yaml.Unmarshal(contract(t), &want)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, says); w.Code != http.StatusOK || diff != "" {
		t.Errorf("status %d, (-written +served):\n%s", w.Code, diff)
	}
	text := w.Body.String()
	if strings.Contains(text, "<<:") || regexp.MustCompile(`: [&*][a-z]`).MatchString(text) {
		t.Error("there still are anchors, aliases or merge keys")
	}
}

func TestAliasesAndMergeKeysAreWrittenOut(t *testing.T) {
	for text, want := range map[string]string{
		"b: 1.50\na: [&x 'y', *x]\n":                            "b: 1.50\na: ['y', 'y']\n",
		"a: &a\n  x: 1\n  y: 2\nb:\n  w: 0\n  <<: *a\n  z: 3\n": "a:\n  x: 1\n  y: 2\nb:\n  w: 0\n  x: 1\n  y: 2\n  z: 3\n",
		"a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n":               "a: {x: 1, y: 2}\nb: {x: 1, y: 3}\n",
		"a: &a {x: 1}\nb: {x: 2, <<: *a}\n":                     "a: {x: 1}\nb: {x: 2}\n",
		"a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b}\n":     "a: {x: 1}\nb: {x: 1, y: 2}\nc: {x: 1, y: 2}\n",
	} {
		if got, err := withoutAliases([]byte(text)); err != nil || string(got) != want {
			t.Errorf("%q became %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"a: [", "a: *x", "a: {<<: 1}", "a: &a {}\nb: {<<: [*a, *a]}"} {
		if got, err := withoutAliases([]byte(text)); err == nil {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestTheContractInJSONSaysTheSameInTheSameOrder(t *testing.T) {
	w := get(newSite(t), "/openapi.json")
	var fromJSON, fromYAML any
	if err := json.Unmarshal(w.Body.Bytes(), &fromJSON); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(contract(t), &fromYAML); err != nil {
		t.Fatal(err)
	}
	through, err := json.Marshal(fromYAML)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(through, &fromYAML); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fromYAML, fromJSON); diff != "" {
		t.Errorf("YAML and JSON differ (-YAML +JSON):\n%s", diff)
	}
	body := w.Body.String()
	if strings.Index(body, `"openapi"`) > strings.Index(body, `"info"`) ||
		strings.Index(body, `"/v1/properties"`) > strings.Index(body, `"/healthz"`) {
		t.Error("the members are not in the order of the YAML")
	}
}

func TestBelowABasePathTheContractNamesIt(t *testing.T) {
	const base = "/homes"
	s, err := New(contract(t), base)
	if err != nil {
		t.Fatal(err)
	}
	var served struct{ Servers []struct{ URL string } }
	if err := json.Unmarshal(get(s, "/openapi.json").Body.Bytes(), &served); err != nil {
		t.Fatal(err)
	}
	if len(served.Servers) != 1 || served.Servers[0].URL != base {
		t.Errorf("the servers are %v", served.Servers)
	}
	for _, path := range []string{"/docs", "/problems", "/problems/gone"} {
		links := link.FindAllStringSubmatch(get(s, path).Body.String(), -1)
		for _, m := range links {
			if below := strings.HasPrefix(m[1], base+"/"); !below && !strings.HasPrefix(m[1], "https://www.rfc-editor.org/") {
				t.Errorf("%s: %s leads outside", path, m[1])
			}
		}
		if len(links) < 5 {
			t.Errorf("%s: only %d links", path, len(links))
		}
	}
	if _, err := New([]byte("openapi: 3.1.0\n"), base); err == nil {
		t.Error("a contract without a server is below a path")
	}
}

func TestWhatJSONCannotSayIsRefused(t *testing.T) {
	for _, text := range []string{"", "a: .inf", "1: a", "? [a]\n: b", "a: [", "a: 0x1F", "a: &x 1\nb: *x"} {
		if out, err := yamlToJSON([]byte(text)); err == nil {
			t.Errorf("%q became %s", text, out)
		}
	}
	got, err := yamlToJSON([]byte("b: 1.50\na: ['<1>', ~, true, 'y', 2026-03-14]"))
	want := `{"b":1.50,"a":["<1>",null,true,"y","2026-03-14"]}`
	var compact bytes.Buffer
	if err != nil || json.Compact(&compact, got) != nil || compact.String() != want {
		t.Errorf("got %s, %v; want %s", compact.String(), err, want)
	}
}

var link = regexp.MustCompile(`(?:src|href)="([^"]+)"`)

func TestEveryPageLoadsOnlyWhatThisSiteServes(t *testing.T) {
	s := newSite(t)
	paths := []string{"/docs", "/problems"}
	for _, p := range problem.All() {
		paths = append(paths, p.URI())
	}
	for _, path := range paths {
		w := get(s, path)
		if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			t.Errorf("%s: status %d, %s", path, w.Code, w.Header().Get("Content-Type"))
		}
		if policy := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") {
			t.Errorf("%s: Content-Security-Policy is %q", path, policy)
		}
		if w.Header().Get("X-Frame-Options") != "DENY" || w.Header().Get("Cross-Origin-Opener-Policy") != "same-origin" {
			t.Errorf("%s: other sites may frame it or hold its window: %v", path, w.Header())
		}
		for _, m := range link.FindAllStringSubmatch(w.Body.String(), -1) {
			if strings.HasPrefix(m[1], "https://www.rfc-editor.org/") {
				continue
			}
			if got := get(s, m[1]); got.Code != http.StatusOK {
				t.Errorf("%s: %s is answered %d", path, m[1], got.Code)
			}
		}
	}
}

func TestAProblemPageExplainsTheProblem(t *testing.T) {
	body := get(newSite(t), "/problems/gone").Body.String()
	for _, want := range []string{"410 Gone", "no longer stored", "export all listings"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q:\n%s", want, body)
		}
	}
}

func TestAnUnknownPageIsAProblem(t *testing.T) {
	w := get(newSite(t), "/problems/no-such-thing")
	if w.Code != http.StatusNotFound || w.Header().Get("Content-Type") != problem.ContentType {
		t.Errorf("status %d, %s", w.Code, w.Header().Get("Content-Type"))
	}
}

func TestAssetsAreCachedForeverAndPagesAreRevalidated(t *testing.T) {
	s := newSite(t)
	page := get(s, "/docs")
	if got := page.Header().Get("Cache-Control"); got != "no-cache" {
		t.Errorf("the page says %q", got)
	}
	script := regexp.MustCompile(`/docs/assets/[0-9a-f]{16}/swagger-ui-bundle\.js`).FindString(page.Body.String())
	w := get(s, script)
	if got := w.Header().Get("Cache-Control"); !strings.Contains(got, "immutable") || w.Code != http.StatusOK {
		t.Errorf("%s: status %d, %q", script, w.Code, got)
	}
}

func TestEveryCompressedFileUnpacks(t *testing.T) {
	names, err := fs.Glob(embedded, "*/*.gz")
	if err != nil || len(names) == 0 {
		t.Fatalf("%v, %v", names, err)
	}
	for _, name := range names {
		data, err := embedded.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if n, err := io.Copy(io.Discard, z); n == 0 || err != nil {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
	}
}

func TestFilesAreCompressedForClientsThatAcceptIt(t *testing.T) {
	s := newSite(t)
	plain, packed := get(s, "/docs"), get(s, "/docs", "Accept-Encoding", "br, gzip")
	if plain.Header().Get("Content-Encoding") != "" || packed.Header().Get("Content-Encoding") != "gzip" {
		t.Fatalf("encodings %q and %q", plain.Header().Get("Content-Encoding"), packed.Header().Get("Content-Encoding"))
	}
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if unpacked, err := io.ReadAll(z); err != nil || string(unpacked) != plain.Body.String() {
		t.Errorf("the compressed page is another one (%v)", err)
	}
	for accept, tag := range map[string]string{"": plain.Header().Get("ETag"), "gzip": packed.Header().Get("ETag")} {
		w := get(s, "/docs", "Accept-Encoding", accept, "If-None-Match", tag)
		if w.Code != http.StatusNotModified || w.Body.Len() > 0 {
			t.Errorf("If-None-Match %s: status %d", tag, w.Code)
		}
	}
	if plain.Header().Get("ETag") == packed.Header().Get("ETag") {
		t.Error("both encodings have one strong tag")
	}
}
