//go:build unix

package apptest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/cli"
	"github.com/gable-listings/gable/app/insight"
)

// Node is one gable process, or its slot between two runs.
type Node struct {
	T         *testing.T
	Name      string
	Program   string // another build of the program; "" is this one
	Key       string
	Settings  []string
	Database  *Link // nil without proxies
	Cache     *Link
	Transport *http.Transport
	Base      atomic.Pointer[string] // of the HTTP API; changes with each start
	OpsBase   atomic.Pointer[string]
	// Pardons reports whether the database is being changed in a way that the process may not have seen yet; nil means
	// never.
	Pardons atomic.Pointer[func() bool]

	Cmd   *exec.Cmd
	Stdin io.Closer // the process ends when this does
	Ended chan struct{}
	Log   *ProcessLog
}

// NewNode makes a process of the cluster, not started yet.
func NewNode(c *Cluster, name string, p Plan) *Node {
	n := &Node{T: c.T, Name: name, Key: c.Key, Transport: &http.Transport{DisableCompression: true,
		MaxIdleConnsPerHost: 256}}
	database, cache := c.Entrance, c.Cache
	if p.Links {
		n.Database, database = newLink(c.T, database)
		n.Cache, cache = newLink(c.T, cache)
	}
	n.Settings = append([]string{
		"GABLE_DATABASE_URL=" + database, "GABLE_CACHE_URL=" + cache, "GABLE_SHUTDOWN_DELAY=50ms", "GABLE_LOG_FORMAT=json",
		"GABLE_HTTP_ADDRESS=127.0.0.1:0", "GABLE_OPS_ADDRESS=127.0.0.1:0",
	}, p.Settings...)
	c.T.Cleanup(func() {
		n.End()
		n.Transport.CloseIdleConnections()
		if c.T.Failed() {
			c.T.Logf("process %s:\n%s", n.Name, n.Log.Tail())
		}
	})
	return n
}

// Start starts the process and returns when it logs that it serves.
func (n *Node) Start() {
	n.T.Helper()
	program := n.Program
	if program == "" {
		program = ThisProgram(n.T)
	}
	n.Log = &ProcessLog{Serving: make(chan struct{}), alarm: func(line string) {
		if pardons := n.Pardons.Load(); pardons != nil && (*pardons)() {
			return
		}
		n.T.Errorf("process %s has logged a wrong answer, or a false alarm: %s", n.Name, line)
	}}
	cmd := exec.Command(program, "serve")
	cmd.Env = append(Environment(), n.Settings...)
	cmd.Stdout, cmd.Stderr = n.Log, n.Log
	// A group of its own: if it loses its parent while it is frozen, it is resumed and ended.
	cmd.SysProcAttr = ChildAttributes()
	var err error
	if n.Stdin, err = cmd.StdinPipe(); err != nil {
		n.T.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		n.T.Fatal(err)
	}
	n.Cmd, n.Ended = cmd, make(chan struct{})
	go func(ended chan struct{}) {
		_ = cmd.Wait()
		close(ended)
	}(n.Ended)
	select {
	case <-n.Log.Serving:
	case <-n.Ended:
		n.T.Fatalf("process %s ended at its start:\n%s", n.Name, n.Log.Tail())
	case <-time.After(20 * time.Second):
		n.T.Fatalf("process %s does not serve:\n%s", n.Name, n.Log.Tail())
	}
	api, ops := "http://"+n.Log.HTTP, "http://"+n.Log.ops
	n.Base.Store(&api)
	n.OpsBase.Store(&ops)
}

// ThisProgram returns the path of the test binary, which is the program itself in the environment of a Node.
func ThisProgram(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return self
}

// Environment returns this process's environment without any setting of the program.
func Environment() []string {
	env := []string{runVariable + "=1"}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "GABLE_") {
			env = append(env, variable)
		}
	}
	return env
}

