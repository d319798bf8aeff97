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

// lane answers the questions of one cost with connections of its own, so that what is expensive leaves room for what is
// not. A question waits for a connection in the order in which it came, for a limited time.
type lane struct {
	db     *DB
	pool   *bun.DB
	places chan struct{} // has room for as many as the pool has connections
	limit  time.Duration // longest that an answer may take, from when a place is free
	scan   bool
}

const (
	// costlyShare is which part of the connections each lane has that is for something expensive.
	costlyShare = 8
	// costlyLimit is the longest that something expensive may take, in hundredths of QueryTimeout.
	costlyLimit = 40
	// queueLimit is the longest that anything waits for a place, in the same measure.
	queueLimit = 20
)

// costlyConns is how many connections of a database with so many each lane has for something expensive.
func costlyConns(conns int) int { return max(1, conns/costlyShare) }

// pageConns is how many are left.
func pageConns(conns int) int { return max(1, conns-2*costlyConns(conns)) }

// costlyTime is the longest that something expensive may take.
func (db *DB) costlyTime() time.Duration { return db.options.QueryTimeout * costlyLimit / 100 }

// openLanes makes the lanes, those for something expensive over pools of their own.
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
	return &lane{db: db, pool: pool, limit: limit, places: make(chan struct{}, conns)}
}

// ask runs a query when there is a place. Errors: ports.ErrBusy when there is none in time, or when something
// expensive is not found out in time; ports.ErrUnavailable.
func (l *lane) ask(ctx context.Context, query func(ctx context.Context, pool bun.IDB) error) error {
	if err := l.enter(ctx); err != nil {
		return l.db.explain(ctx, "wait for a connection", err)
	}
	defer func() { <-l.places }()
	own, cancel := context.WithTimeout(ctx, l.limit)
	defer cancel()
	err := l.db.reading(own, func() error {
		if !l.scan {
			return query(own, l.pool)
		}
		return l.db.dialect.alone(own, l.pool, query)
	})
	late := err != nil && errors.Is(own.Err(), context.DeadlineExceeded) && ctx.Err() == nil
	if late && l.limit < l.db.options.QueryTimeout {
		return fmt.Errorf("no answer within %s: %w: %w", l.limit, ports.ErrBusy, err)
	}
	return l.db.explain(own, "ask the database", err)
}

// enter takes a place, which may have to be waited for.
func (l *lane) enter(ctx context.Context) error {
	select {
	case l.places <- struct{}{}:
		return nil
	default:
	}
	wait := l.db.options.QueryTimeout * queueLimit / 100
	late := time.NewTimer(wait)
	defer late.Stop()
	select {
	case l.places <- struct{}{}:
		return nil
	case <-late.C:
		return fmt.Errorf("%w: no connection was free within %s", ports.ErrBusy, wait)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
