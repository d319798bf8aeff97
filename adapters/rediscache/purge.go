package rediscache

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	purgeLimit = 30 * time.Second
	purgeBatch = 500 // keys scanned in one step
)

// Purge implements ports.Cache. It scans the database in small steps and unlinks the keys with the prefix; Redis
// serves other calls in between. When it returns nil, everything cached before the call is gone, for every process.
// Operators call it now and then; its speed does not matter, and it gives up after half a minute. (A generation
// number in the keys would be quicker, but every process would have to read it before each call or risk an old one, a
// full Redis could evict it, and the memory would stay in use.)
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

// purgeNode unlinks the cache's keys on one server. Keys are unlinked one by one in one round trip, as a Cluster
// requires, and through the client of the Cluster, which handles keys that have just moved.
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
