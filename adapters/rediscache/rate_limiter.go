package rediscache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/gable-listings/gable/ports"
)

// take is ports.RateLimiter as one atomic step, by the clock of the server. For each client it stores the time, in
// microseconds since 1970, at which all its use is forgotten; the key expires then. A value that cannot be such a
// time counts as nothing, or as the limit.
var take = redis.NewScript(`
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local cost, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local used = (tonumber(redis.call('GETRANGE', KEYS[1], 0, 31)) or 0) - now
if not (used > 0) then used = 0 end
if used > limit then used = limit end
if used + cost > limit then return {0, used} end
used = used + cost
redis.call('SET', KEYS[1], string.format('%.0f', now + used), 'PX', math.ceil(used / 1000))
return {1, used}
`)

// clientPrefix follows the prefix of every key in the key of a client.
const clientPrefix = "rate:"

// errNoScripts is the error when the user of Redis may not run scripts. It does not concern the cache.
var errNoScripts = errors.New("a rate limit in Redis needs the rights +evalsha +eval +time")

// Take implements ports.RateLimiter. A Purge resets the use of all clients.
func (c *Cache) Take(
	ctx context.Context, client ports.Client, cost, limit time.Duration,
) (used time.Duration, ok bool, err error) {
	var reply []int64
	_, err = c.call(ctx, func(ctx context.Context) ([]byte, error) {
		var err error
		reply, err = take.Run(ctx, c.client, []string{prefix + clientPrefix + client.String()},
			microseconds(cost), microseconds(limit)).Int64Slice()
		if redis.HasErrorPrefix(err, "NOPERM") {
			err = fmt.Errorf("%w: %w", errNoScripts, err)
		}
		return nil, err
	})
	if err == nil && len(reply) != 2 {
		err = fmt.Errorf("unexpected reply %v", reply)
	}
	if err != nil {
		return 0, false, unavailable("count a client", err)
	}
	return time.Duration(reply[1]) * time.Microsecond, reply[0] == 1, nil
}

// microseconds rounds up, so that no cost becomes nothing.
func microseconds(d time.Duration) int64 {
	return int64((d + time.Microsecond - 1) / time.Microsecond)
}
