//go:build unix

package main

import (
	"testing"

	"github.com/gable-listings/gable/adapters/servicetest"
)

// A pooler that lends a connection for one transaction forgets who listens to the bell, and gives one process connections
// in which another has prepared its statements. Every promise holds nevertheless.
func TestBehindAPoolerEveryPromiseHolds(t *testing.T) {
	t.Parallel()
	t.Run("sessions", func(t *testing.T) {
		t.Parallel()
		newCluster(t, plan{pooler: true}).holdSessions()
	})
	t.Run("linearizable reads", func(t *testing.T) {
		t.Parallel()
		newCluster(t, plan{pooler: true}).holdLinearizable()
	})
	t.Run("outages of the pooler, and of the database behind it", func(t *testing.T) {
		t.Parallel()
		c := newCluster(t, plan{ownPostgres: true, pooler: true})
		s := c.newSubject()
		c.holdTrue(s, "behind a pooler", 6)
		for _, hurt := range []*servicetest.Server{c.pooler, c.postgres} {
			c.holdThrough(s, func() {
				hurt.Kill()
				hurt.Start()
			})
		}
	})
}
