package docs

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"github.com/gable-listings/gable/adapters/web/asset"
)

const (
	guideFolder = "guide"
	guideIndex  = "README" // what code hosts show for the folder
	guidePath   = "/docs/guide"
)

// newMarkdown makes the parser of the guides. Headings get the anchors that code hosts make.
func newMarkdown() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
}

// addGuides renders the guides. Their text is Markdown that also reads well in the repository: links among guides lead
// to pages, and a link to any other file of the repository becomes its text.
func (s *Site) addGuides(templates *template.Template) error {
	names, err := fs.Glob(embedded, guideFolder+"/*.md")
	if err != nil {
		return err
	}
	markdown := newMarkdown()
	for _, file := range names {
		source, err := fs.ReadFile(embedded, file)
		if err != nil {
			return err
		}
		document := markdown.Parser().Parse(text.NewReader(source))
		if err := s.retarget(document); err != nil {
			return fmt.Errorf("render %s: %w", file, err)
		}
		var body, html bytes.Buffer
		if err := markdown.Renderer().Render(&body, source, document); err != nil {
			return fmt.Errorf("render %s: %w", file, err)
		}
		name := strings.TrimSuffix(path.Base(file), ".md")
		p := page{
			Base: s.base, Assets: s.base + s.assets.Base, Title: titleOf(document, source), Index: name == guideIndex,
			Body: template.HTML(body.String()), //nolint:gosec // rendered from the program's own text, without raw HTML
		}
		if err := templates.ExecuteTemplate(&html, "guide.html", p); err != nil {
			return err
		}
		f := asset.New("text/html; charset=utf-8", html.Bytes())
		f.Policy = pagePolicy
		s.files[guideAddress(name)] = f
	}
	return nil
}

// guideAddress returns the path of a guide's page.
func guideAddress(name string) string {
	if name == guideIndex {
		return guidePath
	}
	return guidePath + "/" + name
}

// titleOf returns the text of the first heading.
func titleOf(document ast.Node, source []byte) string {
	if heading, ok := document.FirstChild().(*ast.Heading); ok {
		return string(heading.Lines().Value(source))
	}
	return ""
}

// retarget replaces the targets of links, which are files of the repository, by addresses of the site.
func (s *Site) retarget(document ast.Node) error {
	var outside []ast.Node
	err := ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.HTMLBlock, *ast.RawHTML, *ast.Image:
			return ast.WalkStop, errors.New("raw HTML and pictures are not rendered")
		case *ast.Link:
			target, ok, err := s.target(string(n.Destination))
			if err != nil {
				return ast.WalkStop, err
			}
			if ok {
				n.Destination = []byte(target)
			} else {
				outside = append(outside, n)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, n := range outside {
		for n.FirstChild() != nil {
			n.Parent().InsertBefore(n.Parent(), n, n.FirstChild())
		}
		n.Parent().RemoveChild(n.Parent(), n)
	}
	return err
}

// target returns the address on the site for a link of a guide. It reports false for a file of the repository that is
// not a guide.
func (s *Site) target(destination string) (string, bool, error) {
	u, err := url.Parse(destination)
	if err != nil {
		return "", false, err
	}
	name, isGuide := strings.CutSuffix(u.Path, ".md")
	switch {
	case u.IsAbs(), u.Path == "":
		return destination, true, nil
	case isGuide && !strings.Contains(name, "/"):
		u.Path = s.base + guideAddress(name)
		return u.String(), true, nil
	case u.Path == "../../api/openapi.yaml":
		return s.base + "/docs", true, nil
	}
	return "", false, nil
}
