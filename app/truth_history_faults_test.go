//go:build unix

package main

import (
	"context"
	"math/rand/v2"
	"time"
)

// fault is something that goes wrong for a while.
type fault struct {
	name string
	do   func(h *history, n *node, r *rand.Rand)
	undo func(h *history, n *node)
	// shortest and longest are for how long it lasts.
	shortest, longest time.Duration
}

const ms = time.Millisecond

// historyFaults are injected one after the other, into a process chosen at random.
var historyFaults = []fault{
	{"process killed and started again", func(_ *history, n *node, _ *rand.Rand) { n.kill() }, func(_ *history, n *node) { n.start() }, 0, 300 * ms},
	{"process frozen", func(_ *history, n *node, _ *rand.Rand) { n.freeze() }, func(_ *history, n *node) { n.thaw() }, 100 * ms, 2500 * ms},
	{"Redis flushed", flushRedis, nil, 0, 100 * ms},
	{"Redis killed and started again", func(h *history, _ *node, _ *rand.Rand) { h.redis.Kill() }, func(h *history, _ *node) { h.redis.Start() }, 100 * ms, 800 * ms},
	{"Redis frozen", func(h *history, _ *node, _ *rand.Rand) { h.redis.Pause() }, func(h *history, _ *node) { h.redis.Resume() }, 100 * ms, 1500 * ms},
	{"slow way to Redis", func(_ *history, n *node, r *rand.Rand) { n.cache.slow(5 + r.IntN(200)) }, func(_ *history, n *node) { n.cache.mend() }, 200 * ms, 1500 * ms},
	{"no way to Redis", func(_ *history, n *node, _ *rand.Rand) { n.cache.cut() }, func(_ *history, n *node) { n.cache.mend() }, 200 * ms, 1500 * ms},
	{"Redis a black hole", func(_ *history, n *node, _ *rand.Rand) { n.cache.swallow() }, func(_ *history, n *node) { n.cache.mend() }, 200 * ms, 1500 * ms},
	{"slow way to the database", func(_ *history, n *node, r *rand.Rand) { n.database.slow(1 + r.IntN(80)) }, func(_ *history, n *node) { n.database.mend() }, 300 * ms, 2 * time.Second},
	{"no way to the database", func(_ *history, n *node, _ *rand.Rand) { n.database.cut() }, func(_ *history, n *node) { n.database.mend() }, 200 * ms, 2 * time.Second},
	{"the database a black hole", func(_ *history, n *node, _ *rand.Rand) { n.database.swallow() }, func(_ *history, n *node) { n.database.mend() }, 200 * ms, 2500 * ms},
	{"the database's answers lost", func(_ *history, n *node, _ *rand.Rand) { n.database.loseAnswers() }, func(_ *history, n *node) { n.database.mend() }, 200 * ms, 2 * time.Second},
	{"database killed and started again", func(h *history, _ *node, _ *rand.Rand) { h.postgres.Kill() }, func(h *history, _ *node) { h.postgres.Start() }, 0, 1500 * ms},
	{"database stopped and started again", func(h *history, _ *node, _ *rand.Rand) { h.postgres.Stop() }, func(h *history, _ *node) { h.postgres.Start() }, 0, 300 * ms},
	{"database frozen", func(h *history, _ *node, _ *rand.Rand) { h.postgres.Pause() }, func(h *history, _ *node) { h.postgres.Resume() }, 100 * ms, 1500 * ms},
	{"all connections to the database ended", endConnections, nil, 0, 200 * ms},
	{"records forged in Redis", forgeRecords, nil, 100 * ms, 800 * ms},
	{"a column rewritten", newEdition(rewriteColumn), nil, 0, 1500 * ms},
	{"a change with the triggers disabled", newEdition(changeWithoutTriggers), nil, 0, 1500 * ms},
	{"a change in the role of a replica", newEdition(changeAsReplica), nil, 0, 1500 * ms},
	{"the table emptied and copied back", newEdition(copyBack), nil, 0, 1500 * ms},
	{"the table written anew", writeTableAnew, nil, 0, 500 * ms},
	{"the tables reloaded from a dump", reloadDump, nil, 0, 1500 * ms},
}

func flushRedis(h *history, _ *node, _ *rand.Rand) {
	if err := h.redisClient().FlushAll(h.t.Context()).Err(); err != nil {
		h.t.Error(err)
	}
}

func endConnections(h *history, _ *node, _ *rand.Rand) {
	_, _ = h.sql.Exec(h.t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
}

// After the last fault of a turn comes what it takes to get over the faults, and then a rest in which the answers count as
// those of healthy processes.
const (
	recovery     = 2500 * ms
	shortestRest = 2500 * ms
)

// injure injects faults until the context ends, and leaves everything whole. The faults come in turns with rests between
// them, so that a short history has several kinds, and a long one has readers as fast as they are when nothing is hurt.
func (h *history) injure(ctx context.Context, r *rand.Rand, rest time.Duration) {
	pause := func(shortest, longest time.Duration) {
		select {
		case <-ctx.Done():
		case <-time.After(shortest + rand.N(longest-shortest+1)):
		}
	}
	for turn := 0; ctx.Err() == nil; turn++ {
		if turn > 0 {
			pause(recovery, recovery)
		}
		h.hurt.Store(false)
		pause(rest, rest)
		h.hurt.Store(true)
		for _, i := range r.Perm(len(historyFaults)) {
			if ctx.Err() != nil {
				return
			}
			f, n, began := historyFaults[i], h.nodes[r.IntN(len(h.nodes))], h.now()
			f.do(h, n, r)
			pause(f.shortest, f.longest)
			if f.undo != nil {
				f.undo(h, n)
			}
			h.fault(f.name, n.name, began, h.now())
			pause(100*ms, 600*ms)
		}
	}
}
