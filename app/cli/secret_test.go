package cli

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/config"
)

// gableWith runs a command line under settings of the environment; one that would go on for ever is ended.
func gableWith(t *testing.T, env map[string]string, args ...string) (code int, text string) {
	t.Helper()
	for name, value := range env {
		t.Setenv(name, value)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var out bytes.Buffer
	code = Run(ctx, &Process{In: strings.NewReader(""), Out: &out, Err: &out}, args)
	if ctx.Err() != nil {
		t.Errorf("%v goes on for ever", args)
	}
	return code, out.String()
}

func TestConfigCheckFindsWhatServeWouldRefuse(t *testing.T) {
	const database, cache = "GABLE_DATABASE_URL", "GABLE_CACHE_URL"
	const address, ops = "GABLE_HTTP_ADDRESS", "GABLE_OPS_ADDRESS"
	for i, env := range []map[string]string{
		{database: "postgres://gable@localhost:99999/x"}, {database: "postgres://localhost/x?sslmode=bogus"},
		{database: "sqlite:"}, {database: "sqlite://gable.db"}, {database: "postgres:x"}, {database: "gable.db"},
		{database: "postgres://h/x?sslrootcert=/none"}, {database: "postgres://h/x?connect_timeout=soon"},
		{cache: "redis://h/notanumber"}, {cache: "redis://h:99999"}, {cache: "redis://h/0?pool_size=1"},
		{cache: "unix://run/redis.sock"},
		{cache: "redis+sentinel://h"}, {cache: "redis+cluster://h/1"}, {cache: "memory:large"}, {cache: "redis://"},
		{cache: "memcached://h"},
		{address: "127.0.0.1:9000", ops: "127.0.0.1:9000"}, {address: ":9000", ops: "127.0.0.1:9000"},
		{address: "localhost:9000", ops: "127.0.0.1:09000"}, {address: "[::]:9000", ops: "10.0.0.1:9000"},
		{ops: "127.0.0.1:8080"},
		{address: "127.0.0.1:65536"}, {address: "256.0.0.1:80"}, {address: "a b:80"}, {ops: "http://127.0.0.1:80"},
		{ops: "127.0.0.1:http"},
		{"GABLE_HTTP_CORS_ORIGINS": "app.example.org"}, {"GABLE_HTTP_CORS_ORIGINS": "https://app.example.org/"},
		{"GABLE_HTTP_CORS_ORIGINS": "https://App.example.org"}, {"GABLE_HTTP_CORS_ORIGINS": "https://*.example.org"},
		{"GABLE_HTTP_CORS_ORIGINS": "https://app.example.org:443"}, {"GABLE_HTTP_CORS_ORIGINS": "*, https://app.example.org"},
		{"GABLE_HTTP_CORS_ORIGINS": "null"}, {"GABLE_HTTP_CORS_ORIGINS": "ftp://app.example.org"},
		{"GABLE_HTTP_TLS_CERT": "/nowhere/cert.pem"}, {"GABLE_HTTP_TLS_KEY": "/nowhere/key.pem"},
		{address: "unix:gable.sock"}, {address: "unix:"}, {address: "unix:/" + strings.Repeat("x", 200)},
		{address: "unix:/run/gable.sock", ops: "unix:/run/gable.sock"},
		{"GABLE_HTTP_HSTS_SUBDOMAINS": "true"},
		{"GABLE_HTTP_HSTS_SUBDOMAINS": "true", "GABLE_HTTP_PUBLIC_URL": "http://homes.example.org"},
		{"GABLE_OPS_HOSTS": "gable.example.org,"}, {"GABLE_OPS_HOSTS": "http://gable.example.org"},
		{"GABLE_OPS_HOSTS": "gable.example.org:8081"},
		{"GABLE_FRESHNESS_LEDGER_LENGTH": "16777217"}, {"GABLE_FRESHNESS_LEDGER_LENGTH": "9223372036854775807"},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			code, checked := gableWith(t, env, "config", "check")
			_, served := gableWith(t, nil, "serve")
			if code != ExitUsage || served != checked {
				t.Errorf("%v: code %d, check says %q, serve says %q", env, code, checked, served)
			}
		})
	}
}

