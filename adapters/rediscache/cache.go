// Package rediscache caches entries in Redis, shared by all processes of one service. Redis may be a single server, a
// server behind Sentinel, or a Cluster. It is optional at any time: every call ends within a short time limit, a
// circuit breaker avoids even that wait while Redis is away, and the service starts without it. The package treats
// values as opaque bytes, never lists all keys of Redis at once, never touches a key without its prefix, and never
// reads a value larger than it would write itself: other programs may have stored one there.
//
// On a single server the commands are PING, HELLO, SELECT, GETRANGE, SET, UNLINK and SCAN, on keys gable:* alone; rate
// limits need EVALSHA, EVAL and TIME as well.
//
// A Redis that serves as a cache needs maxmemory and an eviction policy, maxmemory-policy allkeys-lru (or
// allkeys-lfu). With the default policy, noeviction, a full Redis refuses every Set; reads go on.
package rediscache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/sony/gobreaker/v2"

	"github.com/gable-listings/gable/ports"
)

// Options configure a Cache. Zero fields have defaults.
type Options struct {
	// URL is the address of Redis and the log-in:
	//
	//	redis://[[user]:password@]host[:port][/database]       one server
	//	unix://[[user]:password@]/path/to/socket[?db=database] one server on this host
	//	redis+sentinel://[[user]:password@]host[:port][/database]?master_name=name[&addr=host:port]…
	//	redis+cluster://[[user]:password@]host[:port][?addr=host:port]…
	//
	// With rediss instead of redis the connections are encrypted (TLS 1.2 or later, verified against the system's
	// authorities). addr names further Sentinels, or further nodes of the Cluster; sentinel_username and
	// sentinel_password are the log-in at the Sentinels, if they require one. Other parameters are refused.
	URL string
	// Timeout limits each call, connecting included; the default is 100 ms.
	Timeout time.Duration
	// MaxValueBytes is the size of the largest value that is cached or read; the default is 1 MiB.
	MaxValueBytes int
	// Changed, if not nil, is called with the cause when Redis goes away, and with nil when it is back. A Redis that is
	// missing at first counts as gone. The function must return soon and must not use the cache.
	Changed func(cause error)
	// Trace, if not nil, records each command that belongs to a recorded span.
	Trace ports.Trace
}

// prefix begins every key.
const prefix = "gable:"

// Cache is a ports.Cache in Redis. Its errors wrap ports.ErrUnavailable and the cause.
type Cache struct {
	client        redis.UniversalClient
	breaker       *gobreaker.CircuitBreaker[[]byte]
	health        health
	timeout       time.Duration
	maxValueBytes int
}

// Open makes a cache and tries to connect. When Redis does not answer, Changed is called, and Open succeeds. The
// error wraps ErrInvalidURL. The client library's own log is switched off: failures come back as errors.
func Open(ctx context.Context, o Options) (*Cache, error) {
	settings, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	logging.Disable()
	c := &Cache{timeout: o.Timeout, maxValueBytes: o.MaxValueBytes, breaker: newBreaker()}
	c.health.begin(o.Changed)
	if c.timeout <= 0 {
		c.timeout = 100 * time.Millisecond
	}
	if c.maxValueBytes <= 0 {
		c.maxValueBytes = 1 << 20
	}
	c.client = redis.NewUniversalClient(impatient(settings, c.timeout))
	if o.Trace != nil {
		c.client.AddHook(tracedCommands{o.Trace})
	}
	_ = c.Ping(ctx)
	return c, nil
}

// impatient sets the limits of the client: no wait exceeds the timeout, and it tries at most twice.
func impatient(o *redis.UniversalOptions, timeout time.Duration) *redis.UniversalOptions {
	o.ContextTimeoutEnabled = true
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
	o.DialerRetries = 1
	o.MaxRetries, o.MinRetryBackoff, o.MaxRetryBackoff = 1, time.Millisecond, 10*time.Millisecond
	o.PipelinePoolSize = -1
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return o
}

// errTooLong is the error of a value longer than any that this cache writes.
var errTooLong = errors.New("value longer than the largest that is cached")

// Get implements ports.Cache. It requests one byte more than the largest value has, to detect a longer one.
func (c *Cache) Get(ctx context.Context, key string) ([]byte, bool, error) {
	value, err := c.call(ctx, func(ctx context.Context) ([]byte, error) {
		return c.client.GetRange(ctx, prefix+key, 0, int64(c.maxValueBytes)).Bytes()
	})
	switch {
	case err != nil:
		return nil, false, unavailable("get", err)
	case len(value) > c.maxValueBytes:
		return nil, false, unavailable("get", errTooLong)
	case len(value) == 0:
		return nil, false, nil
	}
	return value, true, nil
}

// Set implements ports.Cache. Redis counts a time to live in milliseconds; a shorter one is rounded up to one.
func (c *Cache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if len(value) > c.maxValueBytes {
		return c.Delete(ctx, key)
	}
	_, err := c.call(ctx, func(ctx context.Context) ([]byte, error) {
		return nil, c.client.Set(ctx, prefix+key, value, max(ttl, time.Millisecond)).Err()
	})
	return unavailable("set", err)
}

// Add implements ports.Cache.
func (c *Cache) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if len(value) > c.maxValueBytes {
		return false, nil
	}
	_, err := c.call(ctx, func(ctx context.Context) ([]byte, error) {
		return c.client.SetArgs(ctx, prefix+key, value, redis.SetArgs{Mode: "NX", TTL: max(ttl, time.Millisecond)}).Bytes()
	})
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	return err == nil, unavailable("add", err)
}

// Delete implements ports.Cache.
func (c *Cache) Delete(ctx context.Context, key string) error {
	_, err := c.call(ctx, func(ctx context.Context) ([]byte, error) {
		return nil, c.client.Unlink(ctx, prefix+key).Err()
	})
	return unavailable("delete", err)
}

// Size implements ports.Cache: -1 and -1. Redis counts the keys of a database and the bytes of a server, and other
// programs may share both.
func (c *Cache) Size(context.Context) (entries, bytes int64, err error) { return -1, -1, nil }

// Ping implements ports.Cache.
func (c *Cache) Ping(ctx context.Context) error {
	_, err := c.call(ctx, func(ctx context.Context) ([]byte, error) { return nil, c.client.Ping(ctx).Err() })
	return unavailable("ping", err)
}

// Close ends the connections.
func (c *Cache) Close() error { return c.client.Close() }

// unavailable wraps the error of a failed call; nil stays nil.
func unavailable(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s in Redis: %w: %w", doing, ports.ErrUnavailable, err)
}
