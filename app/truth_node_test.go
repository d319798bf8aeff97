//go:build unix

package main

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
)

// node is one gable process, or the place of one between two lives.
type node struct {
	t         *testing.T
	name      string
	program   string // another build of the program; "" is this one
	key       string
	settings  []string
	database  *link // nil without proxies
	cache     *link
	transport *http.Transport
	base      atomic.Pointer[string] // of the HTTP API; changes with each start
	opsBase   atomic.Pointer[string]
	// pardons says that the database is being changed in a way that the process may not have seen yet; nil for never.
	pardons atomic.Pointer[func() bool]

	cmd   *exec.Cmd
	stdin io.Closer // the process ends when this does
	ended chan struct{}
	log   *processLog
}

func newNode(c *cluster, name string, p plan) *node {
	n := &node{t: c.t, name: name, key: c.key, transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 256}}
	database, cache := c.entrance, c.cache
	if p.links {
		n.database, database = newLink(c.t, database)
		n.cache, cache = newLink(c.t, cache)
	}
	n.settings = append([]string{
		"GABLE_DATABASE_URL=" + database, "GABLE_CACHE_URL=" + cache, "GABLE_SHUTDOWN_DELAY=50ms", "GABLE_LOG_FORMAT=json",
		"GABLE_HTTP_ADDRESS=127.0.0.1:0", "GABLE_OPS_ADDRESS=127.0.0.1:0",
	}, p.settings...)
	c.t.Cleanup(func() {
		n.end()
		n.transport.CloseIdleConnections()
		if c.t.Failed() {
			c.t.Logf("process %s:\n%s", n.name, n.log.tail())
		}
	})
	return n
}

// start starts the process and returns when it says that it serves.
func (n *node) start() {
	n.t.Helper()
	program := n.program
	if program == "" {
		program = thisProgram(n.t)
	}
	n.log = &processLog{serving: make(chan struct{}), alarm: func(line string) {
		if pardons := n.pardons.Load(); pardons != nil && (*pardons)() {
			return
		}
		n.t.Errorf("process %s has found out that it was wrong, or has raised a false alarm: %s", n.name, line)
	}}
	cmd := exec.Command(program, "serve")
	cmd.Env = append(environment(), n.settings...)
	cmd.Stdout, cmd.Stderr = n.log, n.log
	// A group of its own: one that loses its parent while it is frozen is woken and told to end.
	cmd.SysProcAttr = childAttributes()
	var err error
	if n.stdin, err = cmd.StdinPipe(); err != nil {
		n.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.cmd, n.ended = cmd, make(chan struct{})
	go func(ended chan struct{}) {
		_ = cmd.Wait()
		close(ended)
	}(n.ended)
	select {
	case <-n.log.serving:
	case <-n.ended:
		n.t.Fatalf("process %s ended at its start:\n%s", n.name, n.log.tail())
	case <-time.After(20 * time.Second):
		n.t.Fatalf("process %s does not serve:\n%s", n.name, n.log.tail())
	}
	api, ops := "http://"+n.log.http, "http://"+n.log.ops
	n.base.Store(&api)
	n.opsBase.Store(&ops)
}

// thisProgram is the test binary, which is the program itself in the environment that processes get.
func thisProgram(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return self
}

// environment is this process's own without any setting of the program.
func environment() []string {
	env := []string{runVariable + "=1"}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "GABLE_") {
			env = append(env, variable)
		}
	}
	return env
}

// settle waits until the process is ready and its caches are in use.
func (n *node) settle() {
	n.t.Helper()
	poll(n.t, "process "+n.name+" is ready", func() bool {
		r, err := n.try(http.MethodGet, "/readyz", "")
		return err == nil && r.status == http.StatusOK
	})
	var last reply
	var err error
	defer func() {
		if n.t.Failed() {
			ready, _ := n.try(http.MethodGet, "/readyz", "")
			n.t.Logf("process %s answers %d, %q, %v; it says of itself: %s", n.name, last.status, last.header, err, ready.body)
		}
	}()
	poll(n.t, "process "+n.name+" trusts its feed", func() bool {
		last, err = n.try(http.MethodGet, "/v1/properties?limit=1&q="+url.QueryEscape("nobody’s listing"), "")
		return err == nil && last.status == http.StatusOK && !strings.Contains(last.header.Get("Cache-Status"), "bypass")
	})
}

// restart starts the process again after kill or stop.
func (n *node) restart() {
	n.t.Helper()
	n.start()
	n.settle()
}

func (n *node) signal(s syscall.Signal) {
	n.t.Helper()
	if err := n.cmd.Process.Signal(s); err != nil {
		n.t.Fatalf("%s to process %s: %v", s, n.name, err)
	}
}

// sum adds up a metric of the process over its labels.
func (n *node) sum(metric string) (total float64) {
	n.t.Helper()
	request, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, *n.opsBase.Load()+"/metrics", http.NoBody)
	if err != nil {
		n.t.Fatal(err)
	}
	response, err := n.transport.RoundTrip(request)
	if err != nil {
		n.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if base, _, _ := strings.Cut(name, "{"); base == metric {
			number, err := strconv.ParseFloat(value, 64)
			if err != nil {
				n.t.Fatal(err)
			}
			total += number
		}
	}
	return total
}

// kill ends the process as kill -9 does.
func (n *node) kill() {
	n.t.Helper()
	n.signal(syscall.SIGKILL)
	<-n.ended
}

// stop ends the process in good order.
func (n *node) stop() {
	n.t.Helper()
	n.signal(syscall.SIGTERM)
	<-n.ended
	if code := n.cmd.ProcessState.ExitCode(); code != exitOK {
		n.t.Errorf("process %s ended with code %d", n.name, code)
	}
}

func (n *node) freeze() { n.t.Helper(); n.signal(syscall.SIGSTOP) }
func (n *node) thaw()   { n.t.Helper(); n.signal(syscall.SIGCONT) }

// end ends the process however it is.
func (n *node) end() {
	if n.cmd == nil || n.cmd.Process == nil {
		return
	}
	_ = n.cmd.Process.Kill() // it may have ended before
	<-n.ended
	_ = n.stdin.Close()
}

// processLog keeps the end of what a process writes, but for ordinary requests, and finds the addresses in it.
type processLog struct {
	mu      sync.Mutex // guards the fields below
	text    []byte
	line    []byte            // begun and not ended
	alarm   func(line string) // told of violations
	serving chan struct{}     // closed when the addresses are known
	http    string
	ops     string
}

const logKept = 16 << 10

// Write implements io.Writer.
func (l *processLog) Write(b []byte) (int, error) {
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
func (l *processLog) take(line []byte) {
	if bytes.HasPrefix(line, []byte(`{"level":"info"`)) && bytes.Contains(line, []byte(`"message":"request"`)) {
		return
	}
	l.text = append(append(l.text, line...), '\n')
	if len(l.text) > 2*logKept {
		l.text = append([]byte(nil), l.text[len(l.text)-logKept:]...)
	}
	var entry struct{ Message, HTTP, Ops string }
	if json.Unmarshal(line, &entry) != nil {
		return
	}
	switch entry.Message {
	case "serving":
		l.http, l.ops = entry.HTTP, entry.Ops
		close(l.serving)
	case wrongAnswer:
		l.alarm(string(line))
	}
}

func (l *processLog) tail() string {
	if l == nil {
		return "never started"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(append(l.text[max(0, len(l.text)-logKept):len(l.text):len(l.text)], l.line...))
}
