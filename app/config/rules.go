package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/app/querycache"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
)

// longestLedger is a ledger of 2.3 GiB; its memory is allocated in full at the start.
const longestLedger = 1 << 24

// highestRate is a rate at which a request costs 6 µs; limits are counted in microseconds.
const highestRate = 10_000_000

// leastLedgerBytes has room for the largest change: two states of a listing without a common value.
const leastLedgerBytes Bytes = 1 << 20

// check returns the keys whose values are readable and invalid. It never shows a URL, which may hold a password.
func (c *Config) check() []problem {
	r := &rules{}
	c.checkStores(r)
	c.checkTimes(r)
	c.checkListeners(r)
	c.HTTP.check(r)
	r.check(property.Currency(c.Listings.DefaultCurrency).Known(), "listings.default_currency",
		"invalid currency %q; write an ISO 4217 code, like USD or HKD", c.Listings.DefaultCurrency)
	var factorRules []string
	for _, rule := range access.FactorRules() {
		factorRules = append(factorRules, string(rule))
	}
	r.oneOf(c.Access.RequireSecondFactor, factorRules, "access.require_second_factor")
	r.check(!c.Tracing.On() || isHTTP(string(c.Tracing.Endpoint)), "tracing.endpoint",
		"must be the http or https address of a collector, like http://localhost:4318, or none")
	r.oneOf(c.Log.Level, []string{"debug", "info", "warn", "error"}, "log.level")
	r.oneOf(c.Log.Format, []string{"auto", "json", "console"}, "log.format")
	return r.found
}

// rules collects the keys whose values break a rule.
type rules struct{ found []problem }

func (r *rules) check(holds bool, key, format string, args ...any) {
	if !holds {
		r.found = append(r.found, problem{key, fmt.Sprintf(format, args...)})
	}
}

func (r *rules) usable(err error, key string) { r.check(err == nil, key, "%v", err) }

func (r *rules) oneOf(value string, allowed []string, key string) {
	r.check(slices.Contains(allowed, value), key, "%q must be one of %s", value, strings.Join(allowed, ", "))
}

func (r *rules) notLonger(shorter, longer time.Duration, key, limit string) {
	r.check(shorter <= longer, key, "%s must not be longer than %s (%s)",
		ShortDuration(shorter), limit, ShortDuration(longer))
}

func (r *rules) listens(address, key string) {
	r.check(isAddress(address), key,
		"invalid listen address %q; write host:port, like 127.0.0.1:8080 or :8080, or unix:/path", address)
}

func (c *Config) checkStores(r *rules) {
	r.usable(bunstore.CheckURL(string(c.Database.URL)), "database.url")
	r.usable(querycache.Check(string(c.Cache.URL)), "cache.url")
	r.check(c.Freshness.LedgerLength <= longestLedger, "freshness.ledger_length", "must be at most %d", longestLedger)
	r.check(c.Freshness.LedgerBytes >= leastLedgerBytes, "freshness.ledger_bytes", "must be at least %s", leastLedgerBytes)
}

func (c *Config) checkTimes(r *rules) {
	const idle = "freshness.idle_poll_interval"
	r.notLonger(c.Freshness.PollInterval, c.Freshness.IdlePollInterval, "freshness.poll_interval", idle)
	r.notLonger(c.Freshness.IdlePollInterval, c.Freshness.MaxStaleness, idle, "freshness.max_staleness")
	r.notLonger(c.HTTP.HandlerTimeout, c.HTTP.WriteTimeout, "http.handler_timeout", "http.write_timeout")
	r.notLonger(c.Shutdown.Delay, c.Shutdown.Timeout, "shutdown.delay", "shutdown.timeout")
}

func (c *Config) checkListeners(r *rules) {
	r.listens(c.HTTP.Address, "http.address")
	r.listens(c.Ops.Address, "ops.address")
	r.check(!sameListener(c.HTTP.Address, c.Ops.Address), "ops.address",
		"%q is taken by http.address (%s)", c.Ops.Address, c.HTTP.Address)
	for _, host := range Items(c.Ops.Hosts) {
		r.check(hostName.MatchString(host), "ops.hosts",
			"invalid host name %q; write names like gable.example.org, or none", host)
	}
}

