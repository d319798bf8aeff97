package servicetest

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	redisVariable  = "GABLE_TEST_REDIS_URL"
	redisDatabases = 256 // of a server started here; others usually have 16

	claimPrefix = "gable:test:claim:" // in database 0: marks a database in use by a test
	ownedSet    = "gable:test:owned"  // in database 0: databases that were empty when a test first took them
	claimTime   = 15 * time.Minute    // an older claim is left over from a test that crashed
)

var sharedRedis = sync.OnceValues(func() (string, error) { return shared(redisVariable, redisService(nil)) })

// Redis returns the URL of an empty database for this test alone. Tests that run at the same time, in other programs
// too, have databases of other numbers; FLUSHALL would delete their data and belongs on a server from StartRedis.
func Redis(t testing.TB) string {
	t.Helper()
	needMain(t)
	server, err := sharedRedis()
	if err != nil {
		giveUp(t, err)
	}
	ctx, cancel := within(commandTimeout)
	defer cancel()
	number, err := claim(ctx, server)
	if err != nil {
		t.Fatalf("claim a Redis database: %v", err)
	}
	t.Cleanup(func() {
		if err := release(server, number); err != nil {
			t.Errorf("release Redis database %d: %v", number, err)
		}
	})
	return withDatabase(server, strconv.Itoa(number))
}

// claim takes a free database, waiting for one if necessary, and empties it.
func claim(ctx context.Context, server string) (int, error) {
	zero, err := openRedis(server, 0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = zero.Close() }()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		number, err := claimAny(ctx, zero, server)
		if number > 0 || err != nil {
			return number, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return 0, errors.New("all databases are in use or hold foreign data")
		}
	}
}

// claimAny claims a free database and returns its number, or 0 if none is free. It never takes one that holds foreign
// data.
func claimAny(ctx context.Context, zero *redis.Client, server string) (int, error) {
	for number := 1; number < redisDatabases; number++ {
		key := claimPrefix + strconv.Itoa(number)
		won, err := zero.SetNX(ctx, key, 1, claimTime).Result()
		if err != nil {
			return 0, err
		}
		if !won {
			continue
		}
		usable, err := makeEmpty(ctx, zero, server, number)
		if usable {
			return number, nil
		}
		zero.Del(ctx, key)
		if redis.HasErrorPrefix(err, "ERR DB index") {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, nil
}

func makeEmpty(ctx context.Context, zero *redis.Client, server string, number int) (bool, error) {
	client, err := openRedis(server, number)
	if err != nil {
		return false, err
	}
	defer func() { _ = client.Close() }()
	size, err := client.DBSize(ctx).Result()
	if err != nil {
		return false, err
	}
	owned, err := zero.SIsMember(ctx, ownedSet, number).Result()
	if err != nil || size > 0 && !owned {
		return false, err
	}
	if err := zero.SAdd(ctx, ownedSet, number).Err(); err != nil {
		return false, err
	}
	return true, client.FlushDB(ctx).Err()
}

func release(server string, number int) error {
	ctx, cancel := within(commandTimeout)
	defer cancel()
	for _, step := range []struct {
		database int
		act      func(*redis.Client) error
	}{
		{number, func(c *redis.Client) error { return c.FlushDB(ctx).Err() }},
		{0, func(c *redis.Client) error { return c.Del(ctx, claimPrefix+strconv.Itoa(number)).Err() }},
	} {
		client, err := openRedis(server, step.database)
		if err != nil {
			return err
		}
		err = step.act(client)
		if err := errors.Join(err, client.Close()); err != nil {
			return err
		}
	}
	return nil
}
