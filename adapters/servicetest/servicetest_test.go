package servicetest_test

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/gable-listings/gable/adapters/servicetest"
)

func TestMain(m *testing.M) { os.Exit(servicetest.Main(m)) }

func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func query[T any](t *testing.T, url, sql string) T {
	t.Helper()
	ctx := soon(t)
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var result T
	if err := conn.QueryRow(ctx, sql, pgx.QueryExecModeSimpleProtocol).Scan(&result); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return result
}

func execute(t *testing.T, url string, statements ...string) {
	t.Helper()
	if err := tryExecute(soon(t), url, statements...); err != nil {
		t.Fatal(err)
	}
}

func tryExecute(ctx context.Context, url string, statements ...string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

const countTables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"

func TestEveryPostgresDatabaseIsEmptyAndSeparate(t *testing.T) {
	one, other := servicetest.Postgres(t), servicetest.Postgres(t)
	execute(t, one, "CREATE TABLE t (n int)")
	if n := query[int](t, one, countTables); n != 1 {
		t.Errorf("the first database has %d tables, want 1", n)
	}
	if n := query[int](t, other, countTables); n != 0 {
		t.Errorf("the second database has %d tables, want none", n)
	}
	if got := query[string](t, one, "SHOW server_encoding"); got != "UTF8" {
		t.Errorf("encoding %s, want UTF8", got)
	}
}

func TestADatabaseIsDroppedWithItsTestEvenWhileInUse(t *testing.T) {
	other := servicetest.Postgres(t)
	var name string
	var conn *pgx.Conn
	t.Run("user", func(t *testing.T) {
		u, err := url.Parse(servicetest.Postgres(t))
		if err != nil {
			t.Fatal(err)
		}
		name = strings.TrimPrefix(u.Path, "/")
		if conn, err = pgx.Connect(soon(t), u.String()); err != nil {
			t.Fatal(err)
		}
	})
	defer conn.Close(context.Background())
	if query[bool](t, other, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = '"+name+"')") {
		t.Error("the database is still there")
	}
}

var builds int

var withTable = servicetest.NewTemplate(func(url string) error {
	builds++
	return tryExecute(context.Background(), url, "CREATE TABLE t (n int)", "INSERT INTO t VALUES (7)")
})

func TestATemplateIsBuiltOnceAndCopied(t *testing.T) {
	one, other := withTable.Postgres(t), withTable.Postgres(t)
	execute(t, one, "UPDATE t SET n = 8")
	if got := query[int](t, other, "SELECT n FROM t"); got != 7 {
		t.Errorf("the other copy has %d, want 7", got)
	}
	if builds != 1 {
		t.Errorf("built %d times, want once", builds)
	}
}

