package main

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gable-listings/gable/domain/property"
)

// Beginnings of the URLs that choose a database and a cache.
var (
	databaseSchemes = []string{"sqlite", "postgres", "postgresql"}
	cacheSchemes    = []string{"memory", "redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"}
)

// broken lists the keys whose values can be read but make no sense. It never shows a URL, which may hold a password.
func (c *Config) broken() []problem {
	var found []problem
	rule := func(holds bool, key, format string, args ...any) {
		if !holds {
			found = append(found, problem{key, fmt.Sprintf(format, args...)})
		}
	}
	oneOf := func(value string, allowed []string, key string) {
		rule(slices.Contains(allowed, value), key, "%q is none of %s", value, strings.Join(allowed, ", "))
	}
	notLonger := func(shorter, longer time.Duration, key, limit string) {
		rule(shorter <= longer, key, "%s must not be longer than %s (%s)", shortDuration(shorter), limit, shortDuration(longer))
	}
	rule(slices.Contains(databaseSchemes, c.Database.URL.scheme()), "database.url",
		"must begin with sqlite: or postgres://")
	rule(slices.Contains(cacheSchemes, c.Cache.URL.scheme()), "cache.url",
		"must be memory: or begin with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://")
	notLonger(c.Freshness.PollInterval, c.Freshness.IdlePollInterval, "freshness.poll_interval", "freshness.idle_poll_interval")
	notLonger(c.Freshness.IdlePollInterval, c.Freshness.MaxStaleness, "freshness.idle_poll_interval", "freshness.max_staleness")
	notLonger(c.HTTP.HandlerTimeout, c.HTTP.WriteTimeout, "http.handler_timeout", "http.write_timeout")
	notLonger(c.Shutdown.Delay, c.Shutdown.Timeout, "shutdown.delay", "shutdown.timeout")
	listens := func(address, key string) {
		rule(isAddress(address), key, "%q is no address to listen on; write host:port, like 127.0.0.1:8080 or :8080", address)
	}
	listens(c.HTTP.Address, "http.address")
	listens(c.Ops.Address, "ops.address")
	rule(c.HTTP.PublicURL == "none" || c.HTTP.publicURL() != nil, "http.public_url",
		"%q is no address of a whole site; write it like https://homes.example.org, or none", c.HTTP.PublicURL)
	rule(property.Currency(c.Listings.DefaultCurrency).Known(), "listings.default_currency",
		"%q is no ISO 4217 currency code, like USD or HKD", c.Listings.DefaultCurrency)
	oneOf(c.Log.Level, []string{"debug", "info", "warn", "error"}, "log.level")
	oneOf(c.Log.Format, []string{"auto", "json", "console"}, "log.format")
	return found
}

// publicURL is where people reach the pages; nil when that is not said, or not like a site's address.
func (c *HTTPConfig) publicURL() *url.URL {
	u, err := url.Parse(c.PublicURL)
	web := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
	if !web || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil
	}
	return u
}

// isAddress reports whether a text is host:port with a numeric port, 0 for any free one; the host may be missing.
func isAddress(text string) bool {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}
