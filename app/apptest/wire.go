//go:build unix

package apptest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Wire is one connection to a process, over which several requests are sent at a time. It reads only the parts of an
// answer that the checker needs, so that a machine's time goes into the checking and not into the client.
type Wire struct {
	Node *Node
	Base string
	Conn net.Conn
	In   *bufio.Reader
	out  []byte
	body []byte
}

// WireAnswer is the part of an answer that the checker needs. The body is valid until the next answer is read.
type WireAnswer struct {
	Status int
	Level  string
	Stale  bool
	Age    time.Duration
	Token  string
	Body   []byte
}

// WirePatience is longer than a healthy process ever needs, also one that waits for a disturbed server.
const WirePatience = 4 * time.Second

// Request adds a request to those that will be sent together.
func (w *Wire) Request(method, target, body string, headers ...string) {
	w.out = fmt.Appendf(w.out, "%s %s HTTP/1.1\r\nHost: gable\r\n", method, target)
	if method != http.MethodGet {
		w.out = fmt.Appendf(w.out, "Authorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n",
			w.Node.Key, len(body))
	}
	for i := 0; i < len(headers); i += 2 {
		w.out = append(append(append(append(w.out, headers[i]...), ": "...), headers[i+1]...), "\r\n"...)
	}
	w.out = append(append(w.out, "\r\n"...), body...)
}

// Send sends the requests to the process's current address.
func (w *Wire) Send() (err error) {
	defer func() { w.out = w.out[:0] }()
	if base := *w.Node.Base.Load(); w.Conn == nil || base != w.Base {
		w.Close()
		if w.Conn, err = net.DialTimeout("tcp", strings.TrimPrefix(base, "http://"), WirePatience); err != nil {
			w.Conn = nil
			return err
		}
		w.Base, w.In = base, bufio.NewReaderSize(w.Conn, 32<<10)
	}
	if err := w.Conn.SetDeadline(time.Now().Add(WirePatience)); err != nil {
		return err
	}
	_, err = w.Conn.Write(w.out)
	return err
}

// Close closes the connection.
func (w *Wire) Close() {
	if w.Conn != nil {
		_ = w.Conn.Close()
		w.Conn = nil
	}
}

// Receive reads the next answer. After an error the connection is of no further use.
func (w *Wire) Receive() (a WireAnswer, err error) {
	length := -1
	for first := true; ; first = false {
		line, err := w.In.ReadSlice('\n')
		if err != nil {
			return a, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if first {
			if len(line) < 12 {
				return a, fmt.Errorf("not a status line: %q", line)
			}
			a.Status, err = strconv.Atoi(string(line[9:12]))
		} else {
			err = a.header(line, &length)
		}
		if err != nil {
			return a, err
		}
	}
	if a.Status == http.StatusNoContent || a.Status == http.StatusNotModified {
		return a, nil
	}
	if length < 0 {
		return a, errors.New("an answer without Content-Length")
	}
	if cap(w.body) < length {
		w.body = make([]byte, length)
	}
	a.Body = w.body[:length]
	_, err = io.ReadFull(w.In, a.Body)
	return a, err
}

func (a *WireAnswer) header(line []byte, length *int) (err error) {
	name, value, _ := bytes.Cut(line, []byte(": "))
	switch string(name) {
	case "Content-Length":
		*length, err = strconv.Atoi(string(value))
	case "Age":
		var seconds int
		seconds, err = strconv.Atoi(string(value))
		a.Age = time.Duration(seconds) * time.Second
	case TokenHeader:
		a.Token = string(value)
	case "Cache-Status":
		a.Level, a.Stale = levelOf(value), bytes.Contains(value, []byte("detail=stale"))
	}
	return err
}

// levelOf returns the cache level that answered.
func levelOf(status []byte) string {
	for _, level := range []struct{ mark, name string }{
		{"gable-view; hit", "view"}, {"gable-query; hit", "query"}, {"collapsed", "shared load"}, {"fwd=bypass", "bypassed"},
	} {
		if bytes.Contains(status, []byte(level.mark)) {
			return level.name
		}
	}
	return "load"
}

// LeadingInt parses the digits at the beginning.
func LeadingInt(b []byte) int {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			break
		}
		n = 10*n + int(c-'0')
	}
	return n
}
