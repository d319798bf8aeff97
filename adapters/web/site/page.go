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

// policy lets a page load scripts, styles and data from this host alone, and pictures from wherever listings have them.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// pages are the templates, one set for each page, all with the same frame around it.
type pages struct {
	assets string // where the files are that pages load
	sets   map[string]*template.Template
}

// newPages reads the templates. What pages share stands in a folder of its own. In the templates base is the base path;
// every address of this site begins with it.
func newPages(base, assets string) (*pages, error) {
	own := template.FuncMap{"base": func() string { return base }}
	shared, err := template.New("").Funcs(words).Funcs(own).ParseFS(embedded, "templates/shared/*.html")
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

// frame is what every page has.
type frame struct {
	Title       string
	Description string // for search engines and whoever shares the address; "" for none
	Canonical   string // the page's own address, absolute; "" when nobody has said where the site is
	Image       string // address of a picture to show beside a shared link; "" for none
	Staff       *staff // who has signed in; nil on pages that are the same for everybody
	Section     string // which part of the back office it belongs to
	Body        any

	Assets string // set by render
}

// staff is who has signed in, as pages show them.
type staff struct {
	Name          string
	Administrator bool
	Notice        string // what has just been done, to be told once
}

// render makes the page. The templates are the program's own and the data is typed, so that a failure is a defect, which the
// tests of every page would show.
func (p *pages) render(name string, f frame) []byte {
	f.Assets = p.assets
	var b bytes.Buffer
	if err := p.sets[name].ExecuteTemplate(&b, "frame", f); err != nil {
		panic(fmt.Sprintf("render %s: %v", name, err))
	}
	return b.Bytes()
}

// write answers with a page that is not kept, neither here nor in the browser.
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

// errNoPage is the error for an address at which there is nothing.
var errNoPage = problem.Refuse(problem.NotFound, "Nothing is at this address.")

// fail answers with a page that says what went wrong and what to do.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	d := problem.Noted(w, err)
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

// retrySeconds is how long to wait when something is away for a moment.
const retrySeconds = "1"

// unavailable says in an answer's head that it may soon be asked for again, and leaves the cause for the log.
func unavailable(w http.ResponseWriter, cause error) {
	_ = problem.Noted(w, cause)
	w.Header().Set("Retry-After", retrySeconds)
}

// failure is the body of an error page.
type failure struct {
	problem.Document
	Again string     // the address to try again
	Kept  url.Values // what was typed into a form that could not be taken, to be sent there again; nil for none
}

// Temporary reports whether trying again may help.
func (f failure) Temporary() bool {
	return f.Status >= http.StatusInternalServerError || f.Status == http.StatusTooManyRequests
}

// NotFound reports whether there is nothing at the address.
func (f failure) NotFound() bool { return f.Status == http.StatusNotFound }

// Missing answers an address that no route has, for a browser.
func (s *Site) Missing(w http.ResponseWriter, r *http.Request) { s.fail(w, r, errNoPage) }

// Refused answers a request that is not worked on with a page that says why.
func (s *Site) Refused(w http.ResponseWriter, r *http.Request, err error) { s.fail(w, r, err) }

// BackOffice reports whether the address is of the back office.
func (f failure) BackOffice() bool { return strings.HasPrefix(f.Again, backOffice) }

// WantsPage reports whether a request comes from a browser that is to show the answer to a person.
func WantsPage(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}
