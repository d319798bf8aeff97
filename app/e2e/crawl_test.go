package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/gable-listings/gable/app/apptest"
)

// crawler visits every page whose address it finds, and sends every form as it stands. It records each address on its
// host that is not below the base path.
type crawler struct {
	t       *testing.T
	client  *http.Client
	front   *url.URL // the host, as browsers know it
	base    string
	visited map[string]int // how often, by kind of address
	pages   []string       // to visit
	forms   []sentForm     // to send
	outside []string
}

// sentForm is a form as a browser sends it with one of its buttons.
type sentForm struct {
	action string
	file   bool // goes as multipart/form-data
	fields url.Values
}

func newCrawler(t *testing.T, front, base string) *crawler {
	jar, err := cookiejar.New(nil)
	apptest.Must(t, err)
	at, err := url.Parse(front)
	apptest.Must(t, err)
	return &crawler{t: t, front: at, base: base, visited: map[string]int{}, client: &http.Client{
		Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// enough is how many addresses of one kind are visited, and how often each form is sent.
const enough = 3

var (
	identifier = regexp.MustCompile(`[0-9a-f-]{36}`)
	ownScript  = regexp.MustCompile(`/(site|cache|viewer)\.js$`)
	textLink   = regexp.MustCompile("[\"'`(]/[a-z][^\"'`) ]*") // an address in a script, style or Markdown
	linkTarget = regexp.MustCompile(`<([^>]*)>`)
)

// crawl continues until it finds nothing new. After each form, resume signs the crawler in again as before.
func (c *crawler) crawl(resume func()) {
	for len(c.pages)+len(c.forms) > 0 {
		if len(c.pages) > 0 {
			next := c.pages[0]
			c.pages = c.pages[1:]
			c.send(http.MethodGet, next, "", nil)
			continue
		}
		last := len(c.forms) - 1 // a form that follows from another one is sent before it is out of date
		next := c.forms[last]
		c.forms = c.forms[:last]
		contentType, body := next.encode(c.t)
		c.send(http.MethodPost, next.action, contentType, body)
		resume()
	}
}

// send sends a request and reads the addresses in the answer.
func (c *crawler) send(method, address, contentType string, body io.Reader) int {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, address, body)
	apptest.Must(c.t, err)
	request.Header.Set("Accept", "text/html,*/*;q=0.8")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := c.client.Do(request)
	apptest.Must(c.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %d, %v", method, address, response.StatusCode, err)
	}
	if response.StatusCode >= http.StatusInternalServerError {
		c.t.Errorf("%s %s: %d %s", method, address, response.StatusCode, text)
	}
	c.read(request.URL, response.StatusCode, response.Header, text)
	return response.StatusCode
}

// read records all addresses of an answer.
func (c *crawler) read(at *url.URL, status int, h http.Header, body []byte) {
	for _, name := range []string{
		"Location", "Content-Location", "Hx-Redirect", "Hx-Location", "Hx-Push-Url", "Hx-Replace-Url",
	} {
		for _, value := range h.Values(name) {
			c.visit(at, name, value)
		}
	}
	for _, link := range h.Values("Link") {
		c.visit(at, "Link", linkTarget.FindStringSubmatch(link)[1])
	}
	for _, cookie := range (&http.Response{Header: h}).Cookies() {
		c.check(at, "the cookie "+cookie.Name, cookie.Path)
	}
	contentType, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	switch {
	case contentType == "text/html" && status != http.StatusPermanentRedirect:
		c.readPage(at, body)
	case contentType == "text/css", contentType == "text/javascript" && ownScript.MatchString(at.Path):
		for _, found := range textLink.FindAllString(string(body), -1) {
			c.check(at, "text", found[1:])
		}
	case strings.HasSuffix(at.Path, "/openapi.yaml"), strings.HasSuffix(at.Path, "/robots.txt"):
		for _, found := range regexp.MustCompile(`(?:\]\(|url: |Disallow: )(/[^) \n]*)`).FindAllSubmatch(body, -1) {
			c.check(at, "text", string(found[1]))
		}
	case contentType == "application/problem+json":
		var problem struct{ Type string }
		apptest.Must(c.t, json.Unmarshal(body, &problem))
		c.visit(at, "type", problem.Type)
	}
}

// readPage records the addresses and forms of a page.
func (c *crawler) readPage(at *url.URL, body []byte) {
	page, err := html.Parse(bytes.NewReader(body))
	apptest.Must(c.t, err)
	for node := range page.Descendants() {
		for _, a := range node.Attr {
			switch {
			case slices.Contains([]string{"href", "src", "hx-get", "data-samples"}, a.Key):
				c.visit(at, a.Key, a.Val)
			case slices.Contains([]string{"action", "formaction", "hx-post", "hx-put", "hx-patch", "hx-delete"}, a.Key):
				c.check(at, a.Key, a.Val)
			case a.Key != "value" && strings.HasPrefix(a.Val, "/"), strings.HasPrefix(a.Val, c.front.String()):
				c.check(at, a.Key, a.Val)
			}
		}
		if node.Data == "form" {
			c.readForm(at, node)
		}
	}
}

// check records an address that leads outside, and reports whether it leads to this host at all.
func (c *crawler) check(at *url.URL, where, address string) (*url.URL, bool) {
	to, err := at.Parse(address)
	if err != nil {
		c.outside = append(c.outside, at.Path+": "+where+" cannot be read: "+address)
		return nil, false
	}
	if to.Host != c.front.Host {
		return to, false
	}
	if to.Path != c.base && !strings.HasPrefix(to.Path, c.base+"/") {
		c.outside = append(c.outside, at.Path+": "+where+" leads to "+address)
	}
	return to, true
}

// visit checks an address, and visits it unless enough of its kind have been.
func (c *crawler) visit(at *url.URL, where, address string) {
	to, ours := c.check(at, where, address)
	if !ours || strings.HasPrefix(to.Path, c.base+"/v1/exports") && c.visited["export"] > enough {
		return
	}
	to.Fragment = ""
	names := make([]string, 0, 8)
	for name := range to.Query() {
		names = append(names, name)
	}
	slices.Sort(names)
	if c.visited[to.String()]++; c.visited[to.String()] > 1 {
		return
	}
	kind := identifier.ReplaceAllString(to.Path, "{id}") + "?" + strings.Join(names, "&")
	if c.visited[kind]++; c.visited[kind] <= enough {
		c.pages = append(c.pages, to.String())
	}
}

// readForm records how a form is sent, once with each of its buttons, but never one that signs out.
func (c *crawler) readForm(at *url.URL, form *html.Node) {
	attributes := attributesOf(form)
	to, _ := c.check(at, "action", attributes["action"])
	if strings.HasSuffix(to.Path, "/sign-out") {
		return
	}
	fields, buttons := url.Values{}, []url.Values{{}}
	for node := range form.Descendants() {
		a := attributesOf(node)
		_, checked := a["checked"]
		switch {
		case node.Data == "button" && a["name"] != "":
			buttons = append(buttons, url.Values{a["name"]: {a["value"]}})
		case node.Data == "input" && (a["type"] != "checkbox" || checked || a["name"] == "id"):
			fields.Add(a["name"], a["value"])
		case node.Data == "textarea":
			fields.Add(a["name"], "")
		case node.Data == "option" && !fields.Has(attributesOf(node.Parent)["name"]):
			fields.Set(attributesOf(node.Parent)["name"], a["value"])
		}
	}
	for _, button := range buttons {
		all := url.Values{}
		for _, values := range []url.Values{fields, button} {
			for name := range values {
				all[name] = values[name]
			}
		}
		if attributes["method"] != "post" {
			to.RawQuery = all.Encode()
			c.visit(at, "action", to.String())
			continue
		}
		kind := "POST " + identifier.ReplaceAllString(to.Path, "{id}") + button.Encode()
		if c.visited[kind]++; c.visited[kind] <= enough {
			c.forms = append(c.forms, sentForm{to.String(), attributes["enctype"] != "", all})
		}
	}
}

func attributesOf(node *html.Node) map[string]string {
	all := map[string]string{}
	for _, a := range node.Attr {
		all[a.Key] = a.Val
	}
	return all
}

// encode returns the form as it is sent. A file is one of listings, the second of which is refused.
func (f *sentForm) encode(t *testing.T) (contentType string, body io.Reader) {
	if !f.file {
		return "application/x-www-form-urlencoded", strings.NewReader(f.fields.Encode())
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, values := range f.fields {
		if name != "file" {
			apptest.Must(t, w.WriteField(name, values[0]))
		}
	}
	file, err := w.CreateFormFile("file", "listings.csv")
	apptest.Must(t, err)
	_, err = io.WriteString(file, "reference,title,price,location\nc-1,Sent,1,Here\nc-2,,x,Here\n")
	apptest.Must(t, err)
	apptest.Must(t, w.Close())
	return w.FormDataContentType(), &b
}
