//go:build unix

package truth

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/gable-listings/gable/app/apptest"
)

const (
	forgedAtOnce = 64  // records
	stolenAtMost = 256 // records to be put back later
)

// forger writes records into the cluster's Redis that no process has written there.
type forger struct {
	keys   []string
	stolen map[string]string // records as they were at some time
}

// forgeRecords alters records, moves them to other keys, replaces them with nonsense, and puts back old ones.
func forgeRecords(h *history, _ *apptest.Node, r *rand.Rand) {
	ctx, cancel := context.WithTimeout(h.T.Context(), time.Second)
	defer cancel()
	client, f := h.RedisClient(), &h.forger
	if f.keys, _ = client.Keys(ctx, "*").Result(); len(f.keys) == 0 {
		return
	}
	for range forgedAtOnce {
		key := f.keys[r.IntN(len(f.keys))]
		value, err := client.Get(ctx, key).Result()
		if err != nil || value == "" {
			continue // it has just ended, or is not a string
		}
		_ = client.Set(ctx, key, f.forged(ctx, client, r, key, value), redis.KeepTTL).Err()
	}
}

// forged returns what replaces a record.
func (f *forger) forged(ctx context.Context, client *redis.Client, r *rand.Rand, key, value string) string {
	altered := []byte(value)
	switch r.IntN(6) {
	case 0: // a few bytes
		for range 1 + r.IntN(3) {
			altered[r.IntN(len(altered))] ^= byte(1 + r.IntN(255))
		}
	case 1: // a digit of a number written out
		for i := range altered {
			if at := (i + r.IntN(len(altered))) % len(altered); altered[at] >= '0' && altered[at] <= '9' {
				altered[at] = '0' + byte(r.IntN(10))
				break
			}
		}
	case 2: // its end
		altered = altered[:r.IntN(len(altered))]
	case 3: // another one's
		other, err := client.Get(ctx, f.keys[r.IntN(len(f.keys))]).Result()
		if err == nil {
			return other
		}
	case 4: // pure invention: nested lists that claim to be huge
		nonsense := []byte{0xdd, 0xff, 0xff, 0xff, 0xff, 0xc6, 0x7f, 0xff, 0xff, 0xff, 0xdf}
		for len(altered) > len(nonsense) {
			nonsense = append(nonsense, nonsense[:11]...)
		}
		return string(nonsense[:len(altered)])
	default: // an older one of its own
		if old, known := f.stolen[key]; known {
			return old
		}
		if len(f.stolen) < stolenAtMost {
			f.stolen[key] = value
		}
	}
	return string(altered)
}
