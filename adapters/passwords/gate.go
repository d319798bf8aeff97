package passwords

import (
	"context"
	"fmt"

	"github.com/gable-listings/gable/ports"
)

// gate lets few in at once, and few others wait.
type gate struct {
	here   chan struct{} // holds one for each who is at work or waits
	atWork chan struct{}
}

func newGate(atOnce, waiting int) *gate {
	return &gate{here: make(chan struct{}, atOnce+waiting), atWork: make(chan struct{}, atOnce)}
}

// pass does the work when its turn comes. The error is ports.ErrUnavailable when too many wait already, or when the context
// ends before; then the work is not done.
func (g *gate) pass(ctx context.Context, work func()) error {
	select {
	case g.here <- struct{}{}:
		defer func() { <-g.here }()
	default:
		return fmt.Errorf("%w: too many at once", ports.ErrUnavailable)
	}
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
