package docs

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

const repository = "../../.."

// written returns the guides and the README, by their path in the repository.
func written(t *testing.T) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("guide/*.md")
	if err != nil || len(names) < 8 {
		t.Fatalf("only %d guides: %v", len(names), err)
	}
	texts := map[string][]byte{}
	for _, name := range append(names, repository+"/README.md") {
		if texts[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return texts
}

// parsed returns a text as code hosts parse it.
func parsed(source []byte) ast.Node {
	return newMarkdown().Parser().Parse(text.NewReader(source))
}

func walk(document ast.Node, visit func(ast.Node)) {
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			visit(n)
		}
		return ast.WalkContinue, nil
	})
}

// anchors returns the ids of the headings.
func anchors(source []byte) (ids []string) {
	walk(parsed(source), func(n ast.Node) {
		if heading, ok := n.(*ast.Heading); ok {
			id, _ := heading.AttributeString("id")
			ids = append(ids, string(id.([]byte)))
		}
	})
	return ids
}

func TestEveryLinkInTheRepositoryLeadsToAFileAndAHeading(t *testing.T) {
	for name, source := range written(t) {
		links := 0
		walk(parsed(source), func(n ast.Node) {
			var destination string
			switch n := n.(type) {
			case *ast.Link:
				destination = string(n.Destination)
			case *ast.Image:
				destination = string(n.Destination)
			default:
				return
			}
			links++
			if strings.HasPrefix(destination, "https://") {
				return
			}
			target, anchor, anchored := strings.Cut(destination, "#")
			file := name
			if target != "" {
				file = filepath.Join(filepath.Dir(name), target)
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: %s leads to no file", name, destination)
			}
			content, _ := os.ReadFile(file) // a folder has no headings
			if anchored && !slices.Contains(anchors(content), anchor) {
				t.Errorf("%s: %s leads to no heading", name, destination)
			}
		})
		if links == 0 {
			t.Errorf("%s has no links", name)
		}
	}
}

var notInSlug = regexp.MustCompile(`[^a-z0-9 _-]`)

func TestHeadingsHaveTheSameAnchorsInTheRepositoryAndServed(t *testing.T) {
	for name, source := range written(t) {
		served := anchors(source)
		if len(slices.Compact(slices.Sorted(slices.Values(served)))) != len(served) {
			t.Errorf("%s has two headings with one anchor", name)
		}
		i := 0
		walk(parsed(source), func(n ast.Node) {
			if heading, ok := n.(*ast.Heading); ok {
				slug := notInSlug.ReplaceAllString(strings.ToLower(string(heading.Lines().Value(source))), "")
				if slug = strings.ReplaceAll(slug, " ", "-"); slug != served[i] {
					t.Errorf("%s: a heading is #%s in the repository and #%s served", name, slug, served[i])
				}
				i++
			}
		})
	}
}

func TestEveryGuideIsServedAndItsLinksLeadToPages(t *testing.T) {
	for _, base := range []string{"", "/homes"} {
		s, err := New(contract(t), base)
		if err != nil {
			t.Fatal(err)
		}
		index := get(s, "/docs/guide").Body.String()
		for name, source := range written(t) {
			if !strings.HasPrefix(name, "guide/") {
				continue
			}
			path := guideAddress(strings.TrimSuffix(filepath.Base(name), ".md"))
			w := get(s, path)
			body := w.Body.String()
			title, _, _ := strings.Cut(strings.TrimPrefix(string(source), "# "), "\n")
			if w.Code != http.StatusOK || !strings.Contains(body, ">"+title+"</h1>") ||
				!strings.Contains(body, "<title>"+title+" · Gable</title>") {
				t.Errorf("%s: status %d, without its title %q", path, w.Code, title)
			}
			if !strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "default-src 'none'; style-src 'self'") ||
				w.Header().Get("X-Frame-Options") != "DENY" || strings.Contains(body, "<script") {
				t.Errorf("%s: a page with scripts, or without protection: %v", path, w.Header())
			}
			if path != guidePath && !strings.Contains(index, `href="`+base+path+`"`) {
				t.Errorf("the list of guides lacks %s", path)
			}
			for _, m := range link.FindAllStringSubmatch(body, -1) {
				if !leads(s, base, body, m[1]) {
					t.Errorf("%s: %s leads nowhere", path, m[1])
				}
			}
		}
	}
}

// leads reports whether a link of a page leads to a page, and to a heading there if it names one.
func leads(s *Site, base, body, address string) bool {
	target, anchor, anchored := strings.Cut(address, "#")
	if strings.HasPrefix(address, "https://") {
		return true
	}
	if target != "" {
		below, ok := strings.CutPrefix(target, base)
		w := get(s, below)
		if !ok || w.Code != http.StatusOK {
			return false
		}
		body = w.Body.String()
	}
	return !anchored || strings.Contains(body, ` id="`+anchor+`"`)
}

func TestAGuideWithRawHTMLIsRefused(t *testing.T) {
	s := newSite(t)
	for _, source := range []string{"a <b>c</b>", "<script>x</script>", "![p](p.png)"} {
		if err := s.retarget(parsed([]byte(source))); err == nil {
			t.Errorf("%q was accepted", source)
		}
	}
}

// Blocks of commands are run (app/e2e) or marked as examples, and blocks that name a file repeat it.
func TestEveryBlockOfAGuideSaysWhatItIs(t *testing.T) {
	for name, source := range written(t) {
		walk(parsed(source), func(n ast.Node) {
			block, ok := n.(*ast.FencedCodeBlock)
			if !ok {
				if _, indented := n.(*ast.CodeBlock); indented {
					t.Errorf("%s: an indented block does not say what it is", name)
				}
				return
			}
			if block.Info == nil {
				t.Errorf("%s: a block does not say what it is", name)
				return
			}
			info := strings.Fields(string(block.Info.Segment.Value(source)))
			switch {
			case len(info) == 1 && info[0] == "text":
				if bytes.HasPrefix(block.Lines().Value(source), []byte("./")) {
					t.Errorf("%s: commands in a block of text", name)
				}
			case len(info) == 2 && (info[1] == "example" || info[0] == "sh" && info[1] == "test"):
			case len(info) == 3 && info[1] == "file":
				content, err := os.ReadFile(filepath.Join(repository, info[2]))
				if err != nil || !bytes.Equal(content, block.Lines().Value(source)) {
					t.Errorf("%s: the block is not what is in %s (%v)", name, info[2], err)
				}
			default:
				t.Errorf("%s: a block is neither test nor example: %v", name, info)
			}
		})
	}
}
