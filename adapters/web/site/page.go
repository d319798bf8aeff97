package site

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
)

const htmlType = "text/html; charset=utf-8"

// policy lets a page load scripts, styles and data from this host alone, and pictures from any host.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// pages holds the templates: one set for each page, all in the same frame.
type pages struct {
	assets string // path of the files that pages load
	sets   map[string]*template.Template
}

// newPages reads the templates. Shared parts have a folder of their own. In the templates, base is the base path, and
// every address of this site begins with it.
func newPages(base, assets string) (*pages, error) {
	own := template.FuncMap{"base": func() string { return base }}
	shared, err := template.New("").Funcs(templateFuncs).Funcs(own).ParseFS(embedded, "templates/shared/*.html")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(embedded, "templates/*.html")
	if err != nil {
		return nil, err
	}
	p := &pages{assets: base + assets, sets: map[string]*template.Template{}}
	for _, name := range names {
		set, err := template.Must(shared.Clone()).ParseFS(embedded, name)
		if err != nil {
			return nil, err
		}
		p.sets[strings.TrimSuffix(path.Base(name), ".html")] = set
	}
	return p, nil
}

// frame is the data that every page has.
type frame struct {
	Title       string
	Description string // for search engines and previews of shared links; "" for none
	Canonical   string // the page's own full URL; "" without a configured public URL
	Image       string // address of a picture for previews of shared links; "" for none
	Staff       *staff // the signed-in user; nil on pages that are the same for every visitor
	Section     string // the part of the back office
	Body        any

	Assets string // set by render
}

// staff is the signed-in user, as pages show it.
type staff struct {
	Name          string
	Administrator bool
	Notice        string // what was just done, shown once
}

// render returns the HTML of a page. The templates are embedded and the data is typed, so a failure is a defect,
// which the tests of every page would find.
func (p *pages) render(name string, f frame) []byte {
	f.Assets = p.assets
	var b bytes.Buffer
	if err := p.sets[name].ExecuteTemplate(&b, "frame", f); err != nil {
		panic(fmt.Sprintf("render %s: %v", name, err))
	}
	return b.Bytes()
}

// write answers with a page that is never cached, neither here nor in the browser.
func (s *Site) write(w http.ResponseWriter, r *http.Request, status int, name string, f frame) {
	body := s.pages.render(name, f)
	h := w.Header()
	exchange.SetPolicy(h, policy)
	h.Set("Content-Type", htmlType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a browser that has gone away needs no answer
	}
}

// errNoPage is the error for an address without a page.
var errNoPage = problem.Refuse(problem.NotFound, "There is no page at this address.")

// fail answers with a page that says what went wrong and what to do.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	d := problem.Record(w, err)
	h := w.Header()
	for _, name := range []string{"ETag", "Link", "Content-Encoding"} {
		h.Del(name)
	}
	if d.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", retrySeconds)
	}
	again := "/" + strings.TrimLeft(r.URL.RequestURI(), "/") // two slashes would be another host
	s.write(w, r, d.Status, "error", frame{Title: d.Title, Body: failure{d, again, typed(r)}})
}

// retrySeconds is the time to wait while the database is briefly unreachable.
const retrySeconds = "1"

// markUnavailable sets Retry-After in an answer, and notes the cause for the log.
func markUnavailable(w http.ResponseWriter, cause error) {
	_ = problem.Record(w, cause)
	w.Header().Set("Retry-After", retrySeconds)
}

// failure is the body of an error page.
type failure struct {
	problem.Document
	Again string     // the address to try again
	Typed url.Values // the text of a form that was not accepted, to be sent again; nil for none
}

// Temporary reports whether trying again may help.
func (f failure) Temporary() bool {
	return f.Status >= http.StatusInternalServerError || f.Status == http.StatusTooManyRequests
}

// NotFound reports whether the address has no page.
func (f failure) NotFound() bool { return f.Status == http.StatusNotFound }

// Missing answers an unknown address with an error page.
func (s *Site) Missing(w http.ResponseWriter, r *http.Request) { s.fail(w, r, errNoPage) }

// Refused answers a request that was refused before it reached a handler, with an error page.
func (s *Site) Refused(w http.ResponseWriter, r *http.Request, err error) { s.fail(w, r, err) }

// BackOffice reports whether the address is in the back office.
func (f failure) BackOffice() bool { return strings.HasPrefix(f.Again, backOffice) }

// WantsPage reports whether a request accepts HTML, as a browser's navigation does.
func WantsPage(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}
