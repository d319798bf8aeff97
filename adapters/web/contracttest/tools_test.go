package contracttest

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/gable-listings/gable/adapters/web/docs"
)

// Tools read less than the standard allows. These tests limit the document to constructs that all tools read.

func TestBothServedFormsAreValidDocuments(t *testing.T) {
	text, err := document()
	if err != nil {
		t.Fatal(err)
	}
	site, err := docs.New(text, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/openapi.yaml", "/openapi.json"} {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if _, err := New(w.Body.Bytes()); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestTheContractIsWrittenForEveryTool(t *testing.T) {
	text, err := document()
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range unreadable(t, text) {
		t.Error(fault)
	}
}

func TestWhatToolsLoseIsFound(t *testing.T) {
	for text, want := range map[string]string{
		"a: &x {b: 1}\nc: *x":                                    "line 1: anchor x",
		"a: {<<: {b: 1}}":                                        "line 1: merge key",
		"a: {parameters: {$ref: '#/components/b'}}":              "line 1: parameters",
		"a: {responses: {$ref: '#/components/b'}}":               "line 1: responses",
		"a: {$ref: '#/paths/~1b'}":                               "line 1: reference",
		"a: {type: string, pattern: '^a'}":                       "line 1: pattern",
		"a: {type: string, pattern: 'a|b$'}":                     "line 1: pattern",
		"a: {type: number}":                                      "line 1: number",
		"a: {type: [number, 'null']}":                            "line 1: number",
		"a: {allOf: [{$ref: '#/components/b'}], required: [id]}": "line 1: required",
		"a: {type: object, required: [id], properties: {b: 1}}":  "line 1: required",
	} {
		if got := unreadable(t, []byte(text)); len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("%s: found %q, want one beginning with %q", text, got, want)
		}
	}
}

// unreadable lists the constructs that some generator, validator or proxy ignores or reads in part.
func unreadable(t *testing.T, text []byte) []string {
	t.Helper()
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	var faults []string
	found := func(n *yaml.Node, format string, args ...any) {
		faults = append(faults, fmt.Sprintf("line %d: ", n.Line)+fmt.Sprintf(format, args...))
	}
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		if n.Anchor != "" {
			found(n, "anchor %s", n.Anchor)
		}
		if n.Kind == yaml.MappingNode {
			checkMapping(n, found)
		}
		for _, child := range n.Content {
			visit(child)
		}
	}
	visit(&root)
	return faults
}

func checkMapping(n *yaml.Node, found func(n *yaml.Node, format string, args ...any)) {
	members := map[string]*yaml.Node{}
	for i := 0; i < len(n.Content); i += 2 {
		members[n.Content[i].Value] = n.Content[i+1]
		if n.Content[i].Tag == "!!merge" {
			found(n, "merge key")
		}
	}
	text := func(name string) string {
		if m := members[name]; m != nil && m.Kind == yaml.ScalarNode {
			return m.Value
		}
		return ""
	}
	for _, name := range []string{"parameters", "responses"} {
		if m := members[name]; m != nil && len(m.Content) == 2 && m.Content[0].Value == "$ref" {
			found(n, "%s are one reference; refer to each of them by itself", name)
		}
	}
	if ref := text("$ref"); ref != "" && !strings.HasPrefix(ref, "#/components/") {
		found(n, "reference to %s, which is not a component", ref)
	}
	if p := text("pattern"); p != "" && !(strings.HasPrefix(p, "^") && strings.HasSuffix(p, "$")) {
		found(n, "pattern %s has no anchor at both ends", p)
	}
	if isNumber(members["type"]) && text("format") == "" {
		found(n, "number without a format; some tools read it with 32 bits")
	}
	checkRequired(n, members, found)
}

// isNumber reports whether a type is number or a list with number in it.
func isNumber(kind *yaml.Node) bool {
	if kind == nil {
		return false
	}
	number := func(n *yaml.Node) bool { return n.Value == "number" }
	return number(kind) || slices.ContainsFunc(kind.Content, number)
}

// checkRequired reports members that a schema requires and does not describe itself.
func checkRequired(n *yaml.Node, members map[string]*yaml.Node, found func(n *yaml.Node, format string, args ...any)) {
	required := members["required"]
	if required == nil || required.Kind != yaml.SequenceNode {
		return
	}
	described := map[string]bool{}
	if properties := members["properties"]; properties != nil {
		for i := 0; i < len(properties.Content); i += 2 {
			described[properties.Content[i].Value] = true
		}
	}
	for _, name := range required.Content {
		if !described[name.Value] {
			found(n, "required member %s is not among the properties beside it", name.Value)
		}
	}
}

func TestOldAddressesTakeAndAnswerTheSameAsNewOnes(t *testing.T) {
	paths := theContract(t).model.Paths.PathItems
	for old, of := range map[string]string{
		"/properties": "/v1/properties", "/properties/": "/v1/properties",
		"/properties/cache-metrics/": "/properties/cache-metrics",
	} {
		got, want := paths.GetOrZero(old).Get, paths.GetOrZero(of).Get
		var gotNames, wantNames []string
		for _, p := range got.Parameters {
			gotNames = append(gotNames, p.In+" "+p.Name)
		}
		for _, p := range want.Parameters {
			wantNames = append(wantNames, p.In+" "+p.Name)
		}
		if diff := cmp.Diff(wantNames, gotNames); diff != "" {
			t.Errorf("parameters of %s (-%s +%[1]s):\n%s", old, of, diff)
		}
		gotCodes := slices.Sorted(maps.Keys(maps.Collect(got.Responses.Codes.FromOldest())))
		wantCodes := slices.Sorted(maps.Keys(maps.Collect(want.Responses.Codes.FromOldest())))
		if diff := cmp.Diff(wantCodes, gotCodes); diff != "" {
			t.Errorf("answers of %s (-%s +%[1]s):\n%s", old, of, diff)
		}
	}
}

func TestEverySchemaOfAListingHasTheSameMembers(t *testing.T) {
	schemas := theContract(t).model.Components.Schemas
	members := func(name string) []string {
		return slices.Sorted(maps.Keys(maps.Collect(schemas.GetOrZero(name).Schema().Properties.FromOldest())))
	}
	whole := members("Property")
	for _, name := range []string{"PartialProperty", "PropertyReplacement"} {
		if diff := cmp.Diff(whole, members(name)); diff != "" {
			t.Errorf("%s (-Property +%[1]s):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(members("NewProperty"), members("PropertyPatch")); diff != "" {
		t.Errorf("PropertyPatch (-NewProperty +PropertyPatch):\n%s", diff)
	}
}
