package bunstore

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/ports"
)

// quiet is a dialect without a database.
type quiet struct{ sqliteDialect }

func (quiet) transient(error) transience { return transience{} }

// lanesOf returns lanes over a database that is never queried: one connection each, five seconds for a query, two for
// a costly one.
func lanesOf() (cheap, costly *lane) {
	db := &DB{dialect: quiet{}, options: Options{QueryTimeout: 5 * time.Second}}
	return newLane(db, nil, 1, db.options.QueryTimeout), newLane(db, nil, 1, db.costlyTime())
}

// hang is a query that ends with its context.
func hang(ctx context.Context, _ bun.IDB) error {
	<-ctx.Done()
	return ctx.Err()
}

func quick(context.Context, bun.IDB) error { return nil }

func TestWhatIsExpensiveLeavesRoomForTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cheap, costly := lanesOf()
		began := time.Now()
		const waiting = 100
		failed := make(chan error, waiting+1)
		for range waiting + 1 {
			go func() { failed <- costly.run(t.Context(), hang) }()
		}
		synctest.Wait()
		if err := cheap.run(t.Context(), quick); err != nil || time.Since(began) > 0 {
			t.Errorf("with expensive queries running a cheap one gets %v after %s", err, time.Since(began))
		}
		for range waiting {
			if err := <-failed; !errors.Is(err, ports.ErrBusy) || time.Since(began) != time.Second {
				t.Errorf("a query that waits gets %v after %s", err, time.Since(began))
			}
		}
		if err := <-failed; !errors.Is(err, ports.ErrBusy) || time.Since(began) != 2*time.Second {
			t.Errorf("a query that takes too long gets %v after %s", err, time.Since(began))
		}
		if err := costly.run(t.Context(), quick); err != nil {
			t.Errorf("when a slot is free again: %v", err)
		}
	})
}

func TestAQueryThatWaitsGetsASlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, costly := lanesOf()
		release := make(chan struct{})
		go func() { _ = costly.run(t.Context(), func(context.Context, bun.IDB) error { <-release; return nil }) }()
		synctest.Wait()
		time.AfterFunc(500*time.Millisecond, func() { close(release) })
		if err := costly.run(t.Context(), quick); err != nil {
			t.Errorf("a query whose turn came after half a second gets %v", err)
		}
	})
}

func TestACanceledCallLeavesTheQueueAndTheQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, costly := lanesOf()
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan error, 2)
		for range 2 {
			go func() { left <- costly.run(ctx, hang) }()
		}
		synctest.Wait()
		leave()
		for range 2 {
			if err := <-left; !errors.Is(err, context.Canceled) || errors.Is(err, ports.ErrUnavailable) {
				t.Errorf("a canceled call gets %v", err)
			}
		}
		if err := costly.run(t.Context(), quick); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// An outage is not reported as busy, since only an outage makes the caches serve stale answers.
func TestAQueryThatTakesAllItsTimeIsAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cheap, _ := lanesOf()
		if err := cheap.run(t.Context(), hang); !errors.Is(err, ports.ErrUnavailable) || errors.Is(err, ports.ErrBusy) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTheConnectionsAreSharedOut(t *testing.T) {
	for conns, want := range map[int][2]int{1: {1, 1}, 2: {1, 1}, 4: {2, 1}, 16: {12, 2}, 64: {48, 8}} {
		if got := [2]int{pageConns(conns), costlyConns(conns)}; got != want {
			t.Errorf("of %d connections %v are for pages and for each of the rest, want %v", conns, got, want)
		}
	}
}
