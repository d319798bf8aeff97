//go:build unix

package truth

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/gable-listings/gable/app/apptest"
)

// fault is something that goes wrong for a while.
type fault struct {
	name string
	do   func(h *history, n *apptest.Node, r *rand.Rand)
	undo func(h *history, n *apptest.Node)
	// shortest and longest bound how long it lasts.
	shortest, longest time.Duration
}

const ms = time.Millisecond

// historyFaults are injected one after the other, each into a process chosen at random.
var historyFaults = []fault{
	{"process killed and started again", func(_ *history, n *apptest.Node, _ *rand.Rand) { n.Kill() },
		func(_ *history, n *apptest.Node) { n.Start() }, 0, 300 * ms},
	{"process frozen", func(_ *history, n *apptest.Node, _ *rand.Rand) { n.Freeze() },
		func(_ *history, n *apptest.Node) { n.Thaw() }, 100 * ms, 2500 * ms},
	{"Redis flushed", flushRedis, nil, 0, 100 * ms},
	{"Redis killed and started again", func(h *history, _ *apptest.Node, _ *rand.Rand) { h.Redis.Kill() },
		func(h *history, _ *apptest.Node) { h.Redis.Start() }, 100 * ms, 800 * ms},
	{"Redis frozen", func(h *history, _ *apptest.Node, _ *rand.Rand) { h.Redis.Pause() },
		func(h *history, _ *apptest.Node) { h.Redis.Resume() }, 100 * ms, 1500 * ms},
	{"slow way to Redis", func(_ *history, n *apptest.Node, r *rand.Rand) { n.Cache.Slow(5 + r.IntN(200)) },
		func(_ *history, n *apptest.Node) { n.Cache.Mend() }, 200 * ms, 1500 * ms},
	{"no way to Redis", func(_ *history, n *apptest.Node, _ *rand.Rand) { n.Cache.Cut() },
		func(_ *history, n *apptest.Node) { n.Cache.Mend() }, 200 * ms, 1500 * ms},
	{"Redis a black hole", func(_ *history, n *apptest.Node, _ *rand.Rand) { n.Cache.Swallow() },
		func(_ *history, n *apptest.Node) { n.Cache.Mend() }, 200 * ms, 1500 * ms},
	{"slow way to the database", func(_ *history, n *apptest.Node, r *rand.Rand) { n.Database.Slow(1 + r.IntN(80)) },
		func(_ *history, n *apptest.Node) { n.Database.Mend() }, 300 * ms, 2 * time.Second},
	{"no way to the database", func(_ *history, n *apptest.Node, _ *rand.Rand) { n.Database.Cut() },
		func(_ *history, n *apptest.Node) { n.Database.Mend() }, 200 * ms, 2 * time.Second},
	{"the database a black hole", func(_ *history, n *apptest.Node, _ *rand.Rand) { n.Database.Swallow() },
		func(_ *history, n *apptest.Node) { n.Database.Mend() }, 200 * ms, 2500 * ms},
	{"the database's answers lost", func(_ *history, n *apptest.Node, _ *rand.Rand) { n.Database.LoseAnswers() },
		func(_ *history, n *apptest.Node) { n.Database.Mend() }, 200 * ms, 2 * time.Second},
	{"database killed and started again", func(h *history, _ *apptest.Node, _ *rand.Rand) { h.Postgres.Kill() },
		func(h *history, _ *apptest.Node) { h.Postgres.Start() }, 0, 1500 * ms},
	{"database stopped and started again", func(h *history, _ *apptest.Node, _ *rand.Rand) { h.Postgres.Stop() },
		func(h *history, _ *apptest.Node) { h.Postgres.Start() }, 0, 300 * ms},
	{"database frozen", func(h *history, _ *apptest.Node, _ *rand.Rand) { h.Postgres.Pause() },
		func(h *history, _ *apptest.Node) { h.Postgres.Resume() }, 100 * ms, 1500 * ms},
	{"all connections to the database ended", endConnections, nil, 0, 200 * ms},
	{"records forged in Redis", forgeRecords, nil, 100 * ms, 800 * ms},
	{"a column rewritten", newEdition(rewriteColumn), nil, 0, 1500 * ms},
	{"a change with the triggers disabled", newEdition(changeWithoutTriggers), nil, 0, 1500 * ms},
	{"a change in the role of a replica", newEdition(changeAsReplica), nil, 0, 1500 * ms},
	{"the table emptied and copied back", newEdition(copyBack), nil, 0, 1500 * ms},
	{"the table written anew", writeTableAnew, nil, 0, 500 * ms},
	{"the tables reloaded from a dump", reloadDump, nil, 0, 1500 * ms},
}

func flushRedis(h *history, _ *apptest.Node, _ *rand.Rand) {
	if err := h.RedisClient().FlushAll(h.T.Context()).Err(); err != nil {
		h.T.Error(err)
	}
}

func endConnections(h *history, _ *apptest.Node, _ *rand.Rand) {
	_, _ = h.Sql.Exec(h.T.Context(),
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "+
			"AND pid <> pg_backend_pid()")
}

// After the last fault of a turn comes the time to recover from the faults. Then comes a rest, in which the answers
// count as those of healthy processes.
const (
	recovery     = 2500 * ms
	shortestRest = 2500 * ms
)

// injure injects faults until the context ends, and leaves everything intact. The faults come in turns with rests
// between them. So a short history has several kinds of faults, and a long one has undisturbed reads, too.
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
			f, n, began := historyFaults[i], h.Nodes[r.IntN(len(h.Nodes))], h.now()
			f.do(h, n, r)
			pause(f.shortest, f.longest)
			if f.undo != nil {
				f.undo(h, n)
			}
			h.fault(f.name, n.Name, began, h.now())
			pause(100*ms, 600*ms)
		}
	}
}
