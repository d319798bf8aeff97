package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// gable runs one command line and returns what a person would see.
func gable(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = Run(t.Context(), &Process{In: strings.NewReader(""), Out: &out, Err: &err}, args)
	return code, out.String(), err.String()
}

func TestAWrongCommandLineIsOneClearLineAndCode2(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag": {[]string{"version", "--jsno"},
			`gable: unknown flag --jsno, did you mean "--json"?; see gable version --help` + "\n"},
		"unknown command": {[]string{"cache", "stat"},
			`gable: unexpected argument stat, did you mean "stats"?; see gable cache --help` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, err := gable(t, c.args...)
			if code != 2 || out != "" || err != c.want {
				t.Errorf("code %d, stdout %q, stderr:\n%swant:\n%s", code, out, err, c.want)
			}
		})
	}
}

func TestNoCommandIsAUsageErrorThatNamesTheCommands(t *testing.T) {
	code, _, err := gable(t)
	if code != 2 || !strings.Contains(err, `"serve"`) || !strings.HasSuffix(err, "see gable --help\n") {
		t.Errorf("code %d, stderr %q", code, err)
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	parser := newParser(context.Background(), &Process{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}, newCommands())
	for _, command := range parser.Model.Leaves(true) {
		t.Run(command.Path(), func(t *testing.T) {
			args := append(strings.Fields(commandPath(command)), "--help")
			code, out, err := gable(t, args...)
			if code != 0 || err != "" || !strings.Contains(out, "Example") || !strings.Contains(out, "\n    "+exampleLine(out)) {
				t.Errorf("code %d, stderr %q, stdout:\n%s", code, err, out)
			}
			if !strings.Contains(exampleLine(out), "gable "+commandPath(command)) {
				t.Errorf("the example does not show the command:\n%s", out)
			}
		})
	}
}

// commandPath is the command without its arguments: "cache stats".
func commandPath(command *kong.Node) string {
	return strings.TrimPrefix(command.FullPath(), "gable ")
}

// exampleLine is the first line of the help's example.
func exampleLine(help string) string {
	_, example, _ := strings.Cut(strings.ReplaceAll(help, "Examples:", "Example:"), "Example:\n\n")
	line, _, _ := strings.Cut(strings.TrimLeft(example, " \n"), "\n")
	return line
}

func TestVersionTellsTheBuildAsTextAndJSON(t *testing.T) {
	if code, out, _ := gable(t, "version"); code != 0 || !strings.HasPrefix(out, "gable ") ||
		strings.Count(out, "\n") != 1 {
		t.Errorf("code %d: %q", code, out)
	}
	if code, out, _ := gable(t, "version", "--json"); code != 0 || !strings.HasPrefix(out, `{"version":"`) {
		t.Errorf("code %d: %q", code, out)
	}
}
