package docs

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestTheReadmeIsShort(t *testing.T) {
	if n := len(strings.Fields(string(written(t)[repository+"/README.md"]))); n > 1500 {
		t.Errorf("it has %d words", n)
	}
}

func TestTheGuideForOperatorsHasEveryKeyOfTheConfiguration(t *testing.T) {
	guide := string(written(t)["guide/operations.md"])
	defaults, err := os.Open(repository + "/configs/default.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer defaults.Close()
	rows := 0
	section := ""
	for lines := bufio.NewScanner(defaults); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		switch {
		case strings.HasPrefix(strings.TrimSpace(key), "#") || key == "":
		case !strings.HasPrefix(key, " "):
			section = key
		default:
			row := "| `" + section + "." + strings.TrimSpace(key) + "` | `" + strings.Trim(strings.TrimSpace(value), `"`) + "` |"
			if !strings.Contains(guide, row) {
				t.Errorf("the guide lacks %s", row)
			}
			rows++
		}
	}
	if n := len(regexp.MustCompile("(?m)^\\| `[a-z]+\\.[a-z_]+` \\|").FindAllString(guide, -1)); n != rows || n < 50 {
		t.Errorf("the guide has %d keys, the configuration %d", n, rows)
	}
}

var (
	logCall  = regexp.MustCompile(`\b(?:[lL]og|Reads)\.(?:Debug|Info|Warn|Error|Check)\((?:level, )?("[^"]+"|WrongAnswer)`)
	logRow   = regexp.MustCompile("(?m)^\\| (`[^|]+`) \\| (?:debug|info|warn|error)")
	quoted   = regexp.MustCompile("`([^`]+)`")
	logConst = regexp.MustCompile(`WrongAnswer = "([^"]+)"`)
)

func TestTheGuideForOperatorsHasEveryLogLine(t *testing.T) {
	guide := string(written(t)["guide/operations.md"])
	explained := map[string]bool{"request": strings.Contains(guide, "`request` is one line for each request")}
	for _, row := range logRow.FindAllStringSubmatch(guide, -1) {
		for _, m := range quoted.FindAllStringSubmatch(row[1], -1) {
			explained[m[1]] = true
		}
	}
	logged := logMessages(t)
	for message := range logged {
		if !explained[message] {
			t.Errorf("the guide does not explain %q", message)
		}
	}
	for message := range explained {
		if !logged[message] {
			t.Errorf("the guide explains %q, which is never logged", message)
		}
	}
}

// The texts of alerts and panels quote log lines and commands. Both exist.
func TestAlertsAndPanelsQuoteRealLogLines(t *testing.T) {
	logged, found := logMessages(t), 0
	for _, file := range []string{"configs/prometheus/rules.yaml", "configs/grafana/gable.json"} {
		text, err := os.ReadFile(filepath.Join(repository, file))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.ReplaceAll(regexp.MustCompile(`\n +`).ReplaceAllString(string(text), " "), `\"`, `"`)
		for _, m := range regexp.MustCompile(`log lines? "([^"]+)"`).FindAllStringSubmatch(lines, -1) {
			if found++; !logged[m[1]] {
				t.Errorf("%s quotes %q, which is never logged", file, m[1])
			}
		}
	}
	if found < 3 {
		t.Errorf("only %d quotes were found", found)
	}
}

// logMessages returns the messages that the program logs.
func logMessages(t *testing.T) map[string]bool {
	t.Helper()
	logged := map[string]bool{}
	for _, folder := range []string{"adapters", "app"} {
		eachSource(t, filepath.Join(repository, folder), func(source string) {
			for _, m := range logCall.FindAllStringSubmatch(source, -1) {
				logged[strings.Trim(m[1], `"`)] = true
			}
			for _, m := range logConst.FindAllStringSubmatch(source, -1) {
				logged[m[1]] = true
			}
		})
	}
	delete(logged, "WrongAnswer") // a constant, whose text is found above
	if len(logged) < 50 {
		t.Errorf("only %d messages were found", len(logged))
	}
	return logged
}

// eachSource visits the program's own sources below a folder.
func eachSource(t *testing.T, folder string, visit func(source string)) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "apptest" || entry.Name() == "servicetest"):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(path)
		visit(string(source))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheGuideToTheArchitectureNamesEveryPackage(t *testing.T) {
	guide := string(written(t)["guide/architecture.md"])
	packages := 0
	for _, root := range []string{"domain", "ports", "adapters", "app", "migrations", "configs"} {
		err := filepath.WalkDir(filepath.Join(repository, root), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			sources, err := filepath.Glob(filepath.Join(path, "*.go"))
			name, _ := filepath.Rel(repository, path)
			if len(sources) > 0 && entry.Name() != "node_modules" {
				packages++
				if !strings.Contains(guide, "`"+filepath.ToSlash(name)+"`") {
					t.Errorf("%s is missing", name)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if packages < 40 {
		t.Errorf("only %d packages were found", packages)
	}
}

func TestTheSecurityGuideNamesTestsThatExist(t *testing.T) {
	guide := written(t)["guide/security.md"]
	var tests strings.Builder
	err := filepath.WalkDir(repository, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "node_modules":
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(path)
		tests.Write(source)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`").FindAllStringSubmatch(string(guide), -1)
	if len(named) < 100 {
		t.Errorf("only %d tests are named", len(named))
	}
	for _, name := range named {
		if !strings.Contains(tests.String(), "\nfunc "+name[1]+"(") {
			t.Errorf("%s does not exist", name[1])
		}
	}
}