// secretive are URLs with topsecret where a password may come to stand.
var secretive = []string{
	"postgres://gable:a@topsecret:b@localhost/db", "postgres://gable:a@topsecret@localhost/db",
	"postgres://gable:12/topsecret@localhost/db",
	"postgres://gable:12?topsecret@localhost/db", "postgres://gable:12#topsecret@localhost",
	"postgres://gable:topsecret%zz@h/db",
	"postgres://gable:topsecret@h:99999/db", "postgres://gable:topsecret@[::1/db",
	"postgres://h/db?password=topsecret&sslmode=x",
	"postgres://user/x:topsecret@h/db", "postgres://gable:topsecret\n@h/db", "postgres:gable:topsecret@h/db",
	"postgres://gable:to\x7ftopsecret@h",
	"mysql://gable:topsecret@h/db", "host=h password=topsecret", "redis://:topsecret@h/x", "redis://:12/topsecret@h/0",
	"redis://:a@topsecret:b@h:0/0", "redis://:topsecret@h?x=1", "redis://:12?topsecret@h", "redis://:12#topsecret@h/1",
	"redis://u:topsecret%zz@h",
	"redis+sentinel://u:topsecret@h?sentinel_password=topsecret", "unix://:topsecret@host/path",
	"https://u:topsecret@homes.example.org",
}

func TestNoSecretIsInAnyMessageWhateverIsMixedUp(t *testing.T) {
	commands := [][]string{
		{"serve"}, {"demo"}, {"config", "check"}, {"migrate", "status"}, {"migrate", "up"}, {"import", "x.csv"}, {"export"},
		{"generate", "--count", "1"}, {"admin", "list"}, {"admin", "create-key", "x"},
	}
	for _, url := range secretive {
		var said strings.Builder
		say := func(t *testing.T, env map[string]string, args ...string) {
			t.Helper()
			_, text := gableWith(t, env, args...)
			said.WriteString(text)
		}
		t.Run("in its place", func(t *testing.T) {
			for _, args := range commands {
				say(t, map[string]string{"GABLE_DATABASE_URL": url, "GABLE_CACHE_URL": url}, args...)
			}
		})
		if strings.Contains(url, "://") && !strings.Contains(url, "\n") { // in the place of something else
			for _, name := range []string{"GABLE_HTTP_PUBLIC_URL", "GABLE_LOG_LEVEL", "GABLE_HTTP_ADDRESS", "GABLE_CACHE_TTL"} {
				t.Run(name, func(t *testing.T) { say(t, map[string]string{name: url}, "config", "check") })
			}
			for _, args := range [][]string{
				{"serve", url}, {url}, {"config", "check", "--config", url}, {"export", "--format", url},
				{"serve", "--databaseurl=" + url},
			} {
				say(t, nil, args...)
			}
			said.WriteString(config.URL(url).String())
		}
		if strings.HasPrefix(url, "postgres:") || strings.HasPrefix(url, "redis") {
			say(t, nil, "config", "check", "--database-url", url)
			say(t, nil, "config", "check", "--config", newFile(t, "gable.yaml", "database:\n  url: "+url+"\n  x: ["))
			say(t, nil, "config", "check", "--config", newFile(t, "gable.yaml", url))
		}
		for line := range strings.Lines(said.String()) {
			if strings.Contains(line, "topsecret") {
				t.Errorf("%q is shown: %s", url, line)
			}
		}
	}
}

func TestAYAMLMistakeShowsNothingOfTheFile(t *testing.T) {
	for _, text := range []string{
		"topsecret", "- topsecret\n", "log: {level: topsecret", "a: !!int topsecret\n", "a: *topsecret\n", "\ttopsecret: 1\n",
	} {
		if code, said := gableWith(t, nil, "config", "check", "--config",
			newFile(t, "gable.yaml", text)); code != ExitUsage ||
			strings.Contains(said, "topsecret") {
			t.Errorf("%q: code %d, %s", text, code, said)
		}
	}
}

func TestServersThatCannotBeReachedAreNamedWithoutTheirPasswords(t *testing.T) {
	_, said := gableWith(t, map[string]string{
		"GABLE_DATABASE_URL": "postgres://gable:topsecret@127.0.0.1:1/db?sslmode=disable&sslpassword=topsecret",
	}, "migrate", "status")
	if strings.Contains(said, "topsecret") || !strings.Contains(said, "127.0.0.1:1") {
		t.Error(said)
	}
}
