package servicetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

const postgresVariable = "GABLE_TEST_POSTGRES_URL"

// sharedPostgres is the URL of the server that the tests of this binary share.
var sharedPostgres = sync.OnceValues(func() (string, error) { return shared(postgresVariable, postgresService()) })

// postgresWith is Postgres with further settings. When a setting occurs twice, the server uses the last one.
func postgresWith(settings []string) service {
	var more []string
	for _, setting := range settings {
		more = append(more, "-c", setting)
	}
	s := postgresService()
	usual := s.arguments
	s.arguments = func(binary, folder string, port int) []string { return append(usual(binary, folder, port), more...) }
	s.imageArgs = append(s.imageArgs, more...)
	return s
}

// shared returns the URL in the variable or, without one, that of a server that Main ends.
func shared(variable string, s service) (string, error) {
	if url := os.Getenv(variable); url != "" {
		return url, nil
	}
	server, err := launch(s)
	if err != nil {
		return "", err
	}
	atEnd(server.machine.remove)
	return server.url, nil
}

// Postgres returns the URL of a new, empty database for this test alone. The database is dropped when the test ends,
// even while connections are open.
func Postgres(t testing.TB) string {
	t.Helper()
	return databaseFor(t, "template0")
}

// Template is a database that is built once, and copied for every test that uses it.
type Template struct {
	build func(url string) error
	made  func() (string, error)
}

// NewTemplate makes a template from a function that fills an empty database, for example by running the migrations.
// The function is called at most once, and must close its connections.
func NewTemplate(build func(url string) error) *Template {
	template := &Template{build: build}
	template.made = sync.OnceValues(template.make)
	return template
}

func (p *Template) make() (string, error) {
	server, err := sharedPostgres()
	if err != nil {
		return "", err
	}
	name, err := createDatabase(server, "template0")
	if err != nil {
		return "", err
	}
	atEnd(func() { _ = dropDatabase(server, name) })
	if err := p.build(withDatabase(server, name)); err != nil {
		return "", fmt.Errorf("build the template database: %w", err)
	}
	return name, nil
}

// Postgres returns the URL of a copy of the template for this test alone, dropped when the test ends.
func (p *Template) Postgres(t testing.TB) string {
	t.Helper()
	needMain(t)
	name, err := p.made()
	if err != nil {
		giveUp(t, err)
	}
	return databaseFor(t, name)
}

func databaseFor(t testing.TB, template string) string {
	t.Helper()
	needMain(t)
	server, err := sharedPostgres()
	if err != nil {
		giveUp(t, err)
	}
	name, err := createDatabase(server, template)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dropDatabase(server, name); err != nil {
			t.Error(err)
		}
	})
	return withDatabase(server, name)
}

func createDatabase(server, template string) (string, error) {
	name := "gable_test_" + strings.ToLower(rand.Text())
	return name, execute(server, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s ENCODING 'UTF8'", name, template))
}

func dropDatabase(server, name string) error {
	return execute(server, fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", name))
}

func execute(server, sql string) error {
	ctx, cancel := within(commandTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// withDatabase returns the URL with another database name.
func withDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		panic(err) // the URL has worked before
	}
	u.Path = "/" + name
	return u.String()
}
