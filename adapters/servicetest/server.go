package servicetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"
)

// Server is a Postgres or Redis server for one test, listening on loopback. Its address and its data survive Stop,
// Kill and Start. Its methods fail the test on an error; they are not safe for concurrent use.
type Server struct {
	t       testing.TB
	url     string
	machine machine
	ready   func(ctx context.Context, url string) error
}

// machine runs a server: a child process or a container.
type machine interface {
	start(ctx context.Context) error
	stop(ctx context.Context) error // gently: clients are disconnected, data is written out
	kill(ctx context.Context) error // at once, as a power failure would
	pause(ctx context.Context) error
	resume(ctx context.Context) error
	remove() // ends it, frozen or not, and deletes its data
	died() <-chan struct{}
	log() string
}

// StartPostgres starts a Postgres server for this test alone, with one empty database. It ends with the test.
// Settings are those of postgresql.conf, such as "fsync=on"; they override the defaults for tests.
func StartPostgres(t testing.TB, settings ...string) *Server {
	t.Helper()
	return startFor(t, postgresWith(settings))
}

// StartRedis starts an empty Redis server for this test alone. It ends with the test. It writes nothing to disk
// unless the arguments, those of redis-server such as "--appendonly", "yes", say so.
func StartRedis(t testing.TB, args ...string) *Server {
	t.Helper()
	return startFor(t, redisService(args))
}

func startFor(t testing.TB, s service) *Server {
	t.Helper()
	server, err := launch(s)
	if err != nil {
		giveUp(t, err)
	}
	server.t = t
	t.Cleanup(server.machine.remove)
	return server
}

// launch makes a server from binaries or, without them, from a container, and waits until it answers.
func launch(s service) (*Server, error) {
	port, err := freePort()
	if err != nil {
		return nil, fmt.Errorf("find a free port for %s: %w", s.name, err)
	}
	var m machine
	if binary := find(s.binary); binary != "" {
		m, err = newProcess(s, binary, port)
	} else {
		m, err = newContainer(s, port)
	}
	if err != nil {
		return nil, err
	}
	server := &Server{url: s.url(port), machine: m, ready: s.ready}
	if err := server.start(); err != nil {
		m.remove()
		return nil, fmt.Errorf("start %s: %w", s.name, err)
	}
	return server, nil
}

// URL returns the server's address with the name of its database. It never changes.
func (s *Server) URL() string { return s.url }

// Database makes another empty database on this Postgres server and returns its URL. It ends with the server.
func (s *Server) Database() string {
	s.t.Helper()
	name, err := createDatabase(s.url, "template0")
	if err != nil {
		s.t.Fatal(err)
	}
	return withDatabase(s.url, name)
}

// Start starts the server again after Stop or Kill, and returns when it answers. On a busy machine the old processes
// may take a while to end, and Postgres does not start while they run.
func (s *Server) Start() {
	s.t.Helper()
	err := s.start()
	for began := time.Now(); errors.Is(err, errEnded) && time.Since(began) < startTimeout; err = s.start() {
		time.Sleep(200 * time.Millisecond)
	}
	if err != nil {
		s.t.Fatalf("start the server again: %v", err)
	}
}

var errEnded = errors.New("the server ended at once")

func (s *Server) start() error {
	ctx, cancel := within(startTimeout)
	defer cancel()
	if err := s.machine.start(ctx); err != nil {
		return err
	}
	return s.untilReady(ctx)
}

// untilReady polls until the server answers; a server has no other sign of readiness.
func (s *Server) untilReady(ctx context.Context) error {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := s.ready(ctx, s.url)
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-s.machine.died():
			return fmt.Errorf("%w: %s", errEnded, s.machine.log())
		case <-ctx.Done():
			return fmt.Errorf("the server did not answer in time: %w: %s", err, s.machine.log())
		}
	}
}

// Stop shuts the server down in good order, and returns when it has ended.
func (s *Server) Stop() { s.t.Helper(); s.do("stop", s.machine.stop) }

// Kill ends the server and all its processes at once, and returns when they have ended.
func (s *Server) Kill() { s.t.Helper(); s.do("kill", s.machine.kill) }

// Pause freezes the server: connections stay open and nothing is answered.
func (s *Server) Pause() { s.t.Helper(); s.do("pause", s.machine.pause) }

// Resume continues a paused server.
func (s *Server) Resume() { s.t.Helper(); s.do("resume", s.machine.resume) }

func (s *Server) do(what string, act func(context.Context) error) {
	s.t.Helper()
	ctx, cancel := within(stopTimeout)
	defer cancel()
	if err := act(ctx); err != nil {
		s.t.Fatalf("%s the server: %v", what, err)
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	_, text, _ := net.SplitHostPort(l.Addr().String())
	if err := l.Close(); err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}
