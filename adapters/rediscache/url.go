package rediscache

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// ErrInvalidURL is the error of a text that is not the address of a Redis. The message never shows the text, which
// may hold a password.
var ErrInvalidURL = errors.New("invalid Redis URL")

const (
	redisPort    = "6379"
	sentinelPort = "26379"
)

// CheckURL returns the error that Open would return for a URL, without connecting.
func CheckURL(text string) error {
	_, err := parseURL(text)
	return err
}

// parseURL parses one of the forms that Options.URL lists. The error wraps ErrInvalidURL.
func parseURL(text string) (*redis.UniversalOptions, error) {
	u, err := url.Parse(text)
	if err != nil || u.Fragment != "" || u.Opaque != "" {
		return nil, invalid("its parts are ambiguous; write special characters in a password as %XX")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, invalid("its parameters cannot be read")
	}
	o := &redis.UniversalOptions{Username: u.User.Username()}
	o.Password, _ = u.User.Password()
	scheme := u.Scheme
	if strings.HasPrefix(scheme, "rediss") {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		scheme = "redis" + strings.TrimPrefix(scheme, "rediss")
	}
	parse, ok := map[string]func(*redis.UniversalOptions, *url.URL, url.Values) error{
		"redis": parseServer, "unix": parseSocket, "redis+sentinel": parseSentinel, "redis+cluster": parseCluster,
	}[scheme]
	if !ok {
		return nil, invalid("it must begin with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://")
	}
	if err := parse(o, u, query); err != nil {
		return nil, err
	}
	return o, nil
}

func invalid(reason string) error { return fmt.Errorf("%w: %s", ErrInvalidURL, reason) }

func parseServer(o *redis.UniversalOptions, u *url.URL, query url.Values) error {
	return errors.Join(only(query), hosts(o, u, query, redisPort), database(o, strings.TrimPrefix(u.Path, "/")))
}

func parseSocket(o *redis.UniversalOptions, u *url.URL, query url.Values) error {
	if u.Host != "" || len(u.Path) < 2 {
		return invalid("write a socket as unix:///path/to/socket")
	}
	o.Addrs = []string{u.Path}
	return errors.Join(only(query, "db"), database(o, query.Get("db")))
}

func parseSentinel(o *redis.UniversalOptions, u *url.URL, query url.Values) error {
	o.MasterName = query.Get("master_name")
	if o.MasterName == "" {
		return invalid("Sentinel needs master_name")
	}
	o.SentinelUsername, o.SentinelPassword = query.Get("sentinel_username"), query.Get("sentinel_password")
	return errors.Join(only(query, "master_name", "addr", "sentinel_username", "sentinel_password"),
		hosts(o, u, query, sentinelPort), database(o, strings.TrimPrefix(u.Path, "/")))
}

func parseCluster(o *redis.UniversalOptions, u *url.URL, query url.Values) error {
	if strings.Trim(u.Path, "/") != "" {
		return invalid("a Cluster has no numbered databases")
	}
	o.IsClusterMode = true
	return errors.Join(only(query, "addr"), hosts(o, u, query, redisPort))
}

// hosts collects the URL's host and those of its addr parameters.
func hosts(o *redis.UniversalOptions, u *url.URL, query url.Values, port string) error {
	for _, address := range append([]string{u.Host}, query["addr"]...) {
		host := &url.URL{Host: address}
		if host.Hostname() == "" || strings.ContainsAny(address, "/@,") {
			return invalid("write a host as host or host:port, and further hosts as addr parameters")
		}
		number := cmp.Or(host.Port(), port)
		if n, err := strconv.ParseUint(number, 10, 16); err != nil || n == 0 {
			return invalid("a port must be a number from 1 to 65535")
		}
		o.Addrs = append(o.Addrs, net.JoinHostPort(host.Hostname(), number))
	}
	return nil
}

// database parses the number of the database; the default is 0.
func database(o *redis.UniversalOptions, text string) error {
	if text == "" {
		return nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return invalid("a database must be a number")
	}
	o.DB = int(n)
	return nil
}

// only refuses all parameters but the named ones, so that none is silently ignored.
func only(query url.Values, names ...string) error {
	for name := range query {
		if !slices.Contains(names, name) {
			return invalid("it has an unknown parameter; this form allows: " + strings.Join(names, ", "))
		}
	}
	return nil
}
