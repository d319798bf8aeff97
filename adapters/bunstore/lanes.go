package bunstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// lane runs the queries of one cost on connections of its own, so that expensive queries leave room for cheap ones. A
// query waits for a connection in the order of arrival, for a limited time.
type lane struct {
	db    *DB
	pool  *bun.DB
	slots chan struct{} // one for each connection of the pool
	limit time.Duration // longest that a query may take, from when it has a slot
	scan  bool
}

const (
	// costlyShare is the divisor of the connections that each lane for expensive queries gets.
	costlyShare = 8
	// costlyLimit is the longest that an expensive query may take, in hundredths of QueryTimeout.
	costlyLimit = 40
	// queueLimit is the longest that a query waits for a slot, in hundredths of QueryTimeout.
	queueLimit = 20
)

// costlyConns is how many of conns connections each lane for expensive queries gets.
func costlyConns(conns int) int { return max(1, conns/costlyShare) }

// pageConns is how many of conns connections are left for pages.
func pageConns(conns int) int { return max(1, conns-2*costlyConns(conns)) }

// costlyTime is the longest that an expensive query may take.
func (db *DB) costlyTime() time.Duration { return db.options.QueryTimeout * costlyLimit / 100 }

// openLanes opens the lanes, those for expensive queries over pools of their own.
func (db *DB) openLanes(conns int, open func(conns int) (*bun.DB, error)) error {
	db.lanes = map[property.Cost]*lane{property.CostPage: newLane(db, db.read, pageConns(conns), db.options.QueryTimeout)}
	for _, cost := range []property.Cost{property.CostCount, property.CostScan} {
		pool, err := open(costlyConns(conns))
		if err != nil {
			return err
		}
		db.lanes[cost] = newLane(db, pool, costlyConns(conns), db.costlyTime())
	}
	db.lanes[property.CostScan].scan = true
	return nil
}

func newLane(db *DB, pool *bun.DB, conns int, limit time.Duration) *lane {
	return &lane{db: db, pool: pool, limit: limit, slots: make(chan struct{}, conns)}
}

// run runs a query when a slot is free. Errors: ports.ErrBusy when no slot is free in time, or when an expensive
// query takes too long; ports.ErrUnavailable.
func (l *lane) run(ctx context.Context, query func(ctx context.Context, pool bun.IDB) error) error {
	if err := l.enter(ctx); err != nil {
		return l.db.explain(ctx, "wait for a connection", err)
	}
	defer func() { <-l.slots }()
	own, cancel := context.WithTimeout(ctx, l.limit)
	defer cancel()
	err := l.db.retryRead(own, func() error {
		if !l.scan {
			return query(own, l.pool)
		}
		return l.db.dialect.alone(own, l.pool, query)
	})
	late := err != nil && errors.Is(own.Err(), context.DeadlineExceeded) && ctx.Err() == nil
	if late && l.limit < l.db.options.QueryTimeout {
		return fmt.Errorf("no answer within %s: %w: %w", l.limit, ports.ErrBusy, err)
	}
	return l.db.explain(own, "query the database", err)
}

// enter takes a slot, and waits for one if all are taken.
func (l *lane) enter(ctx context.Context) error {
	select {
	case l.slots <- struct{}{}:
		return nil
	default:
	}
	wait := l.db.options.QueryTimeout * queueLimit / 100
	late := time.NewTimer(wait)
	defer late.Stop()
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-late.C:
		return fmt.Errorf("%w: no connection was free within %s", ports.ErrBusy, wait)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
