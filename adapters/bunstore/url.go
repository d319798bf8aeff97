package bunstore

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ErrInvalidURL says that a database URL cannot be used. A message about a URL shows none of its text, which may hold
// a password in an unexpected place. Nor does it contain a message of pgx, which masks only what it takes for the
// password.
var ErrInvalidURL = errors.New("invalid database URL")

func invalidURL(reason string) error { return fmt.Errorf("%w: %s", ErrInvalidURL, reason) }

const urlForms = "it begins with postgres://, or is sqlite:PATH or sqlite::memory:"

// CheckURL checks a URL as Open does, without connecting; the error wraps ErrInvalidURL.
func CheckURL(text string) error {
	if isPostgres(text) {
		_, err := parsePostgres(text)
		return err
	}
	_, err := sqlitePath(text)
	return err
}

func isPostgres(text string) bool {
	return strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://")
}

// sqlitePath is the path in sqlite:PATH or sqlite:///absolute/path.
func sqlitePath(text string) (string, error) {
	path, found := strings.CutPrefix(text, "sqlite:")
	if !found {
		return "", invalidURL(urlForms)
	}
	if rest, ok := strings.CutPrefix(path, "//"); ok && strings.HasPrefix(rest, "/") {
		path = rest
	}
	switch {
	case path == "":
		return "", invalidURL("the path is missing; write sqlite:PATH, or sqlite::memory: for a database in memory")
	case strings.HasPrefix(path, "//"):
		return "", invalidURL("an absolute path is written sqlite:/PATH or sqlite:///PATH")
	case strings.ContainsRune(path, 0):
		return "", invalidURL("the path contains a zero byte")
	}
	return path, nil
}

const writtenAsXX = `special characters in a user or password are written as %XX, such as %40 for @`

// parsePostgres reads a URL as libpq does. It refuses a URL whose parts libpq would see elsewhere than a reader: the
// rest of a password would be the name of a host or database, and so appear in messages.
func parsePostgres(text string) (*pgx.ConnConfig, error) {
	_, rest, _ := strings.Cut(text, "://")
	authority, after := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, after = rest[:i], rest[i:]
	}
	if strings.Count(authority, "@") > 1 || strings.ContainsAny(after, "@#") {
		return nil, invalidURL(writtenAsXX)
	}
	config, err := pgx.ParseConfig(text)
	if err != nil {
		return nil, invalidURL(postgresReason(text, authority))
	}
	return config, nil
}

// postgresReason finds out why pgx has refused a URL.
func postgresReason(text, authority string) string {
	if tryParse("postgres://localhost/x") != nil {
		return "a PG… variable of the environment, or a file that it names, cannot be used"
	}
	for host := range strings.SplitSeq(authority[strings.Index(authority, "@")+1:], ",") {
		if i := strings.LastIndex(host, ":"); i >= 0 && !strings.HasSuffix(host, "]") {
			if port, err := strconv.ParseUint(host[i+1:], 10, 16); host[i+1:] != "" && (err != nil || port == 0) {
				return "a port is a number from 1 to 65535"
			}
		}
	}
	base, query, _ := strings.Cut(text, "?")
	if parameters := strings.Split(query, "&"); tryParse(base) == nil {
		for i, parameter := range parameters {
			name, _, _ := strings.Cut(parameter, "=")
			others := strings.Join(slices.Delete(slices.Clone(parameters), i, i+1), "&")
			if slices.Contains(postgresParameters, name) && tryParse(base+"?"+others) == nil {
				return "the value of its parameter " + name + " cannot be used"
			}
		}
		return "the values of its parameters cannot be used"
	}
	return "its parts are ambiguous; " + writtenAsXX
}

func tryParse(text string) error {
	_, err := pgx.ParseConfig(text)
	return err
}

// postgresParameters are the parameters that pgx reads itself, and whose names a message may show.
var postgresParameters = []string{
	"host", "port", "database", "dbname", "user", "password", "passfile", "connect_timeout",
	"sslmode", "sslkey", "sslcert", "sslcertmode", "sslrootcert", "sslnegotiation", "sslpassword", "sslsni",
	"krbspn", "krbsrvname", "target_session_attrs", "service", "servicefile",
	"min_protocol_version", "max_protocol_version", "channel_binding", "require_auth",
}
