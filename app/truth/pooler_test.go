//go:build unix

package truth

import (
	"testing"

	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/app/apptest"
)

// A pooler that lends a connection for one transaction forgets which connections LISTEN. It also lends one process
// connections in which another has prepared its statements. Every promise holds nevertheless.
func TestBehindAPoolerEveryPromiseHolds(t *testing.T) {
	t.Parallel()
	t.Run("sessions", func(t *testing.T) {
		t.Parallel()
		checkSessions(apptest.NewCluster(t, apptest.Plan{Pooler: true}))
	})
	t.Run("linearizable reads", func(t *testing.T) {
		t.Parallel()
		checkLinearizable(apptest.NewCluster(t, apptest.Plan{Pooler: true}))
	})
	t.Run("outages of the pooler, and of the database behind it", func(t *testing.T) {
		t.Parallel()
		c := apptest.NewCluster(t, apptest.Plan{OwnPostgres: true, Pooler: true})
		s := newSubject(c)
		checkFreshness(c, s, "behind a pooler", 6)
		for _, hurt := range []*servicetest.Server{c.Pooler, c.Postgres} {
			checkThroughOutage(c, s, func() {
				hurt.Kill()
				hurt.Start()
			})
		}
	})
}
