package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/gable-listings/gable/"

// room is a folder and what its code may import beside the standard library and its own sub-packages.
type room struct {
	folder  string
	own     []string // packages of this module, with everything below them
	foreign []string // libraries of others
	not     []string // parts of the standard library that it may not use
}

// rooms is the law: who may import whom, and why. A folder belongs to the longest room that holds it; every folder with Go
// code belongs to one, and every folder of app is one.
var rooms = []room{
	// The rules of the trade and of freshness depend on nothing that could fail, wait or differ between machines.
	// Tables of Unicode, which the standard library lacks, are such rules.
	{folder: "domain/property", foreign: []string{"golang.org/x/text/unicode/norm"}, not: impure},
	{folder: "domain/access", not: impure},
	{folder: "domain/spelling", not: impure},
	{folder: "domain/freshness", own: []string{"domain/property"}, not: impure},
	// Interfaces speak of domain values only, so that an adapter needs nothing else to satisfy them.
	{folder: "ports", own: []string{"domain"}, not: impure},
	// Suites use what tests are written with.
	{folder: "ports/porttest", own: []string{"domain", "ports"},
		foreign: []string{"pgregory.net/rapid", "github.com/google/go-cmp"}},
	// Use cases work with whatever satisfies the ports.
	{folder: "app/catalog", own: []string{"domain", "ports"}, not: impure},
	{folder: "app/accounts", own: []string{"domain", "ports"}, not: impure},
	// The configuration asks those who will use a URL or an address whether it is one.
	{folder: "app/config", own: []string{
		"domain", "configs", "adapters/bunstore", "adapters/web/exchange", "app/querycache"},
		foreign: []string{"github.com/alecthomas/kong", "github.com/knadh/koanf", "go.yaml.in/yaml/v3"}},
	// The kinds of query cache are one table, which the configuration and the server read.
	{folder: "app/querycache", own: []string{"ports", "adapters/memory", "adapters/rediscache"}},
	// Following changes is the same whatever database, cache and web there are.
	{folder: "app/follow", own: []string{"domain", "ports"}, foreign: []string{"go.uber.org/zap"}},
	// What is shown of the caches puts together what each of them says of itself.
	{folder: "app/insight", own: []string{"domain", "ports", "adapters/bunstore", "adapters/cached", "adapters/web"},
		foreign: []string{"github.com/prometheus", "go.uber.org/zap"}},
	// Files come from pages, programs and people, and go through the use cases.
	{folder: "app/transfer", own: []string{
		"domain", "ports", "app/catalog", "app/config", "adapters/listingfile", "adapters/listinggen", "adapters/web"}},
	// The server puts everything together, and is the only room that knows fx.
	{folder: "app/server", own: []string{
		"domain", "ports", "adapters", "app/accounts", "app/catalog", "app/config", "app/follow", "app/insight",
		"app/querycache", "app/transfer"},
		foreign: []string{
			"go.uber.org/fx", "go.uber.org/dig", "go.uber.org/zap", "github.com/google/uuid",
			"github.com/pires/go-proxyproto", "github.com/prometheus/client_golang", "golang.org/x/term"}},
	// What people type and read.
	{folder: "app/cli", own: []string{
		"domain", "ports", "configs", "adapters/bunstore", "adapters/listingfile", "adapters/web/api",
		"app/catalog", "app/config", "app/server", "app/transfer"},
		foreign: []string{"github.com/alecthomas/kong", "github.com/dustin/go-humanize", "golang.org/x/term"}},
	{folder: "app", own: []string{"app/cli"}},
	// Tests that drive whole processes have no code of their own; what they share is a helper of tests.
	{folder: "app/e2e"},
	{folder: "app/truth"},
	{folder: "app/bench"},
	{folder: "app/abuse"},
	{folder: "app/apptest", own: []string{
		"domain", "ports", "adapters", "app/accounts", "app/cli", "app/config", "app/insight", "app/server"},
		foreign: []string{
			"github.com/Shopify/toxiproxy/v2", "github.com/google/uuid", "github.com/jackc/pgx/v5",
			"github.com/redis/go-redis/v9", "github.com/rs/zerolog", "go.uber.org/fx", "go.uber.org/zap"}},
	// Each library has one owner; adapters import nothing of one another but the JSON of a listing.
	{folder: "adapters/bunstore", own: []string{"domain", "ports", "migrations"}, foreign: []string{
		"github.com/uptrace/bun", "github.com/jackc/pgx/v5", "modernc.org/sqlite", "github.com/google/uuid"}},
	{folder: "adapters/cached", own: []string{"domain", "ports"}, foreign: []string{"golang.org/x/sync"}},
	{folder: "adapters/eventbus", own: []string{"domain", "ports"}},
	{folder: "adapters/memory", own: []string{"domain", "ports"}, foreign: []string{"github.com/maypok86/otter/v2"}},
	{folder: "adapters/rediscache", own: []string{"ports"}, foreign: []string{
		"github.com/redis/go-redis/v9", "github.com/sony/gobreaker/v2"}},
	{folder: "adapters/passwords", own: []string{"ports"}, foreign: []string{"github.com/alexedwards/argon2id"}},
	{folder: "adapters/totp", foreign: []string{"github.com/pquerna/otp"}},
	{folder: "adapters/tracing", own: []string{"domain", "ports"}, foreign: []string{"go.opentelemetry.io/otel"}},
	{folder: "adapters/ops", foreign: []string{"github.com/prometheus/client_golang"}},
	// The one JSON shape of a listing is pure functions, shared by the API and the files so that there is one of it.
	{folder: "adapters/propertyjson", own: []string{"domain"}},
	{folder: "adapters/listingfile", own: []string{"domain", "configs", "adapters/propertyjson"}, foreign: []string{
		"go.yaml.in/yaml/v3", "golang.org/x/net/html", "golang.org/x/text", "github.com/shopspring/decimal",
		"github.com/xuri/excelize/v2"}},
	{folder: "adapters/listinggen", own: []string{"domain", "configs"}},
	{folder: "adapters/web", own: []string{"domain", "ports", "adapters/propertyjson"}, foreign: []string{
		"github.com/gorilla/mux", "go.uber.org/zap", "github.com/alexedwards/scs/v2", "github.com/maypok86/otter/v2", "github.com/andybalholm/brotli",
		"github.com/klauspost/compress", "go.yaml.in/yaml/v3", "github.com/rs/cors", "github.com/boombuler/barcode",
		"github.com/yuin/goldmark", "golang.org/x/sync"}},
	// Helpers of tests use what they test.
	{folder: "adapters/web/contracttest", own: []string{"adapters/web/problem"}, foreign: []string{"github.com/pb33f"}},
	{folder: "adapters/servicetest", foreign: []string{"github.com/jackc/pgx/v5", "github.com/redis/go-redis/v9"}},
	// What only the CI runs.
	{folder: ".ci/house"},
	{folder: ".ci/words"},
	// Files to embed.
	{folder: "migrations"},
	{folder: "configs"},
}

