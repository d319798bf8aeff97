package e2e

import (
	"flag"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/domain/access"
)

var update = flag.Bool("update", false, "rewrite the golden file of explanations")

// varies is what differs between two visits of the page about the caches.
var varies = []struct {
	pattern *regexp.Regexp
	masked  string
}{
	{regexp.MustCompile(`<time datetime="[^"]+">[^<]+</time>`), "<time>"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "ID"},
	{regexp.MustCompile(`<dd>[0-9,]+ bytes(, identity )?[0-9,]*`), "<dd>SIZE bytes${1}"},
	{regexp.MustCompile(`<code>[0-9:,]+</code>`), "<code>SNAPSHOT</code>"},
}

// explained is what the page about the caches shows of an address, without what varies.
func explained(b *apptest.Browser, address string) string {
	text := b.Get("/admin/cache?address=" + url.QueryEscape(address)).Must(http.StatusOK).Body
	_, text, _ = strings.Cut(text, "</form>\n<div")
	text, _, _ = strings.Cut(text, "</main>")
	for _, v := range varies {
		text = v.pattern.ReplaceAllString(text, v.masked)
	}
	return "# " + address + "\n<div" + text
}

func TestTheCachePageExplainsAnAddress(t *testing.T) {
	s := apptest.Embedded.Start(t, func(c *config.Config) { c.Freshness.MaxStaleness = time.Minute })
	boss := s.Staff("boss", access.RoleAdministrator)
	const asked = "/v1/properties?max_price=500&count=exact&limit=1"
	house := s.Create(`"title":"House","price":"400","kind":"house"`)
	got := explained(boss, "/docs") + explained(boss, asked)
	s.Get(asked).Must(http.StatusOK)
	got += explained(boss, asked)
	s.Patch(house.ID, `{"price":450}`)
	got += explained(boss, asked)
	s.Create(`"title":"Other","price":"300","kind":"house"`)
	s.Create(`"title":"Dear","price":"3000","kind":"house"`)
	got += explained(boss, asked)

	const golden = "testdata/explanations.html"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got != string(want) {
		t.Errorf("%v; got\n%s", err, got)
	}
}
