//go:build unix

package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/cli"
	"github.com/gable-listings/gable/app/server"
	"github.com/gable-listings/gable/ports"
)

// refusing starts a server that refuses each connection as Postgres does, with an SQLSTATE, and returns the URL that
// leads to it.
func refusing(t *testing.T, sqlstate string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	fields := "SFATAL\x00VFATAL\x00C" + sqlstate + "\x00Mrefused\x00\x00"
	reply := append(binary.BigEndian.AppendUint32([]byte("E"), uint32(len(fields)+4)), fields...)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4<<10)) // the startup message
			_, _ = conn.Write(reply)
			_ = conn.Close()
		}
	}()
	return "postgres://gable@" + l.Addr().String() + "/gable?sslmode=disable"
}

func TestOnlyADatabaseThatMayStillComeIsWaitedFor(t *testing.T) {
	const wait = 1500 * time.Millisecond // three times the pause between two attempts
	for name, c := range map[string]struct {
		url   string
		waits bool
	}{
		"starting (57P03)":              {refusing(t, "57P03"), true},
		"all connections taken (53300)": {refusing(t, "53300"), true},
		"no listener":                   {"postgres://gable@127.0.0.1:1/gable?sslmode=disable", true},
		"wrong password (28P01)":        {refusing(t, "28P01"), false},
		"no such database (3D000)":      {refusing(t, "3D000"), false},
		"not a URL":                     {"postgres://gable@127.0.0.1:port/gable", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var reported []error
			began := time.Now()
			_, err := server.OpenWhenReachable(t.Context(), bunstore.Options{URL: c.url}, wait, func(err error) {
				reported = append(reported, err)
			})
			waited := time.Since(began) >= wait
			if err == nil || waited != c.waits || errors.Is(err, ports.ErrUnavailable) != c.waits ||
				(len(reported) == 1) != c.waits {
				t.Errorf("error %v after %v, reported %v", err, time.Since(began), reported)
			}
		})
	}
}

func TestWaitingForADatabaseCanBeStopped(t *testing.T) {
	for _, command := range [][]string{{"serve"}, {"migrate", "up", "--wait", "1h"}} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		code := cli.Run(ctx, &cli.Process{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard},
			append(command, "--database-url", refusing(t, "57P03")))
		if took := time.Since(began); code != cli.ExitFailed || took < time.Second || took > 20*time.Second {
			t.Errorf("%v: code %d after %v", command, code, took)
		}
	}
}

// lines collects what a command writes while it runs.
type lines struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// An orchestrator starts database, migration and server together, and restarts what ends, after longer and longer
// pauses.
func TestTheMigrationAndTheServerStartBeforeTheirDatabaseDoes(t *testing.T) {
	t.Parallel()
	postgres := servicetest.StartPostgres(t)
	postgres.Stop()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	code, out, err := apptest.Gable(t, "migrate", "up", "--database-url", postgres.URL())
	if code != cli.ExitFailed || out != "" || err == "" {
		t.Fatalf("without --wait: code %d, %q, %q", code, out, err)
	}
	migrated := make(chan int, 1)
	var migration lines
	go func() {
		migrated <- cli.Run(ctx, &cli.Process{In: strings.NewReader(""), Out: &migration, Err: &migration},
			[]string{"migrate", "up", "--wait", "1m", "--database-url", postgres.URL()})
	}()
	appears := func(out *lines, text string) {
		t.Helper()
		apptest.Poll(t, "the command prints "+text, func() bool { return strings.Contains(out.String(), text) })
	}
	appears(&migration, "waiting for the database")
	postgres.Start()
	if code := <-migrated; code != cli.ExitOK || !strings.Contains(migration.String(), "applied 2") {
		t.Fatalf("migrate: code %d, %s", code, migration.String())
	}
	postgres.Stop()
	served := make(chan int, 1)
	var log lines
	go func() {
		served <- cli.Run(ctx, &cli.Process{In: strings.NewReader(""), Out: io.Discard, Err: &log}, []string{
			"serve", "--database-url", postgres.URL(), "--http-address", "127.0.0.1:0", "--ops-address", "127.0.0.1:0",
			"--shutdown-delay", "0s", "--log-format", "json",
		})
	}()
	appears(&log, `"message":"waiting for the database"`)
	postgres.Start()
	appears(&log, `"message":"serving"`)
	stop()
	<-served
	if strings.Count(log.String(), "waiting for the database") != 1 {
		t.Errorf("serve:\n%s", log.String())
	}
}

// A migration that could not read the state of the schema does not report it as up to date.
func TestMigratingWithoutTheRightToCreateTablesIsAnErrorAndNothingElse(t *testing.T) {
	t.Parallel()
	postgres := servicetest.StartPostgres(t)
	conn, err := pgx.Connect(t.Context(), postgres.URL())
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"CREATE ROLE plain LOGIN", "REVOKE CREATE ON SCHEMA public FROM PUBLIC"} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	apptest.Must(t, conn.Close(t.Context()))
	address, err := url.Parse(postgres.URL())
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.User("plain")
	for _, args := range [][]string{{"up"}, {"down", "1", "--yes"}} {
		code, out, stderr := apptest.Gable(t, append(append([]string{"migrate"}, args...), "--database-url",
			address.String())...)
		if code != cli.ExitFailed || out != "" || !strings.Contains(stderr, "permission denied") {
			t.Errorf("%v: code %d, %q, %q", args, code, out, stderr)
		}
	}
}

// A database answers once, goes away for the next few connections, and then is back.
func TestAStartThatLosesItsDatabaseBeginsAgain(t *testing.T) {
	target, err := url.Parse(apptest.Migrated.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	behind := target.Host
	go func() {
		for n := 1; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if n == 2 || n == 3 {
				_ = conn.Close()
				continue
			}
			server, err := net.Dial("tcp", behind)
			if err != nil {
				_ = conn.Close()
				continue
			}
			go func() { _, _ = io.Copy(server, conn); _ = server.Close() }()
			go func() { _, _ = io.Copy(conn, server); _ = conn.Close() }()
		}
	}()
	target.Host = l.Addr().String()
	c := apptest.Config(t, target.String(), "memory:")
	core, logs := observer.New(zap.InfoLevel)
	s, err := server.StartWhenReachable(t.Context(), c, zap.New(core), &server.LogLevel{})
	if err != nil {
		t.Fatal(err)
	}
	if n := logs.FilterMessage("database lost during start, starting again").Len(); n != 1 {
		t.Errorf("%d lines say that the start begins again", n)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}
