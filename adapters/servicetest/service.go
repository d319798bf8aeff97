package servicetest

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// service describes how a server is found, started and probed.
type service struct {
	name     string
	howToGet string
	url      func(port int) string
	ready    func(ctx context.Context, url string) error

	binary      string // its main program
	unprivilege bool   // refuses to run as root
	arguments   func(binary, folder string, port int) []string
	gently      os.Signal // makes the main program end in good order
	// prepare, if not nil, fills the folder before the first start.
	prepare func(ctx context.Context, binary, folder string, port int, run runner) error

	image     string // empty: no container exists
	imagePort int
	imageArgs []string
	imageEnv  []string
}

// runner runs a program to its end, as the user that the server will run as.
type runner func(ctx context.Context, program string, args ...string) error

func postgresService() service {
	return service{
		name:     "Postgres",
		howToGet: "install PostgreSQL 14 or later, start Docker, or set " + postgresVariable,
		url: func(port int) string {
			return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
		},
		ready: postgresReady,

		binary: "postgres", unprivilege: true, prepare: initdb, gently: os.Interrupt,
		arguments: func(binary, folder string, port int) []string {
			args := append([]string{"-D", filepath.Join(folder, "data"), "-p", strconv.Itoa(port),
				"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="}, postgresSettings...)
			if hasStatistics(binary) {
				args = append(args, "-c", "shared_preload_libraries=pg_stat_statements")
			}
			return args
		},

		image: "postgres:15-alpine", imagePort: 5432, imageEnv: []string{"POSTGRES_HOST_AUTH_METHOD=trust"},
		imageArgs: append([]string{"-c", "shared_preload_libraries=pg_stat_statements"}, postgresSettings...),
	}
}

// Written data survives the end of the processes even without fsync, as long as the machine itself runs.
var postgresSettings = []string{"-c", "fsync=off", "-c", "max_connections=300", "-c", "max_prepared_transactions=10"}

func redisService(args []string) service {
	settings := append([]string{"--save", "", "--databases", strconv.Itoa(redisDatabases)}, args...)
	return service{
		name:     "Redis",
		howToGet: "install Redis 7 or later, start Docker, or set " + redisVariable,
		url:      func(port int) string { return fmt.Sprintf("redis://127.0.0.1:%d/0", port) },
		ready:    redisReady,

		binary: "redis-server", gently: syscall.SIGTERM,
		arguments: func(_, folder string, port int) []string {
			return append([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", folder}, settings...)
		},

		image: "redis:7-alpine", imagePort: 6379, imageArgs: settings,
	}
}

func postgresReady(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

func redisReady(ctx context.Context, url string) error {
	client, err := openRedis(url, 0)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	return client.Ping(ctx).Err()
}

func openRedis(url string, database int) (*redis.Client, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	options.DB, options.MaxRetries, options.ContextTimeoutEnabled = database, -1, true
	return redis.NewClient(options), nil
}

// initdb makes an empty cluster, in a plain locale of the system in which letters of every alphabet fold.
func initdb(ctx context.Context, binary, folder string, _ int, run runner) error {
	program := filepath.Join(filepath.Dir(binary), "initdb"+exeSuffix())
	var err error
	for _, locale := range []string{"C.UTF-8", "en_US.UTF-8"} {
		if err = run(ctx, program, "-D", filepath.Join(folder, "data"), "-U", "postgres", "--auth=trust",
			"--encoding=UTF8", "--locale="+locale, "--no-sync"); err == nil {
			return nil
		}
	}
	return err
}

// hasStatistics reports whether the installation of the binary includes pg_stat_statements.
func hasStatistics(postgres string) bool {
	folder, err := exec.Command(filepath.Join(filepath.Dir(postgres), "pg_config"+exeSuffix()), "--pkglibdir").Output()
	if err != nil {
		return false
	}
	found, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(folder)), "pg_stat_statements.*"))
	return len(found) > 0
}

// find returns the path of an installed program, of the newest version if there are several, or "".
func find(program string) string {
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	var found []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin/", "/usr/pgsql-*/bin/", "/opt/homebrew/opt/postgresql@*/bin/",
		"/usr/local/opt/postgresql@*/bin/", "/Applications/Postgres.app/Contents/Versions/*/bin/",
		`C:\Program Files\PostgreSQL\*\bin\`, "/usr/local/bin/", "/usr/sbin/", "/opt/homebrew/bin/",
	} {
		paths, _ := filepath.Glob(pattern + program + exeSuffix())
		found = append(found, paths...)
	}
	if len(found) == 0 {
		return ""
	}
	return slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(version(a), version(b)) })
}

// version returns the first number in a path, 0 if there is none.
func version(path string) int {
	digits := strings.FieldsFunc(path, func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(digits[0])
	return n
}

func exeSuffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}
