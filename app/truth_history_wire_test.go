//go:build unix

package main

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

// wire is one connection to a process, over which several requests are sent at a time. It reads no more of an answer than
// the checker needs, so that the checking and not the client is what a machine's time goes into.
type wire struct {
	node *node
	base string
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	body []byte
}

// wireAnswer is what the checker needs of an answer. The body is valid until the next one is read.
type wireAnswer struct {
	status int
	level  string
	stale  bool
	age    time.Duration
	token  string
	body   []byte
}

// wirePatience is longer than a healthy process ever needs, also one that waits for what is hurt.
const wirePatience = 4 * time.Second

// request adds a request to those that will be sent together.
func (w *wire) request(method, target, body string, headers ...string) {
	w.out = fmt.Appendf(w.out, "%s %s HTTP/1.1\r\nHost: gable\r\n", method, target)
	if method != http.MethodGet {
		w.out = fmt.Appendf(w.out, "Authorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", w.node.key, len(body))
	}
	for i := 0; i < len(headers); i += 2 {
		w.out = append(append(append(append(w.out, headers[i]...), ": "...), headers[i+1]...), "\r\n"...)
	}
	w.out = append(append(w.out, "\r\n"...), body...)
}

// send sends the requests, to where the process is now.
func (w *wire) send() (err error) {
	defer func() { w.out = w.out[:0] }()
	if base := *w.node.base.Load(); w.conn == nil || base != w.base {
		w.close()
		if w.conn, err = net.DialTimeout("tcp", strings.TrimPrefix(base, "http://"), wirePatience); err != nil {
			w.conn = nil
			return err
		}
		w.base, w.in = base, bufio.NewReaderSize(w.conn, 32<<10)
	}
	if err := w.conn.SetDeadline(time.Now().Add(wirePatience)); err != nil {
		return err
	}
	_, err = w.conn.Write(w.out)
	return err
}

func (w *wire) close() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}

// receive reads the next answer. After an error the connection is of no use any more.
func (w *wire) receive() (a wireAnswer, err error) {
	length := -1
	for first := true; ; first = false {
		line, err := w.in.ReadSlice('\n')
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
			a.status, err = strconv.Atoi(string(line[9:12]))
		} else {
			err = a.header(line, &length)
		}
		if err != nil {
			return a, err
		}
	}
	if a.status == http.StatusNoContent || a.status == http.StatusNotModified {
		return a, nil
	}
	if length < 0 {
		return a, errors.New("an answer without Content-Length")
	}
	if cap(w.body) < length {
		w.body = make([]byte, length)
	}
	a.body = w.body[:length]
	_, err = io.ReadFull(w.in, a.body)
	return a, err
}

func (a *wireAnswer) header(line []byte, length *int) (err error) {
	name, value, _ := bytes.Cut(line, []byte(": "))
	switch string(name) {
	case "Content-Length":
		*length, err = strconv.Atoi(string(value))
	case "Age":
		var seconds int
		seconds, err = strconv.Atoi(string(value))
		a.age = time.Duration(seconds) * time.Second
	case tokenHeader:
		a.token = string(value)
	case "Cache-Status":
		a.level, a.stale = levelOf(value), bytes.Contains(value, []byte("detail=stale"))
	}
	return err
}

// levelOf is the level that answered.
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

// leadingInt reads the digits at the beginning.
func leadingInt(b []byte) int {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			break
		}
		n = 10*n + int(c-'0')
	}
	return n
}
