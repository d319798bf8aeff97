package docs

import (
	"bytes"
	"html/template"
	"net/http"

	"github.com/gable-listings/gable/adapters/web/asset"
	"github.com/gable-listings/gable/adapters/web/problem"
)

const (
	// The viewer loads its own files, fetches the contract, tries out requests on this host, and shows drawings that its
	// style sheet holds as data.
	viewerPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	pagePolicy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; " +
		"frame-ancestors 'none'"
)

// page is the data of a template.
type page struct {
	Base     string // path before every address
	Assets   string // where assets are, with a slash at the end
	Title    string
	Problems []problem.Type
	Problem  problem.Type
	Index    bool          // whether it is the list of guides
	Body     template.HTML // of a guide
}

// Reason returns the standard phrase of the problem's status.
func (p page) Reason() string { return http.StatusText(p.Problem.Status) }

func (s *Site) addPages() error {
	templates, err := template.ParseFS(embedded, "templates/*.html")
	if err != nil {
		return err
	}
	add := func(path, name, policy string, p page) {
		var b bytes.Buffer
		p.Base, p.Assets = s.base, s.base+s.assets.Base
		if err == nil {
			err = templates.ExecuteTemplate(&b, name, p)
		}
		s.files[path] = asset.New("text/html; charset=utf-8", b.Bytes())
		s.files[path].Policy = policy
	}
	add("/docs", "viewer.html", viewerPolicy, page{Title: "HTTP API"})
	add("/problems", "problems.html", pagePolicy, page{Title: "Problems", Problems: problem.All()})
	for _, t := range problem.All() {
		add(t.URI(), "problem.html", pagePolicy, page{Title: t.Title, Problem: t})
	}
	if err != nil {
		return err
	}
	return s.addGuides(templates)
}
