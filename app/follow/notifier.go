package follow

import (
	"context"
	"time"

	"github.com/gable-listings/gable/domain/property"
	"go.uber.org/zap"
)

// Notifications is how the processes that share a database wake one another after a commit, so that nobody has to wait for the next
// poll. Nothing depends on it.
type Notifications interface {
	Notify(ctx context.Context) error
	Listen(ctx context.Context, ready, heard func()) error
}

// Notifier rings after this process's own writes: at once after the first, and then at most every ringGap, however many
// they are.
type Notifier struct {
	others Notifications // nil where there is none: then only this process's own follower is woken
	wake   func()
	log    *zap.Logger
	wrote  chan struct{}
}

const (
	ringGap = 5 * time.Millisecond
	// ringLimit bounds one ring; whoever does not hear it polls.
	ringLimit = time.Second
	// listenPause is the pause before listening again, when the connection was lost.
	listenPause = time.Second
)

// NewNotifier makes a notifier that rings the bell, and wakes this process's own follower, after each write.
func NewNotifier(b Notifications, wake func(), log *zap.Logger) *Notifier {
	return &Notifier{others: b, wake: wake, log: log, wrote: make(chan struct{}, 1)}
}

// Observe is told of every event; it returns at once.
func (r *Notifier) Observe(events []property.Event) {
	for i := range events {
		if events[i].Origin == property.OriginSelf {
			nudge(r.wrote)
			return
		}
	}
}

// Run rings until the context ends.
func (r *Notifier) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wrote:
		}
		r.wake()
		if r.others != nil {
			r.notify(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(ringGap):
		}
	}
}

func (r *Notifier) notify(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, ringLimit)
	defer cancel()
	if err := r.others.Notify(ctx); err != nil {
		r.log.Debug("could not ring the bell; others will see the change at their next poll", zap.Error(err))
	}
}

// Listen wakes the follower whenever another process rings, until the context ends. It begins again when the connection is
// lost; what was rung meanwhile is found by looking.
func (r *Notifier) Listen(ctx context.Context) {
	for r.others != nil && ctx.Err() == nil {
		err := r.others.Listen(ctx, r.wake, r.wake)
		if ctx.Err() != nil {
			return
		}
		r.log.Info("not listening for other processes' changes; polling finds them", zap.Error(err))
		select {
		case <-ctx.Done():
		case <-time.After(listenPause):
		}
	}
}