func openRedis(t *testing.T, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	options.ContextTimeoutEnabled, options.MaxRetries = true, -1
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestEveryRedisDatabaseIsEmptyAndSeparate(t *testing.T) {
	one, other := openRedis(t, servicetest.Redis(t)), openRedis(t, servicetest.Redis(t))
	if err := one.Set(soon(t), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n := other.DBSize(soon(t)).Val(); n != 0 {
		t.Errorf("the second database has %d keys, want none", n)
	}
	if err := other.FlushDB(soon(t)).Err(); err != nil {
		t.Fatal(err)
	}
	if n := one.DBSize(soon(t)).Val(); n != 1 {
		t.Errorf("the first database has %d keys after the second was flushed, want 1", n)
	}
}

func TestARedisDatabaseWithDataOfOthersIsNeverTaken(t *testing.T) {
	server := servicetest.StartRedis(t)
	client := openRedis(t, strings.TrimSuffix(server.URL(), "/0")+"/1")
	if err := client.Set(soon(t), "precious", "data", 0).Err(); err != nil {
		t.Fatal(err)
	}
	runSelf(t, "TestEveryRedisDatabaseIsEmptyAndSeparate", "GABLE_TEST_REDIS_URL="+server.URL())
	if got := client.Get(soon(t), "precious").Val(); got != "data" {
		t.Errorf("got %q, want the data untouched", got)
	}
}

func TestPostgresKeepsItsDataWhenKilledOrStopped(t *testing.T) {
	server := servicetest.StartPostgres(t)
	execute(t, server.URL(), "CREATE TABLE t (n int)", "INSERT INTO t VALUES (1)")
	for name, end := range map[string]func(){"kill": server.Kill, "stop": server.Stop} {
		end()
		if err := tryExecute(soon(t), server.URL(), "SELECT 1"); err == nil {
			t.Errorf("%s: the server still answers", name)
		}
		server.Start()
		if n := query[int](t, server.URL(), "SELECT count(*) FROM t"); n != 1 {
			t.Errorf("%s: %d rows, want 1", name, n)
		}
	}
}

func TestAPausedPostgresAnswersNothingUntilItIsResumed(t *testing.T) {
	server := servicetest.StartPostgres(t)
	conn, err := pgx.Connect(soon(t), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	server.Pause()
	answer := make(chan error, 1)
	go func() {
		_, err := conn.Exec(soon(t), "SELECT 1")
		answer <- err
	}()
	brief, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if err := tryExecute(brief, server.URL(), "SELECT 1"); err == nil {
		t.Error("a new connection was answered")
	}
	select {
	case err := <-answer:
		t.Errorf("an open connection was answered: %v", err)
	default:
	}
	server.Resume()
	if err := <-answer; err != nil {
		t.Errorf("the open connection after Resume: %v", err)
	}
}

func TestRedisCanBePausedKilledAndStartedAgain(t *testing.T) {
	server := servicetest.StartRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	client := openRedis(t, server.URL())
	if err := client.Set(soon(t), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	server.Pause()
	brief, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if err := client.Get(brief, "k").Err(); err == nil {
		t.Error("a paused server answered")
	}
	server.Resume()
	server.Kill()
	if err := client.Get(soon(t), "k").Err(); err == nil {
		t.Error("a killed server answered")
	}
	server.Start()
	if got, err := client.Get(soon(t), "k").Result(); got != "v" {
		t.Errorf("after the restart got %q, %v; want v", got, err)
	}
}

func TestWithoutAnyServerTestsAreSkippedOrFailWhenRequired(t *testing.T) {
	if len(installedOutsidePath(t)) > 0 {
		t.Skip("servers are installed in places other than PATH and cannot be hidden")
	}
	skipped := runSelf(t, "TestARedisDatabaseWithDataOfOthersIsNeverTaken", "PATH=", "GABLE_TEST_REDIS_URL=",
		"GABLE_TEST_REQUIRE_SERVICES=")
	if !strings.Contains(skipped, "--- SKIP") || !strings.Contains(skipped, "install Redis") {
		t.Errorf("not skipped with advice:\n%s", skipped)
	}
	required := self("TestARedisDatabaseWithDataOfOthersIsNeverTaken", "PATH=", "GABLE_TEST_REQUIRE_SERVICES=1")
	if out, err := required.CombinedOutput(); err == nil || !strings.Contains(string(out), "install Redis") {
		t.Errorf("not failed with advice: %v\n%s", err, out)
	}
}

func installedOutsidePath(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, path := range []string{"/usr/local/bin/redis-server", "/usr/sbin/redis-server",
		"/opt/homebrew/bin/redis-server"} {
		if _, err := os.Stat(path); err == nil {
			found = append(found, path)
		}
	}
	return found
}

// self runs one test of this binary in a process of its own.
func self(test string, environment ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run", "^"+test+"$", "-test.v", "-test.timeout", "60s")
	cmd.Env = append(os.Environ(), environment...)
	return cmd
}

func runSelf(t *testing.T, test string, environment ...string) string {
	t.Helper()
	out, err := self(test, environment...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", test, err, out)
	}
	return string(out)
}
