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
// code belongs to one.
var rooms = []room{
	// The rules of the trade and of freshness depend on nothing that could fail, wait or differ between machines.
	{folder: "domain/property", not: impure},
	{folder: "domain/access", not: impure},
	{folder: "domain/freshness", own: []string{"domain/property"}, not: impure},
	// Interfaces speak of domain values only, so that an adapter needs nothing else to satisfy them.
	{folder: "ports", own: []string{"domain"}, not: impure},
	// Suites use what tests are written with.
	{folder: "ports/porttest", own: []string{"domain", "ports"}, foreign: []string{"pgregory.net/rapid", "github.com/google/go-cmp"}},
	// Use cases work with whatever satisfies the ports.
	{folder: "app/catalog", own: []string{"domain", "ports"}, not: impure},
	{folder: "app/access", own: []string{"domain", "ports"}, not: impure},
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
		"go.yaml.in/yaml/v3", "golang.org/x/net/html", "github.com/shopspring/decimal"}},
	{folder: "adapters/listinggen", own: []string{"domain", "configs"}},
	{folder: "adapters/web", own: []string{"domain", "ports", "adapters/propertyjson"}, foreign: []string{
		"github.com/gorilla/mux", "go.uber.org/zap", "github.com/alexedwards/scs/v2", "github.com/maypok86/otter/v2", "github.com/andybalholm/brotli",
		"github.com/klauspost/compress", "go.yaml.in/yaml/v3", "github.com/rs/cors", "github.com/boombuler/barcode",
		"golang.org/x/sync"}},
	// Helpers of tests use what they test.
	{folder: "adapters/web/contracttest", own: []string{"adapters/web/problem"}, foreign: []string{"github.com/pb33f"}},
	{folder: "adapters/servicetest", foreign: []string{"github.com/jackc/pgx/v5", "github.com/redis/go-redis/v9"}},
	// Files to embed.
	{folder: "migrations"},
	{folder: "configs"},
}

// impure is what waits, fails, or differs from machine to machine.
var impure = []string{"net", "net/http", "database/sql", "log", "log/slog", "os", "os/exec", "math/rand", "math/rand/v2"}

// testOnly are packages that only test files may import.
var testOnly = []string{"ports/porttest", "adapters/servicetest", "adapters/web/contracttest"}

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
	if isOwn && !test && below(own, testOnly) {
		t.Errorf("%s imports %s, which is for tests", file, own)
	}
	if imported == "go.uber.org/fx" && !test && path.Dir(file) != "app" {
		t.Errorf("%s imports fx, which only app does", file)
	}
	if test || path.Dir(file) == "app" {
		return // tests bring the parts together, and so does the program
	}
	r := roomOf(file)
	switch {
	case r.folder == "":
		t.Errorf("%s is in no room", file)
	case isOwn && own != r.folder && !below(own, append([]string{r.folder}, r.own...)):
		t.Errorf("%s imports %s, which %s may not", file, own, r.folder)
	case !isOwn && strings.Contains(imported, ".") && !below(imported, r.foreign):
		t.Errorf("%s imports %s, which %s does not own", file, imported, r.folder)
	case !isOwn && slices.Contains(r.not, imported):
		t.Errorf("%s imports %s, which %s has to do without", file, imported, r.folder)
	}
}

func roomOf(file string) room {
	var longest room
	for _, r := range rooms {
		if below(path.Dir(file), []string{r.folder}) && len(r.folder) > len(longest.folder) {
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
