package site

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// inline matches the code and styles in the text of a page that the policy forbids.
var inline = map[string]*regexp.Regexp{
	"a script without a file": regexp.MustCompile(
		`(?i)<script(?:\s[^>]*)?>\s*[^<\s]|<script(?:\s+(?:defer|async|type="[^"]*"))*\s*>`),
	"a style":              regexp.MustCompile(`(?i)<style|\sstyle\s*=`),
	"code in an attribute": regexp.MustCompile(`(?i)\s(?:on[a-z]+|hx-on[:a-z-]*|hx-vars)\s*=`),
	"code in a value":      regexp.MustCompile(`(?i)(?:javascript|js):`),
	"another host":         regexp.MustCompile(`(?i)(?:src|href|action|hx-get|hx-post)\s*=\s*"?(?:https?:)?//`),
}

func TestTemplatesHoldNoCodeAndNoStyle(t *testing.T) {
	read := 0
	err := fs.WalkDir(embedded, "templates", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(embedded, file)
		read++
		for what, pattern := range inline {
			if found := pattern.Find(text); found != nil {
				t.Errorf("%s holds %s: %s", file, what, found)
			}
		}
		return err
	})
	if err != nil || read < 20 {
		t.Errorf("%d templates read, %v", read, err)
	}
	for _, caught := range []string{"<script>x", "<script >", `<b onclick="x">`, `<b style="x">`,
		`<a href="javascript:x">`, `<img src="//x/y">`} {
		ok := false
		for _, pattern := range inline {
			ok = ok || pattern.MatchString(caught)
		}
		if !ok {
			t.Errorf("%s would not be noticed", caught)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("got the policy %s", policy)
	}
}

// Error pages and rare states also have addresses, which no visit of all pages sees.
func TestEveryAddressInATemplateBeginsWithTheBasePath(t *testing.T) {
	address := regexp.MustCompile(`\b(?:href|src|action|formaction|hx-get|hx-post|data-samples)="([^"]*)`)
	elsewhere := regexp.MustCompile(`^(\{\{base\}\}[/{]|\{\{\.Assets\}\}|#|\{\{\$photo\}\}$|\{\{\.Rejects\}\}$)`)
	found := 0
	err := fs.WalkDir(embedded, "templates", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(embedded, name)
		for _, m := range address.FindAllStringSubmatch(string(text), -1) {
			canonical := strings.HasSuffix(name, "frame.html") && m[0] == `href="{{.}}`
			if found++; !elsewhere.MatchString(m[1]) && !canonical {
				t.Errorf("%s: %s leads outside a base path", name, m[0])
			}
		}
		return err
	})
	if err != nil || found < 90 {
		t.Errorf("%d addresses, %v", found, err)
	}
}