// impure is what waits, fails, or differs from machine to machine.
var impure = []string{"net", "net/http", "database/sql", "log", "log/slog", "os", "os/exec", "math/rand",
	"math/rand/v2"}

// testOnly are packages that only test files may import.
var testOnly = []string{"ports/porttest", "adapters/servicetest", "adapters/web/contracttest", "app/apptest"}

// The sources are parsed here rather than asked of the go command, so that a cached result cannot outlive a change.
func TestNobodyImportsWhatItsRoomMayNot(t *testing.T) {
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".go") {
			return err
		}
		for _, imported := range importsOf(t, filepath.Join("..", file)) {
			judge(t, file, imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func importsOf(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, imported)
	}
	return list
}

func judge(t *testing.T, file, imported string) {
	t.Helper()
	test := strings.HasSuffix(file, "_test.go")
	own, isOwn := strings.CutPrefix(imported, module)
	if isOwn && !test && below(own, testOnly) && !below(path.Dir(file), testOnly) {
		t.Errorf("%s imports %s, which is for tests", file, own)
	}
	if test {
		return // tests bring the parts together
	}
	r := roomOf(path.Dir(file))
	switch {
	case r.folder == "" || r.folder == "app" && path.Dir(file) != "app":
		t.Errorf("%s is in no room", file)
	case isOwn && roomOf(own).folder != r.folder && !below(own, r.own):
		t.Errorf("%s imports %s, which %s may not", file, own, r.folder)
	case !isOwn && strings.Contains(imported, ".") && !below(imported, r.foreign):
		t.Errorf("%s imports %s, which %s does not own", file, imported, r.folder)
	case !isOwn && slices.Contains(r.not, imported):
		t.Errorf("%s imports %s, which %s has to do without", file, imported, r.folder)
	}
}

func roomOf(folder string) room {
	var longest room
	for _, r := range rooms {
		if below(folder, []string{r.folder}) && len(r.folder) > len(longest.folder) {
			longest = r
		}
	}
	return longest
}

// below reports whether a package is one of those, or inside one.
func below(pkg string, parents []string) bool {
	for _, parent := range parents {
		if pkg == parent || strings.HasPrefix(pkg, parent+"/") {
			return true
		}
	}
	return false
}
