//go:build unix

package truth

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The page for contributors takes out one rule as an example. The rule, its code and its file are those of the list.
func TestThePageForContributorsTakesOutARuleOfTheList(t *testing.T) {
	text, err := os.ReadFile("../../.github/CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	named := regexp.MustCompile(`TestNoGuardingRuleCanBeTakenOutUnnoticed/(\w+)\$`).FindStringSubmatch(page)
	if named == nil {
		t.Fatal("the page has no command that takes out one rule")
	}
	for _, m := range mutants {
		if strings.ReplaceAll(m.rule, " ", "_") == named[1] {
			if command := "sed -i 's/" + m.old + "/" + m.new + "/' " + m.file; !strings.Contains(page, command) {
				t.Errorf("the page lacks the command %s", command)
			}
			return
		}
	}
	t.Errorf("the list has no rule %s", named[1])
}
