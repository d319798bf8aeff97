package passwords

import (
	"context"
	"fmt"
	"sync"

	"github.com/gable-listings/gable/ports"
)

// gate lets a few callers work at once and a few others wait. The less a caller is known, the fewer places are open
// to it, so that a flood of guesses leaves places for right passwords.
type gate struct {
	places int // for working and waiting callers together
	atWork chan struct{}

	mu   sync.Mutex // guards here
	here int
}

func newGate(atOnce, waiting int) *gate {
	return &gate{places: atOnce + waiting, atWork: make(chan struct{}, atOnce)}
}

// placesFor returns how full the gate may be for a caller of this standing to enter. Known callers may take all
// places, strangers two thirds, and suspect callers a third.
func (g *gate) placesFor(s ports.Standing) int {
	switch s {
	case ports.Known:
		return g.places
	case ports.Stranger:
		return max(1, g.places*2/3)
	}
	return max(1, g.places/3)
}

// pass does the work when its turn comes. The error is ports.ErrUnavailable when the gate is full, or when the
// context ends first; then the work is not done.
func (g *gate) pass(ctx context.Context, work func()) error {
	if !g.enter(ports.StandingOf(ctx)) {
		return fmt.Errorf("%w: too many at once", ports.ErrUnavailable)
	}
	defer g.leave()
	select {
	case g.atWork <- struct{}{}:
		defer func() { <-g.atWork }()
	case <-ctx.Done():
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", ports.ErrUnavailable, err)
	}
	work()
	return nil
}

func (g *gate) enter(s ports.Standing) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.here >= g.placesFor(s) {
		return false
	}
	g.here++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.here--
}
