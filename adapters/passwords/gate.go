package passwords

import (
	"context"
	"fmt"
	"sync"

	"github.com/gable-listings/gable/ports"
)

// gate lets few in at once, and few others wait. The less a caller is known, the fewer of the places are for them, so
// that a flood of guesses leaves places to those who know their password.
type gate struct {
	places int // for those at work and those who wait, together
	atWork chan struct{}

	mu   sync.Mutex // guards here
	here int
}

func newGate(atOnce, waiting int) *gate {
	return &gate{places: atOnce + waiting, atWork: make(chan struct{}, atOnce)}
}

// placesFor returns how many may be here at most when somebody of this standing comes in: all places for the known, two
// thirds for strangers, and a third for the doubtful.
func (g *gate) placesFor(s ports.Standing) int {
	switch s {
	case ports.Known:
		return g.places
	case ports.Stranger:
		return max(1, g.places*2/3)
	}
	return max(1, g.places/3)
}

// pass does the work when its turn comes. The error is ports.ErrUnavailable when too many are here already, or when the
// context ends before; then the work is not done.
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