// Settle waits until the process is ready and its caches are in use.
func (n *Node) Settle() {
	n.T.Helper()
	Poll(n.T, "process "+n.Name+" is ready", func() bool {
		r, err := n.Try(http.MethodGet, "/readyz", "")
		return err == nil && r.Status == http.StatusOK
	})
	var last Reply
	var err error
	defer func() {
		if n.T.Failed() {
			ready, _ := n.Try(http.MethodGet, "/readyz", "")
			n.T.Logf("process %s answers %d, %q, %v; its readiness: %s", n.Name, last.Status, last.Header, err, ready.Body)
		}
	}()
	Poll(n.T, "process "+n.Name+" trusts its feed", func() bool {
		last, err = n.Try(http.MethodGet, "/v1/properties?limit=1&q="+url.QueryEscape("nobody’s listing"), "")
		return err == nil && last.Status == http.StatusOK && !strings.Contains(last.Header.Get("Cache-Status"), "bypass")
	})
}

// Restart starts the process again after Kill or Stop.
func (n *Node) Restart() {
	n.T.Helper()
	n.Start()
	n.Settle()
}

func (n *Node) signal(s syscall.Signal) {
	n.T.Helper()
	if err := n.Cmd.Process.Signal(s); err != nil {
		n.T.Fatalf("%s to process %s: %v", s, n.Name, err)
	}
}

// Sum adds up a metric of the process over its labels.
func (n *Node) Sum(metric string) (total float64) {
	n.T.Helper()
	request, err := http.NewRequestWithContext(n.T.Context(), http.MethodGet, *n.OpsBase.Load()+"/metrics", http.NoBody)
	if err != nil {
		n.T.Fatal(err)
	}
	response, err := n.Transport.RoundTrip(request)
	if err != nil {
		n.T.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		n.T.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if base, _, _ := strings.Cut(name, "{"); base == metric {
			number, err := strconv.ParseFloat(value, 64)
			if err != nil {
				n.T.Fatal(err)
			}
			total += number
		}
	}
	return total
}

// Kill ends the process as kill -9 does.
func (n *Node) Kill() {
	n.T.Helper()
	n.signal(syscall.SIGKILL)
	<-n.Ended
}

// Stop ends the process in good order.
func (n *Node) Stop() {
	n.T.Helper()
	n.signal(syscall.SIGTERM)
	<-n.Ended
	if code := n.Cmd.ProcessState.ExitCode(); code != cli.ExitOK {
		n.T.Errorf("process %s ended with code %d", n.Name, code)
	}
}

// Freeze stops the process as SIGSTOP does.
func (n *Node) Freeze() { n.T.Helper(); n.signal(syscall.SIGSTOP) }

// Thaw lets a frozen process go on.
func (n *Node) Thaw() { n.T.Helper(); n.signal(syscall.SIGCONT) }

// End ends the process in any state.
func (n *Node) End() {
	if n.Cmd == nil || n.Cmd.Process == nil {
		return
	}
	_ = n.Cmd.Process.Kill() // it may have ended before
	<-n.Ended
	_ = n.Stdin.Close()
}

// ProcessLog holds the last lines that a process wrote, without ordinary requests, and finds the addresses in them.
type ProcessLog struct {
	mu      sync.Mutex // guards the fields below
	text    []byte
	line    []byte            // not yet ended
	alarm   func(line string) // receives violations
	Serving chan struct{}     // closed when the addresses are known
	HTTP    string
	ops     string
}

const logTail = 16 << 10

// Write implements io.Writer.
func (l *ProcessLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for rest := b; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		l.line, rest = append(l.line, line...), after
		if whole {
			l.take(l.line)
			l.line = l.line[:0]
		}
	}
	return len(b), nil
}

// take takes one line. mu is held.
func (l *ProcessLog) take(line []byte) {
	if bytes.HasPrefix(line, []byte(`{"level":"info"`)) && bytes.Contains(line, []byte(`"message":"request"`)) {
		return
	}
	l.text = append(append(l.text, line...), '\n')
	if len(l.text) > 2*logTail {
		l.text = append([]byte(nil), l.text[len(l.text)-logTail:]...)
	}
	var entry struct{ Message, HTTP, Ops string }
	if json.Unmarshal(line, &entry) != nil {
		return
	}
	switch entry.Message {
	case "serving":
		l.HTTP, l.ops = entry.HTTP, entry.Ops
		close(l.Serving)
	case insight.WrongAnswer:
		l.alarm(string(line))
	}
}

// Tail is the end of the log.
func (l *ProcessLog) Tail() string {
	if l == nil {
		return "never started"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(append(l.text[max(0, len(l.text)-logTail):len(l.text):len(l.text)], l.line...))
}
