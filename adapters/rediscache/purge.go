package rediscache

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	purgeLimit = 30 * time.Second
	purgeBatch = 500 // keys looked at in one step
)

// Purge implements ports.Cache. It walks the database in small steps and unlinks what has the prefix; Redis serves others
// in between, and whatever was kept before the call is gone when it returns nil, for every process. An operator asks for
// it, now and then; nothing depends on it being quick, and it gives up after half a minute. (A generation number in the
// keys would be quicker, but every process would have to ask for it before each call or hold on to an old one, a full
// Redis could evict it, and the memory would stay taken.)
func (c *Cache) Purge(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, purgeLimit)
	defer cancel()
	switch client := c.client.(type) {
	case *redis.ClusterClient:
		return unavailable("purge", client.ForEachMaster(ctx, c.purgeNode))
	case *redis.Client:
		return unavailable("purge", c.purgeNode(ctx, client))
	}
	return nil
}

// purgeNode unlinks the cache's keys on one server. Keys are unlinked one by one, as keys of a cluster have to be, in one
// round trip, and through the cluster's client, which knows when a key has just moved.
func (c *Cache) purgeNode(ctx context.Context, node *redis.Client) error {
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		_, err := c.call(ctx, func(ctx context.Context) ([]byte, error) {
			keys, next, err := node.Scan(ctx, cursor, prefix+"*", purgeBatch).Result()
			if err != nil || len(keys) == 0 {
				cursor = next
				return nil, err
			}
			cursor = next
			return nil, c.unlink(ctx, keys)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Cache) unlink(ctx context.Context, keys []string) error {
	_, err := c.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, key := range keys {
			p.Unlink(ctx, key)
		}
		return nil
	})
	return err
}
