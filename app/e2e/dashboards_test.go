package e2e

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.yaml.in/yaml/v3"

	"github.com/gable-listings/gable/app/apptest"
)

// The dashboards and alerts must use only metrics that the program exports. A panel without data and an alert that
// never fires look like good news. A tokenizer that knows as much of PromQL as they use reads the expressions.

const (
	dashboardFile = "../../configs/grafana/gable.json"
	rulesFile     = "../../configs/prometheus/rules.yaml"
)

func TestDashboardsAndAlertsUseFiguresThatTheProgramExports(t *testing.T) {
	s := apptest.Embedded.Start(t)
	known := exported(t, s)
	for _, e := range readRules(t) {
		e.check(t, known)
		if e.record != "" {
			known[e.record] = e.labels()
		}
	}
	for _, e := range readDashboard(t) {
		e.check(t, known)
	}
}

// Names, units and help texts follow the conventions of Prometheus: the linter of promtool finds no problem.
func TestMetricsFollowTheConventionsOfPrometheus(t *testing.T) {
	s := apptest.Embedded.Start(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.OpsBase+"/metrics", http.NoBody)
	apptest.Must(t, err)
	response, err := http.DefaultClient.Do(request)
	apptest.Must(t, err)
	defer response.Body.Close()
	problems, err := promlint.New(response.Body).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

// series are the label values with which each metric has been seen.
type series map[string]map[string][]string

// exported returns what Prometheus would scrape.
func exported(t *testing.T, s *apptest.Server) series {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.OpsBase+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	known := series{"up": {}} // made by Prometheus itself
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, metric := range parseExpression(line).metrics {
			if known[metric.name] == nil {
				known[metric.name] = map[string][]string{}
			}
			for _, m := range metric.matchers {
				known[metric.name][m.label] = append(known[metric.name][m.label], m.value)
			}
		}
	}
	for name := range known { // Prometheus adds where it scraped a metric
		known[name]["job"], known[name]["instance"] = []string{"gable"}, nil
	}
	return known
}

// expression is one PromQL expression, where it stands, and the texts that go with it.
type expression struct {
	place  string
	record string // the name under which Prometheus stores its result
	texts  []string
	parsed
}

// parsed is what an expression reads.
type parsed struct {
	metrics  []metric
	grouping []string // labels of its sums and joins
}

type metric struct {
	name     string
	matchers []matcher
}

type matcher struct{ label, operator, value string }

// A promToken is a string, a range or an offset with its number, a variable, a name, a number, or a sign.
var promToken = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\$\w+|[A-Za-z_:][\w:]*` +
	`|[\d.]+(?:e[+-]?\d+|[a-z]+)?|=~|!~|!=|==|>=|<=|\S`)

var (
	nameToken  = regexp.MustCompile(`^[A-Za-z_:][\w:]*$`)
	groupWords = []string{"by", "without", "on", "ignoring", "group_left", "group_right"}
	otherWords = []string{"and", "or", "unless", "bool", "offset", "NaN", "Inf"}
)

// parseExpression finds the metrics and labels of an expression, or of one line of the text format, which has the same
// syntax.
func parseExpression(text string) (p parsed) {
	tokens := append(promToken.FindAllString(text, -1), "", "")
	for i := 0; i < len(tokens)-2; i++ {
		word, next := tokens[i], tokens[i+1]
		switch {
		case !nameToken.MatchString(word) || slices.Contains(otherWords, word):
		case slices.Contains(groupWords, word) && next == "(":
			for i += 2; tokens[i] != ")" && tokens[i] != ""; i++ {
				if tokens[i] != "," {
					p.grouping = append(p.grouping, tokens[i])
				}
			}
		case next == "(" || slices.Contains(groupWords, next): // a function, or a sum
		default:
			found := metric{name: word}
			if next == "{" {
				for i += 2; tokens[i] != "}" && tokens[i] != ""; i++ {
					if tokens[i] != "," {
						found.matchers = append(found.matchers, matcher{tokens[i], tokens[i+1], strings.Trim(tokens[i+2], `"`)})
						i += 2
					}
				}
			}
			p.metrics = append(p.metrics, found)
		}
	}
	return p
}

// labels returns the labels that the result has.
func (e *expression) labels() map[string][]string {
	labels := map[string][]string{}
	for _, label := range e.grouping {
		labels[label] = nil
	}
	return labels
}

