package servicetest

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// StartPooler starts a PgBouncer for this test alone, in front of a Postgres server. Its URL has the database of the
// server's URL. It ends with the test.
//
// It lends a connection for one transaction, and has few of them, so that two requests in a row hardly ever get the
// same one.
func StartPooler(t testing.TB, postgres string) *Server {
	t.Helper()
	to, err := url.Parse(postgres)
	if err != nil {
		t.Fatal(err)
	}
	return startFor(t, poolerService(to))
}

func poolerService(to *url.URL) service {
	return service{
		name:     "PgBouncer",
		howToGet: "install pgbouncer",
		url: func(port int) string {
			return fmt.Sprintf("postgres://postgres@127.0.0.1:%d%s?sslmode=disable", port, to.Path)
		},
		ready: postgresReady,

		binary: "pgbouncer", unprivilege: true, gently: syscall.SIGTERM,
		arguments: func(_, folder string, _ int) []string { return []string{filepath.Join(folder, poolerFile)} },
		prepare: func(_ context.Context, _, folder string, port int, _ runner) error {
			settings := fmt.Appendf(nil, poolerSettings, poolerTarget(to), port)
			return os.WriteFile(filepath.Join(folder, poolerFile), settings, 0o644)
		},
	}
}

const (
	poolerFile = "pgbouncer.ini"
	// poolerSettings are the settings that the guide operations.md names, and what a test needs.
	poolerSettings = `[databases]
* = %s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
max_client_conn = 500
ignore_startup_parameters = extra_float_digits,jit,statement_timeout
`
)

// poolerTarget returns the server of a URL in PgBouncer's syntax.
func poolerTarget(to *url.URL) string {
	quoted := func(value string) string { return "'" + strings.ReplaceAll(value, "'", "''") + "'" }
	words := []string{
		"host=" + quoted(to.Hostname()), "port=" + cmp.Or(to.Port(), "5432"), "user=" + quoted(to.User.Username()),
	}
	if password, ok := to.User.Password(); ok {
		words = append(words, "password="+quoted(password))
	}
	return strings.Join(words, " ")
}