func (c *HTTPConfig) check(r *rules) {
	r.check(c.PublicURL == "none" || c.SiteURL() != nil, "http.public_url",
		"invalid site address %q; write it like https://homes.example.org, or none; a path goes into http.base_path",
		c.PublicURL)
	r.check(c.BasePath == "/" || isBasePath(c.BasePath), "http.base_path",
		"invalid path %.120q; write it like /homes, with no slash at its end, of letters, digits and -._~ between "+
			"slashes, at most %d characters; or / for the whole host", c.BasePath, longestBasePath)
	r.check(!c.HSTSSubdomains || c.StrictTransport() != "", "http.hsts_subdomains",
		"needs http.public_url to begin with https://")
	for _, origin := range Items(c.CORSOrigins) {
		r.check(isOrigin(origin) || origin == "*" && c.CORSOrigins == "*", "http.cors_origins",
			"invalid origin %q; write origins like https://app.example.org, without a path, or * alone, or none", origin)
	}
	r.check(c.TLSCert == "none" || c.TLSKey != "none", "http.tls_cert", "needs http.tls_key")
	r.check(c.TLSKey == "none" || c.TLSCert != "none", "http.tls_key", "needs http.tls_cert")
	if c.TLSCert != "none" && c.TLSKey != "none" {
		_, err := LoadCertificate(c.TLSCert, c.TLSKey)
		r.usable(err, "http.tls_cert")
	}
	r.check(c.RateLimit <= highestRate, "http.rate_limit", "must be at most %d", highestRate)
	r.check(c.RateBurst <= highestRate, "http.rate_burst", "must be at most %d", highestRate)
	proxies, err := exchange.ParseProxies(c.TrustedProxies)
	r.usable(err, "http.trusted_proxies")
	r.check(!c.ProxyProtocol || err != nil || len(proxies) > 0, "http.proxy_protocol",
		"needs the proxies in http.trusted_proxies")
}

// On reports whether traces are exported.
func (c *TracingConfig) On() bool { return c.Endpoint != "none" }

// isHTTP reports whether a text is an http or https URL.
func isHTTP(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// SiteURL returns the address of the pages; nil for none or an invalid one.
func (c *HTTPConfig) SiteURL() *url.URL {
	u, err := url.Parse(c.PublicURL)
	web := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
	if !web || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil
	}
	return u
}

// Base returns the path prefix of all routes; "" for the whole host.
func (c *HTTPConfig) Base() string { return strings.TrimSuffix(c.BasePath, "/") }

const longestBasePath = 100

// plainPath matches paths whose characters are never escaped in URLs.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

// isBasePath reports whether a text is a path with a single spelling in browsers and proxies.
func isBasePath(text string) bool {
	return len(text) <= longestBasePath && plainPath.MatchString(text) && path.Clean(text) == text
}

// StrictTransport returns the Strict-Transport-Security header, for two years; "" without an https public URL.
func (c *HTTPConfig) StrictTransport() string {
	const header = "max-age=63072000"
	switch u := c.SiteURL(); {
	case u == nil || u.Scheme != "https":
		return ""
	case c.HSTSSubdomains:
		return header + "; includeSubDomains"
	}
	return header
}

// isOrigin reports whether a text is an origin as browsers send it. It has a scheme and a host in lower case, and a
// port unless that is the scheme's own.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	own := map[string]string{"http": "80", "https": "443"}
	return err == nil && own[u.Scheme] != "" && u.Hostname() != "" && u.Port() != own[u.Scheme] &&
		text == strings.ToLower(u.Scheme+"://"+u.Host) && !strings.HasSuffix(text, ":") && !strings.Contains(text, "*")
}

// Items splits a text at its commas; "none" is the empty list.
func Items(text string) []string {
	if text == "none" {
		return nil
	}
	items := strings.Split(text, ",")
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items
}

// hostName matches host names; the last part of a name is never a number.
var hostName = regexp.MustCompile(`^([A-Za-z0-9_-]+\.)*[A-Za-z0-9_-]*[A-Za-z][A-Za-z0-9_-]*\.?$`)

// isAddress reports whether a text is host:port with a numeric port, 0 for any free one; the host may be missing. The
// absolute path of a socket is an address as well.
func isAddress(text string) bool {
	if path, socket := SocketPath(text); socket {
		return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && len(path) <= longestSocketPath
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" && !hostName.MatchString(host) {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// sameListener reports whether two addresses conflict, so that one of two listeners would fail.
func sameListener(a, b string) bool {
	if _, socket := SocketPath(a); socket {
		return a == b
	}
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	numberA, _ := strconv.Atoi(portA)
	numberB, _ := strconv.Atoi(portB)
	if errA != nil || errB != nil || numberA != numberB || numberA == 0 {
		return false
	}
	return strings.EqualFold(hostA, hostB) || everyHost(hostA) || everyHost(hostB) || loopback(hostA) && loopback(hostB)
}

func everyHost(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "" || err == nil && address.IsUnspecified()
}

// loopback reports whether a host is what localhost means, in IPv4.
func loopback(host string) bool { return host == "localhost" || host == "127.0.0.1" }