// fixedLabels have all their values from the start.
var fixedLabels = []string{"level", "outcome", "result", "job"}

var shownLabel = regexp.MustCompile(`{{\s*(?:\$labels\.)?(\w+)\s*}}`)

func (e *expression) check(t *testing.T, known series) {
	t.Helper()
	if len(e.metrics) == 0 {
		t.Errorf("%s: the expression reads no metric", e.place)
	}
	all := map[string][]string{}
	for _, m := range e.metrics {
		labels, ok := known[m.name]
		if !ok {
			t.Errorf("%s: %s is not exported", e.place, m.name)
			continue
		}
		maps.Copy(all, labels)
		for _, match := range m.matchers {
			values, ok := labels[match.label]
			if !ok {
				t.Errorf("%s: %s has no label %s", e.place, m.name, match.label)
			}
			for value := range strings.SplitSeq(match.value, "|") {
				if slices.Contains(fixedLabels, match.label) && !slices.Contains(values, value) {
					t.Errorf("%s: %s is never %s=%q", e.place, m.name, match.label, value)
				}
			}
		}
	}
	for _, label := range e.grouping {
		if _, ok := all[label]; !ok {
			t.Errorf("%s: nothing in it has the label %s", e.place, label)
		}
	}
	if len(e.grouping) > 0 {
		all = e.labels()
	}
	for _, text := range e.texts {
		for _, shown := range shownLabel.FindAllStringSubmatch(text, -1) {
			if _, ok := all[shown[1]]; !ok {
				t.Errorf("%s: %q shows the label %s, which the result does not have", e.place, text, shown[1])
			}
		}
	}
}

// readRules reads the rules in order, and checks that every alert says what to do.
func readRules(t *testing.T) (list []expression) {
	t.Helper()
	var rules struct {
		Groups []struct {
			Rules []struct {
				Record, Alert, Expr, For string
				Labels, Annotations      map[string]string
			}
		}
	}
	text, err := os.ReadFile(rulesFile)
	if err == nil {
		err = yaml.Unmarshal(text, &rules)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range rules.Groups {
		for _, r := range group.Rules {
			place := "rule " + r.Record + r.Alert
			summary, description := r.Annotations["summary"], r.Annotations["description"]
			if r.Alert != "" && (summary == "" || description == "" || r.Labels["severity"] == "") {
				t.Errorf("%s: wants a summary, a description and a severity", place)
			}
			list = append(list, expression{place, r.Record, []string{summary, description}, parseExpression(r.Expr)})
		}
	}
	return list
}

var labelValues = regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`)

// readDashboard reads the panels and variables, and checks that every panel explains itself.
func readDashboard(t *testing.T) (list []expression) {
	t.Helper()
	var dashboard struct {
		Panels []struct {
			Title, Type, Description string
			Targets                  []struct{ Expr, LegendFormat string }
		}
		Templating struct {
			List []struct{ Name, Definition string }
		}
	}
	text, err := os.ReadFile(dashboardFile)
	if err == nil {
		err = json.Unmarshal(text, &dashboard)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		place := "panel " + p.Title
		if p.Type != "row" && (p.Description == "" || len(p.Targets) == 0) {
			t.Errorf("%s: wants a description and something to show", place)
		}
		for _, target := range p.Targets {
			list = append(list, expression{place, "", []string{target.LegendFormat}, parseExpression(target.Expr)})
		}
	}
	for _, v := range dashboard.Templating.List {
		if asked := labelValues.FindStringSubmatch(v.Definition); asked != nil {
			list = append(list, expression{"variable " + v.Name, "", nil,
				parseExpression("sum by (" + asked[2] + ") (" + asked[1] + ")")})
		}
	}
	return list
}

func TestTheTokenizerFindsFiguresAndLabels(t *testing.T) {
	got := parseExpression(`1 - sum by (level, le) (rate(a_total{x="1",y=~"b|c"}[5m])) ` +
		`/ on (level) b:c{z!="q} )"} > 0 or time() offset 5m`)
	want := parsed{
		metrics: []metric{{"a_total", []matcher{{"x", "=", "1"}, {"y", "=~", "b|c"}}},
			{"b:c", []matcher{{"z", "!=", "q} )"}}}},
		grouping: []string{"level", "le", "level"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(parsed{}, metric{}, matcher{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
