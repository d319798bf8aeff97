package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe has many names: /dev/stdin, the /dev/fd/63 of a shell's <(…), and a name of its own.
func TestPipesAreImported(t *testing.T) {
	inNewDatabase(t)
	named := filepath.Join(t.TempDir(), "pipe")
	noError(t, syscall.Mkfifo(named, 0o600))
	t.Chdir(t.TempDir())
	writeNamed := func() error { return os.WriteFile(named, []byte(oneBadRow), 0o600) }
	read, write, err := os.Pipe()
	noError(t, err)
	defer read.Close()
	writeOpen := func() error {
		_, err := write.WriteString(oneBadRow)
		_ = write.Close()
		return err
	}
	for path, fill := range map[string]func() error{named: writeNamed, fmt.Sprintf("/dev/fd/%d", read.Fd()): writeOpen} {
		done := make(chan error)
		go func() { done <- fill() }()
		code, out, stderr := gable(t, "import", path)
		noError(t, <-done)
		if code != ExitRejected || !strings.Contains(out, "2 read") || !strings.Contains(out, "are in import.rejects") {
			t.Errorf("%s: code %d, %q, %q", path, code, out, stderr)
		}
	}
	rows, err := os.ReadFile("import.rejects.2.csv")
	if err != nil || !strings.Contains(string(rows), "a-2,Bad,many,Here,") {
		t.Errorf("%s, %v", rows, err)
	}
}
