//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/cli"
)

// child is a gable process whose log the test reads line by line.
type child struct {
	t    *testing.T
	cmd  *exec.Cmd
	log  *bufio.Scanner
	pipe *os.File // the reading end of its standard error
	base string
	ops  string
}

// startChild starts a process over a database of its own. The command line begins with the program, or with wrap,
// which runs the program.
func startChild(t *testing.T, wrap []string, stdout io.Writer, args []string, settings ...string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	line := append(append(wrap, self), args...)
	c := &child{t: t, cmd: exec.Command(line[0], line[1:]...)}
	c.cmd.Env = append(apptest.Environment(), append([]string{
		"GABLE_DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "gable.db"), "GABLE_LOG_FORMAT=json",
		"GABLE_HTTP_ADDRESS=127.0.0.1:0", "GABLE_OPS_ADDRESS=127.0.0.1:0", "GABLE_SHUTDOWN_DELAY=0s",
	}, settings...)...)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	reading, writing, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.pipe, c.log, c.cmd.Stderr, c.cmd.Stdout = reading, bufio.NewScanner(reading), writing, stdout
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writing.Close() // the child has it
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = reading.Close()
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	})
	return c
}

// line reads the log up to the line with the message.
func (c *child) line(message string) map[string]any {
	c.t.Helper()
	var seen bytes.Buffer
	for c.log.Scan() {
		seen.Write(append(c.log.Bytes(), '\n'))
		var line map[string]any
		if json.Unmarshal(c.log.Bytes(), &line) == nil && line["message"] == message {
			return line
		}
	}
	c.t.Fatalf("no line %q in the log:\n%s", message, seen.String())
	return nil
}

// serving waits until the process serves.
func (c *child) serving() *child {
	c.t.Helper()
	line := c.line("serving")
	c.base, c.ops = "http://"+line["http"].(string), "http://"+line["ops"].(string)
	return c
}

func (c *child) signal(s os.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}

// code waits for the end and returns the exit code, -1 after a signal.
func (c *child) code() int {
	c.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- c.cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		c.t.Fatal("the process does not end")
	}
	return c.cmd.ProcessState.ExitCode()
}

func (c *child) answers(times int) {
	c.t.Helper()
	for range times {
		response, err := http.Get(c.base + "/v1/properties")
		if err != nil {
			c.t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			c.t.Fatalf("status %d", response.StatusCode)
		}
	}
}

func serveChild(t *testing.T, settings ...string) *child {
	t.Helper()
	return startChild(t, nil, nil, []string{"serve"}, settings...).serving()
}

func TestAServiceOutlivesTheReaderOfItsLog(t *testing.T) {
	t.Parallel()
	c := serveChild(t)
	_ = c.pipe.Close()
	c.answers(5)
	c.signal(syscall.SIGTERM)
	if code := c.code(); code != cli.ExitOK {
		t.Errorf("exit code %d", code)
	}
}

func TestAServiceOutlivesTheReaderOfItsStandardOutput(t *testing.T) {
	t.Parallel()
	reading, writing, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c := startChild(t, []string{"sh", "-c", `exec "$0" "$@" 2>&1`}, writing, []string{"serve"}) // as with `| tee`
	_, c.log = writing.Close(), bufio.NewScanner(reading)
	c.serving()
	_ = reading.Close()
	c.answers(5)
	c.signal(syscall.SIGTERM)
	if code := c.code(); code != cli.ExitOK {
		t.Errorf("exit code %d", code)
	}
}

func TestACommandWhoseReaderHasGoneEndsQuietly(t *testing.T) {
	t.Parallel()
	reading, writing, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = reading.Close()
	for _, args := range [][]string{{"config", "check"}, {"version"}, {"admin", "list"}} {
		c := startChild(t, nil, writing, args)
		var text strings.Builder
		for c.log.Scan() {
			if line := c.log.Text(); !strings.HasPrefix(line, "gable: created the database") {
				text.WriteString(line)
			}
		}
		if code := c.code(); code != cli.ExitFailed || text.Len() > 0 {
			t.Errorf("%v: exit code %d, it says %q", args, code, text.String())
		}
	}
}

func TestAnImportGoesOnWhenNobodyReadsItsProgress(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "listings.csv")
	if err := os.WriteFile(file, []byte("reference,title,price,location\na,House,1,Here\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c := startChild(t, nil, &out, []string{"import", file})
	_ = c.pipe.Close()
	if code := c.code(); code != cli.ExitOK || !strings.Contains(out.String(), "1 created") {
		t.Errorf("exit code %d: %s", code, out.String())
	}
}

func TestEverySignalToEndDrainsAndIsNamedInTheLog(t *testing.T) {
	t.Parallel()
	for ending, name := range map[os.Signal]string{
		syscall.SIGTERM: "terminated", syscall.SIGINT: "interrupt", syscall.SIGHUP: "hangup",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			skipIgnored(t, ending)
			c := serveChild(t)
			c.signal(ending)
			for _, message := range []string{"stopping", "draining", "stopped"} {
				if line := c.line(message); message != "draining" && line["cause"] != name+" signal received" {
					t.Errorf("%v", line)
				}
			}
			if code := c.code(); code != cli.ExitOK {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// skipIgnored skips a test where a signal is ignored, as SIGHUP is under nohup: child processes inherit that.
func skipIgnored(t *testing.T, s os.Signal) {
	t.Helper()
	if signal.Ignored(s) {
		t.Skipf("%s is ignored here", s)
	}
}

func TestATerminalThatClosesCutsNoDrainingShort(t *testing.T) {
	t.Parallel()
	skipIgnored(t, syscall.SIGHUP)
	c := serveChild(t, "GABLE_SHUTDOWN_DELAY=500ms")
	c.signal(syscall.SIGHUP)
	c.line("draining")
	c.signal(syscall.SIGHUP)
	c.answers(1)
	c.line("stopped")
	if code := c.code(); code != cli.ExitOK {
		t.Errorf("exit code %d", code)
	}
}

func TestASecondRequestToEndEndsAtOnce(t *testing.T) {
	t.Parallel()
	for _, second := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		c := serveChild(t, "GABLE_SHUTDOWN_DELAY=10s")
		c.signal(syscall.SIGTERM)
		c.line("draining")
		time.Sleep(300 * time.Millisecond) // the first signal is handled beside the drain
		began := time.Now()
		c.signal(second)
		if code, took := c.code(), time.Since(began); code != -1 || took > 5*time.Second {
			t.Errorf("%v: exit code %d after %s", second, code, took)
		}
	}
}

func TestNohupIsRespected(t *testing.T) {
	t.Parallel()
	c := startChild(t, []string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`}, nil, []string{"serve"}).serving()
	c.signal(syscall.SIGHUP)
	c.answers(1)
	c.signal(syscall.SIGTERM)
	if line := c.line("stopping"); line["cause"] != "terminated signal received" {
		t.Errorf("%v", line)
	}
}

func TestSignalsChangeTheLevelOfTheLogAndBringItBack(t *testing.T) {
	t.Parallel()
	c := serveChild(t)
	c.signal(syscall.SIGUSR1)
	if line := c.line("log level changed"); line["from"] != "info" || line["to"] != "debug" {
		t.Errorf("%v", line)
	}
	c.answers(1)
	c.signal(syscall.SIGUSR2)
	if line := c.line("log level changed"); line["from"] != "debug" || line["to"] != "info" {
		t.Errorf("%v", line)
	}
}
